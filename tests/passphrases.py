"""A passphrase for the keys of test nodes, in a file beside their directories."""

from pathlib import Path

from validation.keyring import PassphraseReference


def passphrase_in(directory: Path) -> PassphraseReference:
    """Return the reference to a passphrase file in `directory`, written where it is not there yet."""
    file = directory / "passphrase"
    if not file.exists():
        directory.mkdir(parents=True, exist_ok=True)
        file.write_text("correct horse battery staple\n", encoding="utf-8")
        file.chmod(0o600)
    return PassphraseReference(passphrase_file=file.resolve())

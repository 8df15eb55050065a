"""`kinlink party lead` and `sign-off`: the data-protection lead's side, apart from the node's."""

from pathlib import Path

from flows.commands.console import Json, emit
from flows.commands.passphrase import NOT_GIVEN, Passphrase, chosen, warn_of_unencrypted
from parties.settings import NodeKind, load_settings

TEXT = """round {round_id}, {organisation}: {purpose}
  {adults:,} filters of adults and {children:,} of children in each projection, invented people among them; {other_rows:,} other rows
  {quarantined_per_mille} of 1000 rows of the extract were quarantined
  self-check of these filters: {self_check}
  agreement {agreement}
  manifest  {manifest}"""


def lead(
    *, kind: NodeKind, organisation: str | None = None, dir: Path = Path(), passphrase: Passphrase = NOT_GIVEN, as_json: Json = False
) -> None:
    """Make the directory and signing key of an organisation's data-protection lead; what it prints goes into the roster.

    Install roster and agreement there too. Example: kinlink party lead --dir lead --kind police --organisation police-gwent

    Args:
        kind: what the organisation is.
        organisation: its short name on the roster; the kind where not given.
        dir: the lead's own directory, on another account than the node's.
        passphrase: where the passphrase of the key is.
        as_json: print one JSON object.
    """
    from parties.initialise import init_lead

    made = init_lead(dir, kind, organisation or kind, passphrase=chosen(dir, passphrase))
    warn_of_unencrypted(dir)
    told = f"{made.key_id} made in {dir}; send identity.json to the root signers"
    emit({"identity": made.model_dump(mode="json")}, told, as_json=as_json)


def sign_off(*, manifest: Path, out: Path | None = None, dir: Path = Path(), as_json: Json = False) -> None:
    """Show what is about to leave the organisation, and with --out sign it.

    Example: kinlink party sign-off --dir lead --manifest manifest.json --out signed.json

    Args:
        manifest: the manifest from the node's outbox, signed by the data manager.
        out: where to write it with both signatures; without it nothing is signed.
        dir: the lead's directory.
        as_json: print one JSON object.
    """
    from parties.submission import sign_off as signing

    settings = load_settings(dir)
    about = signing.shown(settings, manifest)
    if out is not None:
        signing.sign_off(settings, manifest, out)
    told = f"signed: {out}; give it to the data manager" if out else "nothing is signed; add --out FILE to sign"
    text = TEXT.format(**about | {"self_check": about["self_check"] or "none was made"})
    emit({**about, "signed": out is not None}, f"{text}\n{told}", as_json=as_json)

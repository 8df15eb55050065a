"""A root signer: one key in a directory of its own, and its signature under a roster or an agreement.

Files go between root signers and everyone else; nothing here needs a network, so the key may lie on a machine that has none.
"""

import json
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field, ValidationError

from parties.whole_files import OWNER_ONLY_DIRECTORY, whole_file
from schemas import agreement as agreements
from schemas import roster as rosters
from schemas.agreement import Agreement
from schemas.errors import AgreementError, ConfigurationError
from schemas.roster import Roster, check_roster
from schemas.signature import SignedDocument, public_text, sign
from validation.keyring import ASKED_FOR, KEYS_DIRECTORY, Keyring, PassphraseReference

SETTINGS_FILE, PUBLIC_FILE, KEY = "settings.json", "root.json", "root.signing"


class RootSettings(PassphraseReference):
    """Under which name this root signer signs."""

    key_id: str = Field(pattern=r"^root/[a-z0-9][a-z0-9-]{0,62}$")


class Signed(NamedTuple):
    """What was signed: roster or agreement, its version, its digest, and how many signatures it carries now."""

    what: str
    version: int
    digest: str
    signatures: int


def init_root(directory: Path, name: str, passphrase: PassphraseReference = ASKED_FOR) -> dict[str, str]:
    """Make a root signer's directory and key; return the public half by its key id, which is also written to root.json.

    Raises:
        ConfigurationError: somebody's keys are there already, the name is not as key ids need it, or the passphrase is not at hand.
    """
    if (directory / SETTINGS_FILE).exists():
        raise ConfigurationError(f"{directory}: holds somebody's keys already; choose another directory")
    try:
        settings = RootSettings(**passphrase.model_dump(), key_id=f"root/{name}")
    except ValidationError:
        raise ConfigurationError("root: a name is lower-case letters, digits and hyphens; choose another") from None
    for place in (directory, directory / KEYS_DIRECTORY):
        place.mkdir(mode=OWNER_ONLY_DIRECTORY, parents=True, exist_ok=True)
        place.chmod(OWNER_ONLY_DIRECTORY)
    key = Ed25519PrivateKey.generate()
    Keyring(directory, passphrase).write(KEY, key.private_bytes_raw())
    public = {settings.key_id: public_text(key)}
    for file, text in ((PUBLIC_FILE, json.dumps(public)), (SETTINGS_FILE, settings.model_dump_json(indent=2))):
        with whole_file(directory / file) as sink:
            sink.write(f"{text}\n".encode())
    return public


def sign_document(directory: Path, source: Path, out: Path) -> Signed:
    """Add this root signer's signature to the roster or agreement in `source`, a draft or one that others have signed, and write it to `out`.

    Raises:
        AgreementError: it is neither, breaks a rule, or was signed with more or less in it than this version of Kinlink reads.
        ConfigurationError: there is no root signer in `directory`, or the key cannot be read.
    """
    settings = _settings(directory)
    document = _document(source)
    context, model = _read(document.body, source.name)
    if model.model_dump(mode="json") != document.body:
        raise AgreementError(f"{source.name}: terms are missing or written otherwise; draft it again with this version of Kinlink")
    key = Ed25519PrivateKey.from_private_bytes(Keyring(directory, settings).read(KEY))
    others = [item for item in document.signatures if item.key_id != settings.key_id]
    made = SignedDocument(body=document.body, signatures=[*others, sign(key, settings.key_id, context, document.body)])
    with whole_file(out) as sink:
        sink.write(made.model_dump_json(indent=2).encode())
    return Signed(type(model).__name__.lower(), model.version, made.digest, len(made.signatures))


def _read(body: dict[str, object], name: str) -> tuple[str, Roster | Agreement]:
    for context, model in ((rosters.CONTEXT, Roster), (agreements.CONTEXT, Agreement)):
        try:
            found = model.model_validate(body)
        except ValidationError:
            continue
        if isinstance(found, Roster):
            check_roster(found)
        return context, found
    raise AgreementError(f"{name}: neither a roster nor an agreement; draft it again, and sign nothing else")


def _document(source: Path) -> SignedDocument:
    try:
        content = json.loads(source.read_bytes())
        return SignedDocument.model_validate(content if "signatures" in content else {"body": content, "signatures": []})
    except (OSError, ValueError, TypeError):
        raise AgreementError(f"{source}: no draft and no signed document; name the file that is to be signed") from None


def _settings(directory: Path) -> RootSettings:
    try:
        return RootSettings.model_validate_json((directory / SETTINGS_FILE).read_bytes())
    except (FileNotFoundError, ValidationError):
        raise ConfigurationError(f"no root signer in {directory}; make one with `kinlink root key --dir {directory} --name …`") from None

"""Comparing which nonces were answered: a custodian seals its list to a key holder, who looks whether one nonce is on two.

A service that sent one slot's nonce to two custodians would see both answers under one key. It carries no list and cannot sign one; the
files go by any channel that it does not run.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from parties.answering.respond import answered_waves, wanted_tables
from parties.client import ServiceClient
from parties.initialise import load_agreed
from parties.keys.derive import KEY_BYTES
from parties.keys.identity_keys import key_id, load_sealing_key, load_signing_key
from parties.rounds import fetch_round
from parties.settings import NodeSettings
from parties.store.engine import open_node_store
from parties.store.models import AnsweredNonce
from parties.whole_files import whole_file
from schemas.agreed import Agreed
from schemas.canonical import digest
from schemas.errors import AlarmError, RoundError, SubmissionError
from schemas.nonce_list import (
    AGAIN,
    CONTEXT,
    HASH_BYTES,
    MAX_LIST_BYTES,
    AnsweredNonces,
    hashed,
    list_context,
    open_list,
    seal_list,
    shared,
)
from schemas.roster import Kind, Role, identity_of, keys_of
from schemas.sealed import OpensEnvelopes
from schemas.signature import check_signed, signed
from schemas.slots import WAVES

TENS = 10


@dataclass(frozen=True)
class Compared:
    """Whose lists were compared, and whose were not there."""

    here: Sequence[str]
    missing: Sequence[str]


def write_nonce_list(settings: NodeSettings, round_id: str, holder: str, out: Path) -> int:
    """Write the list of nonces that this node answered in a round, sealed to a key holder; return how many there are.

    Raises:
        RoundError: a wave of the round is not answered yet.
        AgreementError, SealError: the roster has no such key holder, or no sealing key of it.
    """
    agreed = load_agreed(settings)
    if len(answered_waves(settings, round_id)) < WAVES:
        raise RoundError(f"round {round_id}: not every wave is answered; run `kinlink party answer` first")
    with ServiceClient(settings, Role.CUSTODIAN) as client:
        found = fetch_round(client, agreed, round_id)
    hashes = hashed(_nonces(settings, round_id), found.digest)
    said = AnsweredNonces(
        round_id=round_id,
        round_digest=found.digest,
        organisation=settings.organisation,
        count=len(hashes) // HASH_BYTES,
        sha256=digest(hashes),
    )
    document = signed(load_signing_key(settings, Role.CUSTODIAN), key_id(settings, Role.CUSTODIAN), CONTEXT, said.model_dump())
    to = identity_of(agreed.roster.get(holder), Role.KEY_HOLDER).sealing_key or ""
    content = seal_list(document, hashes, public_key=to, context=list_context(found.digest, holder), key=secrets.token_bytes(KEY_BYTES))
    with whole_file(out) as file:
        file.write(content)
    return said.count


def compare_nonce_lists(settings: NodeSettings, round_id: str, files: Sequence[Path]) -> Compared:
    """Compare the lists of a round that custodians sealed to this key holder.

    Raises:
        AlarmError: two custodians answered one nonce; says which two, and how many in tens.
        SubmissionError: a list is damaged, of another round, or there twice.
        SealError, AuthenticationError: a list is not sealed to this holder, or its custodian did not sign it.
    """
    agreed = load_agreed(settings)
    with ServiceClient(settings, Role.KEY_HOLDER) as client:
        found = fetch_round(client, agreed, round_id)
    key, lists = load_sealing_key(settings, Role.KEY_HOLDER), dict[str, bytes]()
    for path in files:
        said, hashes = _read(path, agreed, key, list_context(found.digest, settings.organisation))
        if (said.round_id, said.round_digest) != (round_id, found.digest) or said.organisation in lists:
            raise SubmissionError(f"{path}: of another round, or of a custodian whose list is there already; {AGAIN}")
        lists[said.organisation] = hashes
    for one, other, count in shared(lists):
        raise AlarmError(
            f"round {round_id}: {one} and {other} answered the same nonces, at most {-(-count // TENS) * TENS}: their records were compared under one key; call the root signers"
        )
    asked = [item.organisation for item in agreed.roster.custodians() if wanted_tables(Kind(item.kind))]
    return Compared(sorted(lists), [name for name in asked if name not in lists])


def _read(path: Path, agreed: Agreed, key: OpensEnvelopes, context: str) -> tuple[AnsweredNonces, bytes]:
    """Return what one file holds, once its custodian's signature holds."""
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= MAX_LIST_BYTES else b""
    except OSError:
        raise SubmissionError(f"{path}: cannot be read; name a list that a custodian wrote with `kinlink party nonces`") from None
    document, hashes = open_list(content, key, context)
    said = AnsweredNonces.model_validate(document.body)
    check_signed(document, CONTEXT, keys_of(agreed.roster.get(said.organisation), Role.CUSTODIAN))
    return said, hashes


def _nonces(settings: NodeSettings, round_id: str) -> list[bytes]:
    store = open_node_store(settings)
    with Session(store) as session:
        found = list(session.scalars(select(AnsweredNonce.nonce).where(AnsweredNonce.round_id == round_id)))
    store.dispose()
    return found

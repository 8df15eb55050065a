"""The nonces that this node has answered: none is answered twice, in whatever wave it comes again."""

from collections.abc import Sequence

from sqlalchemy import Engine, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from parties.store.models import AnsweredNonce, AnsweredWave
from schemas.errors import NotPermittedError

BATCH = 20_000


def spend_nonces(engine: Engine, round_id: str, wave: str, digest: str, nonces: Sequence[bytes]) -> None:
    """Record that a wave of requests is being answered; the same wave, byte for byte, may be answered again.

    Args:
        engine: the node's database.
        round_id: the round.
        wave: the requests' name in the round: who uploads, population, projection, which wave.
        digest: SHA-256 of the requests.
        nonces: of the requests.

    Raises:
        NotPermittedError: other requests were answered as this wave, or a nonce was answered before. Nothing is recorded.
    """
    try:
        with Session(engine) as session, session.begin():
            known = session.get(AnsweredWave, (round_id, wave))
            if known is not None and known.digest != digest:
                raise NotPermittedError(f"requests {wave}: others were answered before; answer nothing, and ask the linkage operator")
            if known is None:
                session.add(AnsweredWave(round_id=round_id, wave=wave, digest=digest))
                for start in range(0, len(nonces), BATCH):
                    rows = [{"round_id": round_id, "nonce": nonce} for nonce in nonces[start : start + BATCH]]
                    session.execute(insert(AnsweredNonce), rows)
    except IntegrityError:
        raise NotPermittedError(f"requests {wave}: a nonce was answered before; answer nothing, and ask the linkage operator") from None

"""Whatever ends the service and whenever, every released finding becomes one token and one referral: never two, never none."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import text

from linkage.api import rounds
from linkage.release import minting
from linkage.search.anonlink_engine import AnonlinkEngine
from parties.answering.respond import answered_waves
from schemas.errors import RoundError, ServiceError
from schemas.roster import Kind, Role
from tests.acceptance.planted import AUTHORITY
from tests.acceptance.round import ENVELOPES, ROUND, Linkage, copy_closed

pytestmark = pytest.mark.slow  # many rounds

RELEASE = f"/v1/rounds/{ROUND}/release"


class Cut(Exception):  # noqa: N818 - it is what a power cut does
    """The machine stops here."""


class CutEngine(AnonlinkEngine):
    """Compares once, then the machine stops."""

    def __init__(self):
        self.left = 1

    def candidate_pairs(self, left, right, **given):
        if not self.left:
            raise Cut
        self.left -= 1
        return super().candidate_pairs(left, right, **given)


def losing_the_reply(app, path):
    """Return the application; what it answers at `path` is done, and the connection breaks before anyone hears of it."""

    async def wrapped(scope, receive, send):
        async def send_a_beginning(message):
            if message["type"] == "http.response.body":
                raise Cut
            await send(message)

        await app(scope, receive, send_a_beginning if scope.get("path") == path else send)

    return wrapped


def cut(*_args, **_kwargs):
    raise Cut


def each_released_child_was_referred_once(linkage: Linkage) -> None:
    expected = linkage.released()
    with linkage.store.connect() as connection:
        minted = {tuple(row) for row in connection.execute(text("SELECT authority, envelope_id FROM envelope"))}
    assert minted >= {(authority, minting.envelope_id(ROUND, authority, child)) for authority, child in expected}
    assert len(minted) == ENVELOPES * len(linkage.authorities())
    written = {name: linkage.collect(name).written for name in linkage.authorities()}
    assert written == {name: sum(authority == name for authority, _ in expected) for name in linkage.authorities()}
    for name, count in written.items():
        assert len(list((linkage.directory / name / "referrals").glob("*.json"))) == count
    assert sum(authority == AUTHORITY for authority, _ in expected) >= 3


def test_a_service_killed_after_every_step_releases_every_finding_once(linkage):
    linkage.open()
    linkage.send(*linkage.of_kind(Kind.PRISON_SERVICE, Kind.POLICE))
    linkage.restart()
    linkage.send(*linkage.authorities())
    linkage.restart()
    linkage.close()
    linkage.search()
    linkage.restart()
    for wave in (1, 2):
        linkage.look(wave)
        linkage.restart()
        linkage.answer()
        linkage.restart()
    linkage.find()
    linkage.restart()
    linkage.approve(0)
    linkage.restart()
    linkage.approve(1)
    assert linkage.dump()["envelope"] == []
    linkage.kill()
    linkage.start(lambda app: losing_the_reply(app, RELEASE))
    with pytest.raises(ServiceError, match="does not answer"):
        linkage.release()
    linkage.kill()
    linkage.start()
    minted = linkage.dump()["envelope"]
    assert linkage.release() == {"state": "released", "waiting": 0}
    assert linkage.dump()["envelope"] == minted
    each_released_child_was_referred_once(linkage)


def test_a_crash_inside_minting_releases_nothing_and_a_repeat_releases_each_once(closed, monkeypatch):
    closed.link()
    closed.approve(0)
    closed.approve(1)
    before = closed.dump()
    minted = []
    for module, name, last in (
        (minting, "seal_to_each", lambda *args: cut() if minted else minted.append(args) or b"one"),
        (rounds, "advance", cut),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, last)
            with pytest.raises(ServiceError):
                closed.release()
        closed.restart()
        assert closed.dump() == before
    assert minted
    assert closed.status()["state"] == "awaiting-approval"
    closed.release()
    each_released_child_was_referred_once(closed)


def test_a_search_that_ends_half_way_starts_over_and_finds_the_same(closed, founded, tmp_path):
    before = closed.dump()
    with pytest.raises(Cut):
        closed.search(CutEngine())
    closed.restart()
    assert closed.dump() == before
    with pytest.raises(RoundError):
        closed.approve(0)
    closed.link()
    interrupted = closed.released(), closed.status()["findings_digest"]
    closed.kill()
    with copy_closed(founded, tmp_path / "other", f"sqlite:///{tmp_path / 'other.sqlite'}") as other:
        other.link()
        assert (other.released(), other.status()["findings_digest"]) == interrupted
    assert sum(authority == AUTHORITY for authority, _ in interrupted[0]) >= 3


def test_answers_that_break_off_are_answered_again_and_nothing_is_found_otherwise(closed):
    closed.search()
    closed.look(1)
    closed.kill()
    closed.start(_dropping_chunks)
    with pytest.raises(ServiceError):
        closed.answer(AUTHORITY)
    closed.restart()
    assert answered_waves(closed.settings(AUTHORITY), ROUND) == []
    closed.answer()
    closed.look(2)
    closed.answer()
    assert answered_waves(closed.settings(AUTHORITY), ROUND) == [1, 2]
    closed.find()
    assert sum(authority == AUTHORITY for authority, _ in closed.released()) >= 3


def test_a_custodian_that_never_answers_stops_nobody_elses_findings(closed):
    police = closed.of_kind(Kind.POLICE)[0]
    answering = [name for name in closed.of_kind(Kind.POLICE, Kind.LOCAL_AUTHORITY) if name != police]
    closed.search()
    for wave in (1, 2):
        closed.look(wave)
        closed.answer(*answering)
    closed.find()
    assert [item["unanswered"] for item in closed.status()["waves"]] == [[police]] * 2
    assert sum(authority == AUTHORITY for authority, _ in closed.released()) >= 3


def test_a_desk_that_hears_no_reply_to_its_redemption_still_writes_the_referral_once(closed):
    closed.link()
    closed.approve_and_release()
    closed.kill()
    closed.start(lambda app: losing_the_reply(app, "/v1/tokens/redeem"))
    with pytest.raises(ServiceError, match="no connection"):
        closed.collect(AUTHORITY)
    assert list((closed.directory / AUTHORITY / "referrals").iterdir()) == []
    assert sum(row.redeemed_at is not None for row in _envelopes(closed)) == 1
    closed.restart()
    each_released_child_was_referred_once(closed)
    assert all(row.redeemed_at is not None for row in _envelopes(closed))


def _envelopes(linkage):
    with linkage.store.connect() as connection:
        return connection.execute(text("SELECT redeemed_at FROM envelope")).all()


def test_an_upload_that_breaks_off_is_resumed_and_accepted_once(linkage):
    police = linkage.of_kind(Kind.POLICE)[0]
    linkage.open()
    linkage.kill()
    linkage.start(_dropping_chunks)
    with pytest.raises(ServiceError):
        linkage.send(police)
    linkage.restart()
    assert [state for _, state in _submissions(linkage)] == ["receiving"]
    linkage.send(police)
    assert [state for _, state in _submissions(linkage)] == ["accepted"]
    with linkage.raw(police, Role.CUSTODIAN) as custodian:
        digest = _submissions(linkage)[0][0]
        again = custodian.post(f"/v1/rounds/{ROUND}/submissions/{digest}/accept")
    assert again.content == (linkage.directory / police / "receipts" / f"{ROUND}.receipt").read_bytes()
    assert again.status_code == httpx.codes.OK


def _submissions(linkage):
    with linkage.store.connect() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT digest, state FROM submission"))]


def _dropping_chunks(app):
    """Return the application; after three chunks every further request for one breaks off."""
    seen = []

    async def wrapped(scope, receive, send):
        if "/chunks/" in scope.get("path", ""):
            seen.append(scope["path"])
            if len(seen) > 3:
                raise Cut
        await app(scope, receive, send)

    return wrapped


def test_releases_and_redemptions_at_once_are_one_each(closed):
    closed.link()
    closed.approve(0)
    closed.approve(1)
    with ThreadPoolExecutor(4) as at_once:
        assert list(at_once.map(lambda _: closed.release(), range(4))) == [{"state": "released", "waiting": 0}] * 4
        counts = list(at_once.map(lambda name: closed.collect(name).written, [AUTHORITY] * 3))
    mine = sum(authority == AUTHORITY for authority, _ in closed.released())
    assert len(_envelopes(closed)) == ENVELOPES * len(closed.authorities())
    assert sum(row.redeemed_at is not None for row in _envelopes(closed)) == ENVELOPES
    assert len(list((closed.directory / AUTHORITY / "referrals").glob("*.json"))) == mine
    assert max(counts) >= 1

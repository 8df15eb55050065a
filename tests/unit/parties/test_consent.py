"""Whether a family agrees: nothing is passed on before it does, its withdrawal counts at once, and who decides without it says why and who."""

import json
from itertools import product

import pytest
from test_referrals_collect import ROUND, documents, envelope, node, run  # noqa: F401 - node is a fixture

from flows.command import main
from parties.referrals.agreeing import consents, record_consent, write_offer
from parties.referrals.cases import CaseState
from parties.referrals.consent import CONSENT, Consent, Ground, check_may_become
from parties.referrals.offer_texts import TEXTS, offer
from parties.referrals.outcomes import record_outcome
from parties.settings import VoluntaryOffer, load_settings, save_settings
from schemas.errors import ConfigurationError, TokenError

C = Consent
WHO = "Dee Lead"
FRIENDS = VoluntaryOffer(organisation="Friends of Families", contact="Fay Friend", telephone="01632 960123")


@pytest.fixture
def case(node):  # noqa: F811
    """An authority's settings, which name a voluntary organisation, and the document of its one referral."""
    settings = node[0].model_copy(update={"voluntary_offer": FRIENDS})
    save_settings(settings)
    name = f"referral-{envelope(node, 'C-1')[:12]}"
    run(node)
    return settings, name


def record(case, *states, ground=None):
    for state in states:
        record_consent(case[0], ROUND, case[1], state, who=WHO, ground=ground if state is C.OVERRIDDEN else None)


def state(case):
    ((_, found, *_),) = consents(case[0], ROUND)
    return found


def offers(case):
    return sorted(path.name for path in case[0].path("offers").glob("*"))


def test_every_state_has_an_owner_and_can_be_reached_and_left():
    assert set(CONSENT) == set(Consent)
    assert all(standing.owner and standing.action and standing.then for standing in CONSENT.values())
    assert {after for standing in CONSENT.values() for after in standing.then} == set(Consent) - {C.NOT_ASKED}


def test_silence_is_no_consent_and_a_no_becomes_a_yes_only_by_asking_again():
    for before in (C.NOT_ASKED, C.REFUSED, C.WITHDRAWN, C.OVERRIDDEN):
        with pytest.raises(ConfigurationError, match=f"after {before} comes asked"):
            check_may_become(before, C.GIVEN, None)


@pytest.mark.parametrize(("before", "after"), list(product(Consent, Consent)))
def test_only_to_be_passed_over_takes_a_ground(before, after):
    grounds = [ground for ground in (None, *Ground) if is_taken(before, after, ground)]
    wanted = list(Ground) if after is C.OVERRIDDEN else [None]
    assert grounds == (wanted if after in CONSENT[before].then else [])


def is_taken(before, after, ground):
    try:
        check_may_become(before, after, ground)
    except ConfigurationError:
        return False
    return True


def test_a_case_begins_as_not_asked_and_keeps_what_was_said_last(case):
    assert state(case) is C.NOT_ASKED
    record(case, C.ASKED, C.REFUSED, C.ASKED, C.GIVEN, C.WITHDRAWN)
    assert state(case) is C.WITHDRAWN


def test_who_passes_a_family_over_is_named_with_the_ground(case):
    with pytest.raises(ConfigurationError, match="say who records it, or who authorised it"):
        record_consent(case[0], ROUND, case[1], C.OVERRIDDEN, who=" ", ground=Ground.CHILD_IN_DANGER)
    record(case, C.OVERRIDDEN, ground=Ground.CHILD_IN_DANGER)
    (found,) = consents(case[0], ROUND)
    assert (found.ground, found.recorded_by) == ("child-in-danger", WHO)


@pytest.mark.parametrize("states", [(), (C.ASKED,), (C.ASKED, C.REFUSED), (C.ASKED, C.GIVEN, C.WITHDRAWN), (C.OVERRIDDEN,)])
def test_no_voluntary_organisation_hears_of_a_family_that_has_not_agreed(case, states):
    record(case, *states, ground=Ground.CHILD_IN_DANGER)
    with pytest.raises(ConfigurationError, match=f"the family's consent is {state(case)}"):
        write_offer(*case[:1], ROUND, case[1], ("en",))
    assert offers(case) == []


def test_a_family_that_has_agreed_gets_a_sheet_that_names_nobody_of_it(case):
    record(case, C.ASKED, C.GIVEN)
    path = write_offer(case[0], ROUND, case[1], ("cy", "en"))
    text = path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o777 == 0o600
    assert "Fay Friend, Friends of Families, 01632 960123" in text
    content = json.loads(case[0].path("referrals", f"{case[1]}.json").read_bytes())
    for said in (content["child_name"], content["date_of_birth"], content["school_urn"], "Example", "prison", "carchar", WHO):
        assert said not in text
    assert write_offer(case[0], ROUND, case[1], ("cy", "en")).read_text(encoding="utf-8") == text


@pytest.mark.parametrize("end", ["withdrawn consent", CaseState.WRONG_CHILD, CaseState.WITHDRAWN])
def test_the_sheet_goes_at_once_where_the_family_withdraws_or_the_case_is_wrong(case, end):
    record(case, C.ASKED, C.GIVEN)
    write_offer(case[0], ROUND, case[1], ("en",))
    if end == "withdrawn consent":
        record(case, C.WITHDRAWN)
    else:
        record_outcome(case[0], ROUND, case[1], end)
        with pytest.raises(ConfigurationError, match="nothing is passed on"):
            write_offer(case[0], ROUND, case[1], ("en",))
    assert offers(case) == []


def test_the_offer_is_off_unless_the_desk_s_settings_name_somebody(node):  # noqa: F811
    assert load_settings(node[0].directory).voluntary_offer is None
    name = f"referral-{envelope(node, 'C-1')[:12]}"
    run(node)
    with pytest.raises(ConfigurationError, match="works with no voluntary organisation"):
        write_offer(node[0], ROUND, name, ("en",))


def test_a_document_that_is_not_there_is_said(case):
    with pytest.raises(TokenError, match="none of that name"):
        record_consent(case[0], ROUND, "referral-0", C.ASKED, who=WHO)
    with pytest.raises(TokenError, match="none of that name"):
        write_offer(case[0], ROUND, "referral-0", ("en",))


def test_both_languages_of_the_sheet_say_the_same_things():
    english, welsh = TEXTS["en"], TEXTS["cy"]
    assert english.title != welsh.title
    assert (len(english.do), len(english.do_not), len(english.blanks)) == (len(welsh.do), len(welsh.do_not), len(welsh.blanks))
    assert offer(FRIENDS, "0" * 12, ("cy", "en")).count('<div class="blank">') == 2 * len(english.blanks)


def test_the_commands_say_where_consent_stands_and_write_the_sheet(case, capsys):
    here = ["--dir", str(case[0].directory), "--round", ROUND]
    assert main(["party", "consent", *here]) == 0
    assert f"{case[1]} not-asked: the recipient passes nothing on" in capsys.readouterr().out
    assert main(["party", "consent", *here, "--document", case[1], "--state", "asked", "--by", WHO]) == 0
    assert main(["party", "consent", *here, "--document", case[1], "--state", "given", "--by", WHO, "--json"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["cases"] == [{"document": case[1], "consent": "given", "ground": None, "recorded_by": WHO}]
    assert main(["party", "offer", *here, "--document", case[1]]) == 0
    assert offers(case) == [f"offer-{case[1].removeprefix('referral-')}.html"]
    assert main(["party", "consent", *here, "--document", case[1]]) != 0
    assert "say of which case, what, and who records it" in capsys.readouterr().err

"""Control families: the same for every custodian of a round, each with the error that its class says, planted as people are."""

import re
from datetime import date

import numpy as np
import pytest

from parties.controls.draws import KeyedDraws
from parties.controls.families import Members, control_families, control_family, control_key, controls_opener
from parties.controls.names import family_number, is_control, record_key
from parties.controls.planting import plant, plant_look_alikes, planted
from parties.encoding.encode import EncodedPopulation
from parties.extracts.mapping import Mapped
from parties.keys.derive import derive
from schemas.controls import SCHEDULE, ControlClass, class_of, is_match
from schemas.extracts import load_rules
from schemas.joins import Relation, Standing
from schemas.roster import Kind
from tests.acceptance.second_look import invented

KEY, DAY = control_key(bytes(range(32))), date(2026, 11, 2)
MEMBERS = Members("prison", ["force-a", "force-b"], [("north", "E08000025"), ("south", "W06000015"), ("west", "E10000099")])
FAMILIES = [control_family(KEY, number, MEMBERS, DAY) for number in range(20 * len(SCHEDULE))]


def of_class(kind):
    return [family for family in FAMILIES if class_of(family.number) is kind]


def authority_of(family):
    return next(family.recorded[name] for name, _ in MEMBERS.authorities if name in family.recorded)


def different(one, other):
    """Return the columns in which two records differ, where both say something."""
    return {column for column in one if column in other and one[column] != other[column]}


def test_every_custodian_derives_the_same_families_and_another_round_key_gives_others():
    assert [control_family(KEY, family.number, MEMBERS, DAY) for family in FAMILIES[:32]] == FAMILIES[:32]
    other = control_family(control_key(bytes(32)), 2, MEMBERS, DAY)
    assert other.recorded["prison"].adult != FAMILIES[2].recorded["prison"].adult


def test_draws_out_of_a_key_are_the_same_on_every_machine():
    draws = KeyedDraws(bytes(range(32)))
    assert [draws.below(1_000_000) for _ in range(4)] == [414455, 286298, 798505, 570875]
    assert all(0 <= draws.unit() < 1 for _ in range(1_000))


def test_a_family_lives_in_one_authority_and_every_authority_has_some():
    homes = [[name for name, _ in MEMBERS.authorities if name in family.recorded] for family in FAMILIES]
    assert {
        len(found) for found, family in zip(homes, FAMILIES, strict=True) if class_of(family.number) is not ControlClass.LOOK_ALIKE
    } == {1}
    assert {found[0] for found in homes if found} == {"north", "south", "west"}


def test_no_authority_knows_a_look_alike():
    assert {len(family.recorded) for family in of_class(ControlClass.LOOK_ALIKE)} == {0}


def test_every_match_can_be_found_by_some_path():
    for family in (family for family in FAMILIES if is_match(family.number)):
        by_declaration = family.recorded["prison"].child is not None
        by_police = any(force in family.recorded for force in MEMBERS.forces)
        assert by_declaration or by_police or authority_of(family).adult is not None
        assert authority_of(family).child is not None


SAID = {
    ControlClass.EXACT: set(),
    ControlClass.MOVED: {"address", "town", "postcode"},
    ControlClass.SURNAME: {"surname"},
    ControlClass.NAME_SLIP: {"forename", "surname"},
    ControlClass.BIRTH_SLIP: {"date_of_birth"},
    ControlClass.SWAPPED: {"forename", "surname"},
    ControlClass.ALIAS: {"surname"},
}


@pytest.mark.parametrize("kind", SAID)
def test_the_prison_service_s_record_errs_as_the_class_says_and_nowhere_else(kind):
    pairs = [(family.recorded["prison"].adult, authority_of(family).adult) for family in of_class(kind) if authority_of(family).adult]
    found = [different(*pair) for pair in pairs]
    assert len(pairs) > 5
    assert set().union(*found) <= SAID[kind]
    assert sum(map(bool, found)) >= 0.9 * len(found) * bool(SAID[kind])


def test_an_alias_is_the_name_that_the_others_know():
    for family in of_class(ControlClass.ALIAS):
        adult, known = family.recorded["prison"].adult, authority_of(family).adult
        assert known is None or adult["alias_surname"] == known["surname"] != adult["surname"]


ALIKE = {
    ControlClass.TWIN: ({"surname", "date_of_birth", "address"}, "forename"),
    ControlClass.SIBLING: ({"surname", "address"}, "date_of_birth"),
    ControlClass.NAMESAKE: ({"forename", "surname"}, "address"),
}


@pytest.mark.parametrize("kind", ALIKE)
def test_a_non_match_looks_like_the_parent_or_the_child_and_is_neither(kind):
    equal, other = ALIKE[kind]
    for family in of_class(kind):
        sides = [(family.recorded["prison"], authority_of(family))]
        pairs = [pair for prison, known in sides for pair in ((prison.adult, known.adult), (prison.child, known.child))]
        alike = [all(one[column] == another[column] for column in equal) for one, another in pairs]
        assert any(alike)
        assert all(one[other] != another[other] for (one, another), same in zip(pairs, alike, strict=True) if same)


def test_people_are_as_old_when_the_round_opens_whenever_it_does():
    later = control_family(KEY, 2, MEMBERS, date(2031, 11, 2))
    born = [date.fromisoformat(family.recorded["prison"].adult["date_of_birth"]) for family in (FAMILIES[2], later)]
    assert (born[1] - born[0]).days == (date(2031, 11, 2) - DAY).days


def test_a_roster_without_an_authority_has_no_families(monkeypatch):
    assert control_families(KEY, 5, type("Empty", (), {"of_kind": lambda *_: []})(), DAY) == []


OWN_KEYS = {"police": {"person_urn", "child_urn"}, "local-authority": {"carer_id", "child_id"}}


@pytest.mark.parametrize("kind", OWN_KEYS)
def test_no_record_of_an_extract_can_be_called_as_a_control_is(kind):
    columns = [column for file in load_rules(kind).files.values() for column in file.columns if column.name in OWN_KEYS[kind]]
    patterns = [rule.arguments["pattern"] for column in columns for rule in column.rules if rule.name == "matches"]
    assert {column.name for column in columns} == OWN_KEYS[kind]
    assert patterns
    assert not any(re.match(pattern, record_key(3)) for pattern in patterns)


def test_a_control_s_key_says_its_family_and_a_declared_child_s_is_none():
    assert is_control(record_key(3))
    assert family_number(record_key(3)) == 3
    assert not is_control("A1234BC/1")


def mapped_of(people):
    mapped = Mapped()
    for number, record in enumerate(people):
        mapped.adults.add(f"A{number}", record)
        mapped.children.add(f"A{number}", record)
    return mapped


def test_a_custodian_plants_those_it_knows_tied_as_parent_and_child():
    mapped = mapped_of(invented(3, 5))
    plant(mapped, FAMILIES, "north", Kind.LOCAL_AUTHORITY)
    known = [family for family in FAMILIES if "north" in family.recorded]
    keys = {record_key(family.number) for family in known}
    assert {key for key in mapped.children.index if is_control(key)} == keys
    tied = {key for key in keys if (mapped.adults.index.get(key), mapped.children.index[key]) in mapped.ties}
    assert tied == {record_key(family.number) for family in known if family.recorded["north"].adult is not None}
    assert {mapped.relations[mapped.children.index[key]] for key in keys} == {Relation(Standing.RESIDENT)}
    births = {
        record_key(family.number): family.recorded["north"].child["date_of_birth"] for family in known if family.recorded["north"].child
    }
    assert {key: mapped.births[mapped.children.index[key]] for key in keys} == births


def test_a_look_alike_is_put_together_from_several_of_the_custodian_s_own_people():
    people = invented(40, 5)
    mapped = mapped_of(people)
    plant_look_alikes(mapped, len(SCHEDULE), bytes(32))
    rows = mapped.adults.rows
    made = [at for at, person in enumerate(rows.person) if is_control(rows.people()[person])]
    real = {at for at in range(len(rows.person)) if at not in made}
    assert len(made) == sum(kind is ControlClass.LOOK_ALIKE for kind in SCHEDULE)
    for at, together in zip(made, (("forename", "surname", "middle", "sex"), ("surname", "postcode", "address", "town")), strict=True):
        assert _fields(rows, together, at) in {_fields(rows, together, row) for row in real}
        assert _fields(rows, ("dob", "digits"), at) in {_fields(rows, ("dob", "digits"), row) for row in real}
        whole = [(rows.forename[row], rows.surname[row], rows.dob[row], rows.address[row]) for row in range(len(rows.person))]
        assert whole.count(whole[at]) == 1
    assert len({len(values) for values in vars(rows).values() if values is not rows.record_keys}) == 1


def _fields(rows, names, row):
    return tuple(getattr(rows, name)[row] for name in names)


def test_a_custodian_with_few_people_plants_no_look_alike():
    mapped = mapped_of(invented(19, 5))
    plant_look_alikes(mapped, len(SCHEDULE), bytes(32))
    assert not [key for key in mapped.adults.index if is_control(key)]


def test_only_controls_with_a_filter_are_listed():
    mapped = mapped_of(invented(2, 5))
    plant(mapped, FAMILIES[:16], "prison", Kind.PRISON_SERVICE)
    rows = mapped.rows()
    ids = {
        name: np.frombuffer(b"".join(derive(bytes(32), name, key)[:16] for key in rows[name].people()), np.uint8).reshape(-1, 16)
        for name in rows
    }
    without = ids["adults"][-1].tobytes()
    joined = {name: (made[: len(made) - (name == "adults")],) * 2 for name, made in ids.items()}
    listed = planted({name: EncodedPopulation(name, {}, {}, ids[name], joined[name]) for name in rows}, rows)
    assert without not in {row.adults for row in listed.values()}
    assert {number for number, row in listed.items() if row.adults} == {
        family.number for family in FAMILIES[:15] if "prison" in family.recorded
    }


def test_the_opener_of_lists_is_no_key_of_anything_else():
    assert len({controls_opener(bytes(32)), control_key(bytes(32)), derive(bytes(32), "clk", "adults", "A")}) == 3

"""A population's encodings: what must be equal, what must differ, what must not show."""

import numpy as np
import pytest
from pydantic import ValidationError

from parties.encoding import diffusion
from parties.encoding.canaries import canary_rows
from parties.encoding.clk import encode_clks
from parties.encoding.diffusion import check_diffusion, check_map, diffuse, draw_positions, gf2_rank, independent_rows
from parties.encoding.encode import encode_canaries, encode_population, encode_values, invented, unpadded
from parties.encoding.normalise import in_full
from parties.encoding.rows import PersonRows, column, fields, filters
from schemas.agreement import FILTER_BITS, PROJECTIONS, Encoding, Padding, Search
from schemas.encoding_set import read_table, write_table
from schemas.errors import AgreementError, ConfigurationError
from schemas.linkage import schemas_digest
from schemas.slots import ALL_PARTS

ENCODING = Encoding(schemas_digest=schemas_digest(), normaliser="test", normaliser_digest="0" * 64, diffusion=9)
FORENAMES, SURNAMES = ("Ada", "Ben", "Cai", "Dee", "Eve"), ("Ash", "Birch", "Cedar", "Elm", "Fir", "Oak", "Rowan")


def population(people=60, *, without_place=()):
    rows = PersonRows()
    for number in range(people):
        record = {
            "forename": FORENAMES[number % 5],
            "surname": SURNAMES[number % 7],
            "date_of_birth": f"19{50 + number % 50}-0{1 + number % 9}-1{number % 10}",
            "address": "" if number in without_place else f"{number} Long Lane",
            "postcode": "" if number in without_place else f"CF{1 + number % 9} {number % 10}AA",
        }
        rows.add_rows(rows.add_person(f"R{number}"), record)
    return rows


def encoded(rows, *, round_id="round-1", key=bytes(range(32)), secret=bytes(range(32, 64)), name="adults", padded=unpadded):
    return encode_population(rows, population=name, round_key=key, round_id=round_id, local_secret=secret, encoding=ENCODING, padded=padded)


def by_pseudonym(made, projection):
    return {own.tobytes(): clk.tobytes() for own, clk in zip(made.pseudonyms[projection], made.clks[projection], strict=True)}


def test_projections_have_equally_many_rows_and_fills_have_no_join():
    made = encoded(population(without_place={0, 1, 2}))
    assert {len(clks) for clks in made.clks.values()} == {60}
    people, joined = made.joins
    assert len(joined) == 60 + 3 * 57
    assert len({own.tobytes() for own in joined}) == len(joined)
    assert {person.tobytes() for person in people} == {person.tobytes() for person in made.persons}
    assert len(set(by_pseudonym(made, "B")) & {own.tobytes() for own in joined}) == 57


def test_fills_look_like_filters():
    made = encoded(population(400, without_place=range(200)))
    joined = {own.tobytes() for own in made.joins[1]}
    genuine = np.array([own.tobytes() in joined for own in made.pseudonyms["B"]])
    weights = np.unpackbits(made.clks["B"], axis=1).sum(axis=1)
    assert abs(weights[genuine].mean() - weights[~genuine].mean()) < 8
    assert len(np.unique(made.clks["B"], axis=0)) > 350


def test_a_second_encoding_is_the_same_and_a_new_record_moves_none():
    small, again, large = encoded(population(30)), encoded(population(30)), encoded(population(31))
    assert small.tables() == again.tables()
    for projection in PROJECTIONS:
        assert by_pseudonym(small, projection).items() <= by_pseudonym(large, projection).items()


def test_a_persons_id_is_the_pseudonym_of_its_first_filter_with_a_date_of_birth_else_without():
    rows = PersonRows()
    for key, born in (("R1", "1990-02-03"), ("R2", "")):
        person = rows.add_person(key)
        for surname in ("Ash", "Elm"):
            rows.add_rows(
                person, {"forename": "Ada", "surname": surname, "date_of_birth": born, "address": "1 Long Lane", "postcode": "CF1 1AA"}
            )
    rows.add_person("R3")  # without a row, and so without a filter
    made = encoded(rows)
    pseudonyms = {name: {row.tobytes() for row in made.pseudonyms[name]} for name in ("A", "B", "C", "D")}
    ids = [person.tobytes() for person in made.persons]
    assert [[name for name in pseudonyms if person in pseudonyms[name]] for person in ids] == [["A"], ["D"], []]
    one_name = PersonRows()
    one_name.add_rows(one_name.add_person("R1"), {"forename": "Ada", "surname": "Ash", "date_of_birth": "1990-02-03"})
    assert encoded(one_name).persons[0].tobytes() == ids[0]


@pytest.mark.parametrize("other", [{"round_id": "round-2"}, {"secret": bytes(32)}, {"name": "children"}])
def test_pseudonyms_of_another_round_party_or_population_have_nothing_in_common(other):
    first, second = encoded(population(20)), encoded(population(20), **other)
    for one, two in ((first.pseudonyms["A"], second.pseudonyms["A"]), (first.persons, second.persons)):
        assert not {row.tobytes() for row in one} & {row.tobytes() for row in two}


def test_two_parties_give_one_person_the_same_filters_under_other_pseudonyms():
    first, second = encoded(population(20)), encoded(population(20), secret=bytes(32))
    for projection in PROJECTIONS:
        assert {clk.tobytes() for clk in first.clks[projection]} == {clk.tobytes() for clk in second.clks[projection]}


def test_the_order_of_the_rows_does_not_show():
    made = encoded(population(50))
    keys = [own.tobytes() for own in made.pseudonyms["A"]]
    assert keys == sorted(keys)
    assert [own.tobytes() for own in made.joins[1]] == sorted(own.tobytes() for own in made.joins[1])


def test_a_small_scopes_filters_have_fewer_bits_and_meet_no_others():
    small = Encoding.model_validate({**ENCODING.model_dump(), "profile": "small-scope"})
    values = [values for values in fields(population(20), "A") if values]
    light, full = (encode_clks(values, "A", bytes(32), bits_per_mille=encoding.bits_per_mille) for encoding in (small, ENCODING))
    assert 0.40 < np.bitwise_count(light).sum() / np.bitwise_count(full).sum() < 0.52
    assert encode_canaries(bytes(32), small) != encode_canaries(bytes(32), ENCODING)


def test_an_empty_population_is_encoded_as_nothing():
    made = encoded(PersonRows())
    assert all(table.num_rows == 0 for table in made.tables().values())
    assert made.persons.shape == (0, 16)


def test_a_population_without_any_place_gets_fills_there():
    made = encoded(population(5, without_place=range(5)))
    assert len(made.clks["B"]) == 5
    assert len(made.joins[0]) == 5  # in A alone


def test_without_a_date_of_birth_a_record_has_the_two_projections_that_need_none():
    rows = PersonRows()
    rows.add_rows(rows.add_person("R1"), {"forename": "Ada", "surname": "Ash", "address": "1 Long Lane", "postcode": "CF1 1AA"})
    assert [len(filters(rows, projection)) for projection in PROJECTIONS] == [0, 1, 0, 1]


def test_without_birth_and_postcode_records_meet_by_name_and_address_and_strangers_do_not():
    rows, same = PersonRows(), {"forename": "Ada", "surname": "Ashworth", "address": "1 Long Lane", "town": "Cardiff"}
    for other in ({"date_of_birth": "1980-02-03", "postcode": "CF1 1AA"}, {}, {"forename": "Robert", "surname": "Pemberton"}):
        rows.add_rows(rows.add_person(str(len(rows.record_keys))), {**same, **other})
    scores = {}
    for projection in ("B", "D"):
        values = [found.values for found in filters(rows, projection)]
        bits = np.unpackbits(encode_values(values, "adults", projection, bytes(range(32)), ENCODING), axis=1).astype(int)
        scores[projection] = [2 * (bits[0] @ bits[at]) / (bits[0].sum() + bits[at].sum()) for at in (1, 2)]
    cut = Search().cut_per_mille / 1_000
    assert scores["B"][0] >= cut > max(scores["B"][1], *scores["D"])


def test_tables_are_what_the_format_says():
    for name, table in encoded(population(3)).tables().items():
        assert read_table(write_table(table), ALL_PARTS[name], part=name, rows=table.num_rows) == table


def test_same_rows_of_one_person_are_encoded_once():
    rows, record = PersonRows(), {"forename": "Ada", "surname": "Ash", "date_of_birth": "1980-02-03", "postcode": "CF1 1AA"}
    person = rows.add_person("R1")
    for source in (record, record, {**record, "postcode": "CF2 2BB"}):
        rows.add_rows(person, source)
    assert [item.number for item in filters(rows, "A")] == [0]
    assert [item.number for item in filters(rows, "B")] == [0, 1]
    assert fields(rows, "C") == fields(rows, "C")[:1] * 2 + [("ash", "19800203", "0203", "CF22BB")]


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"postcode": "CF1 1AA", "address": "1 Long Lane", "town": "Cardiff"}, ("CF11AA", "1 long ln")),
        ({"postcode": "CF1 1AA", "town": "Cardiff"}, ("CF11AA", "cardiff")),
        ({"postcode": "CF1 1AA"}, ("CF11AA", "CF11AA")),
        ({"address": "1 Long Lane", "town": "Cardiff"}, ("1 long ln", "1 long ln")),
        ({"town": "Cardiff"}, ("cardiff", "cardiff")),
        ({}, ("", "")),
    ],
)
def test_a_missing_place_is_stood_for_by_another(given, read):
    rows = PersonRows()
    rows.add_rows(rows.add_person("R1"), {"forename": "Ada", "surname": "Ash", **given})
    assert (column(rows, "postcode"), column(rows, "address")) == ([read[0]], [read[1]])


@pytest.mark.parametrize(("recorded", "read"), [("Tom", "thomas"), ("Thomas", "thomas"), ("Harry", "harry"), ("Ada", "ada"), ("", "")])
def test_a_search_reads_a_short_form_of_one_name_in_full(recorded, read):
    rows = PersonRows()
    rows.add_rows(rows.add_person("R1"), {"forename": recorded, "surname": "Ash"})
    assert rows.forename == [recorded.lower()]
    assert column(rows, "forename") == [read]


def test_canaries_are_the_same_for_all_who_hold_the_key_and_cover_everything():
    key = bytes(range(32))
    table = encode_canaries(key, ENCODING)
    assert table == encode_canaries(key, ENCODING)
    assert table.num_rows == 2 * sum(len(filters(canary_rows(), projection)) for projection in PROJECTIONS)
    assert table["label"][0].as_py() == "adults.A.0"
    assert len(set(table["clk"].to_pylist())) == table.num_rows
    assert table != encode_canaries(bytes(32), ENCODING)


def test_a_fill_takes_each_field_from_another_row():
    rows = population(60)
    made = invented(rows, "A", 300, bytes(32))
    own = {values for values in fields(rows, "A") if values}
    assert len(set(made) - own) > 200
    assert {values[0].split()[0] for values in made} <= {in_full(name.lower()) for name in FORENAMES}


@pytest.mark.parametrize("t", [9, 11])
def test_diffusion_uses_every_bit_equally_and_loses_nothing(t):
    positions = draw_positions(bytes(32), "adults", "A", t)
    assert (np.bincount(positions.ravel(), minlength=FILTER_BITS) == t).all()
    assert all(len(set(row)) == t for row in positions.tolist())
    assert gf2_rank(positions) == FILTER_BITS


def rank_by_numbers(rows):
    pivots = {}
    for row in rows:
        left = int.from_bytes(row.tobytes(), "big")
        while left and (pivot := pivots.get(left.bit_length())):
            left ^= pivot
        if left:
            pivots[left.bit_length()] = left
    return len(pivots)


@pytest.mark.parametrize("rows", [1, 40, 128, 300])
def test_the_rank_is_that_of_plain_elimination(rows):
    drawn = np.random.default_rng(rows).integers(0, 256, (rows, 16), dtype=np.uint8)
    drawn[rows // 2 :] = drawn[: rows - rows // 2]  # half of them say nothing new
    before = drawn.copy()
    assert independent_rows(drawn) == rank_by_numbers(drawn)
    assert np.array_equal(drawn, before)


def test_the_weight_of_a_diffused_filter_is_odd_where_the_filters_is():
    clks = np.random.default_rng(3).integers(0, 256, (700, FILTER_BITS // 8), dtype=np.uint8)
    odd = [np.bitwise_count(rows).sum(axis=1) % 2 for rows in (clks, diffuse(clks, draw_positions(bytes(32), "adults", "A", 9)))]
    assert np.array_equal(*odd)
    assert 0.4 < odd[0].mean() < 0.6


def spoilt(why):
    positions = draw_positions(bytes(32), "adults", "A", 9).copy()
    if why == "a bit of one output is used by another":
        positions[0, 0] = next(bit for bit in range(FILTER_BITS) if bit not in positions[0])
    if why == "an output uses a bit twice":
        positions[0, 0] = positions[0, 1]
    return positions


@pytest.mark.parametrize("why", ["a bit of one output is used by another", "an output uses a bit twice"])
def test_a_map_that_uses_bits_unevenly_is_refused(why):
    with pytest.raises(ConfigurationError, match="every bit 9 times"):
        check_map(spoilt(why), 9)


def test_a_map_that_loses_information_is_refused():
    cycle = np.arange(1_023)[:, None] // 3 * 3 + np.arange(3)  # outputs in threes that read the same three bits
    with pytest.raises(ConfigurationError, match="loses information"):
        check_map(cycle, 3)


def test_a_kernel_that_miscounts_is_found(monkeypatch):
    positions = draw_positions(bytes(32), "adults", "A", 9)
    monkeypatch.setattr(diffusion, "diffuse", lambda clks, positions: diffuse(clks, np.roll(positions, 1, axis=0)))
    with pytest.raises(ConfigurationError, match="kinlink doctor"):
        check_map(positions, 9)


def test_positions_outside_a_filter_are_refused():
    for outside in (-1, 64):
        with pytest.raises(ConfigurationError, match="outside"):
            diffuse(np.zeros((1, 8), dtype=np.uint8), np.array([[outside]]))


def test_diffusion_differs_by_projection_population_and_key():
    drawn = [draw_positions(key, name, projection, 9) for key, name, projection in
             ((bytes(32), "adults", "A"), (bytes(32), "adults", "B"), (bytes(32), "children", "A"), (bytes(range(32)), "adults", "A"))]  # fmt: skip
    assert len({each.tobytes() for each in drawn}) == 4


@pytest.mark.parametrize("t", [2, 7, 8, 10])
def test_a_weak_diffusion_is_refused_in_production(t):
    with pytest.raises(ValidationError):
        Encoding(schemas_digest="0" * 64, normaliser="test", normaliser_digest="0" * 64, diffusion=t)
    with pytest.raises(AgreementError):
        check_diffusion(ENCODING.model_copy(update={"diffusion": t}))
    check_diffusion(ENCODING.model_copy(update={"diffusion": t, "profile": "development"}))


@pytest.mark.parametrize(
    "shown", [population(1), encoded(population(1)), filters(population(1), "A")[0]], ids=lambda item: type(item).__name__
)
def test_what_identifies_people_hides_itself(shown):
    assert "ada" not in repr(shown).lower()


@pytest.mark.parametrize("people", [1, 60, 64])
def test_a_padded_population_has_the_agreed_size_in_every_projection_and_its_people_stay(people):
    bare, padded = encoded(population(people)), encoded(population(people), padded=Padding().size)
    for projection in PROJECTIONS:
        assert padded.clks[projection].shape == (64, FILTER_BITS // 8)
        assert by_pseudonym(bare, projection).items() <= by_pseudonym(padded, projection).items()
        assert len(np.unique(padded.clks[projection], axis=0)) > 55  # few people give few names to draw from
    assert np.array_equal(bare.joins[1], padded.joins[1])


def test_the_padding_of_two_parties_has_nobody_in_common_with_one_another():
    rows, padded = population(60), Padding(smallest_rows=400).size
    ours, theirs = (encoded(rows, secret=secret, padded=padded) for secret in (bytes(range(32, 64)), bytes(range(64, 96))))
    for projection in PROJECTIONS:
        people = {clk.tobytes() for clk in encoded(rows).clks[projection]}
        drawn, others = ({clk.tobytes() for clk in made.clks[projection]} - people for made in (ours, theirs))
        assert min(len(drawn), len(others)) > 300
        assert len(drawn & others) < 0.25 * len(drawn)  # by chance: there are but 35 names and 45 births to draw from


def test_padding_cannot_be_told_by_its_weight():
    rows = population(400)
    made = encoded(rows, padded=Padding(smallest_rows=800).size)
    joined = {own.tobytes() for own in made.joins[1]}
    for projection in PROJECTIONS:
        genuine = np.array([own.tobytes() in joined for own in made.pseudonyms[projection]])
        weights = np.unpackbits(made.clks[projection], axis=1).sum(axis=1)
        assert abs(weights[genuine].mean() - weights[~genuine].mean()) < 8

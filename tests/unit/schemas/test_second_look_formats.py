"""What travels in the second look: joins of one size, tables of rows of one size, and how much of it."""

from datetime import date

import numpy as np
import pytest

from schemas.aggregate import AGES
from schemas.encoding_set import write_table
from schemas.errors import SealError, SubmissionError
from schemas.joins import AgeBand, Relation, Standing, age_band, quarter_of
from schemas.sealed_join import JOIN_BYTES, MAX_TIED, SEALED_JOIN_BYTES, Join, Tied, open_join, read_join, seal_join, write_join
from schemas.second_look import N_TAGS
from schemas.slots import ANSWERS, REQUESTS, SEARCHES, SLOTS, VOLUMES, WAVES, byte_columns, byte_table, read_byte_table

PERSON, OPENER = bytes(range(1, 17)), bytes(range(32))
JOINS = (
    Join(person=PERSON, population="adults"),
    Join(
        person=PERSON,
        population="children",
        relation=Relation(Standing.LOOKED_AFTER, 4 * 2026 + 3, AgeBand.FROM_15),
        tied=(Tied(b"a" * 16), Tied(b"b" * 16)),
    ),
    Join(person=PERSON, population="adults", tied=(Tied(b"c" * 16, Relation(Standing.RESIDENT, 8_107, AgeBand.UNDER_5)), Tied(b"d" * 16))),
    Join(
        person=PERSON,
        population="children",
        relation=Relation(Standing.FORMER, age=AgeBand.FROM_10_TO_14),
        tied=tuple(Tied(bytes([at]) * 16) for at in range(1, MAX_TIED + 1)),
        more=3,
    ),
    None,
)


@pytest.mark.parametrize("join", JOINS)
def test_a_join_is_read_as_it_was_written_and_has_one_size(join):
    content = write_join(join)
    assert len(content) == JOIN_BYTES
    assert read_join(content) == join


def test_ties_that_have_no_room_are_counted():
    tied = tuple(Tied(bytes([at]) * 16) for at in range(1, 16))
    read = read_join(write_join(Join(person=PERSON, population="adults", tied=tied)))
    assert (read.tied, read.more) == (tied[:MAX_TIED], 3)
    assert read_join(write_join(Join(person=PERSON, population="adults", tied=tied * 30))).more == 255


@pytest.mark.parametrize(
    "content",
    [
        write_join(JOINS[0])[:-1],
        write_join(JOINS[0]) + b"\0",
        b"",
        bytes(16) + write_join(JOINS[0])[16:],  # nobody, of a population
        write_join(JOINS[0])[:16] + b"\x03" + write_join(JOINS[0])[17:],  # a third population
        write_join(JOINS[0])[:17] + b"\x09" + write_join(JOINS[0])[18:],  # an unknown standing
        write_join(JOINS[0])[:17] + b"\x51" + write_join(JOINS[0])[18:],  # an unknown age
        write_join(JOINS[0])[:17] + b"\x20" + write_join(JOINS[0])[18:],  # an age without a standing
        write_join(JOINS[0])[:18] + b"\x01" + write_join(JOINS[0])[19:],  # a last contact without a standing
        write_join(JOINS[0])[:20] + bytes([MAX_TIED + 1]) + write_join(JOINS[0])[21:],  # more ties than there is room for
        write_join(JOINS[0])[:-1] + b"x",  # something behind the ties
    ],
)
def test_what_is_no_join_is_refused_without_its_bytes(content):
    with pytest.raises(SubmissionError, match=r"^join: "):
        read_join(content)


def test_a_sealed_join_opens_with_its_own_opener_alone():
    content = write_join(JOINS[1])
    sealed = seal_join(content, OPENER)
    assert len(sealed) == SEALED_JOIN_BYTES
    assert open_join(sealed, OPENER) == content
    for spoilt, opener in ((sealed[:-1] + bytes([sealed[-1] ^ 1]), OPENER), (sealed, OPENER[::-1]), (sealed[:-1], OPENER), (b"", OPENER)):
        with pytest.raises(SealError, match=r"^join: "):
            open_join(spoilt, opener)


@pytest.mark.parametrize(
    ("born", "band"),
    [
        ("2026-11-01", AgeBand.UNDER_5),
        ("2027-03-01", AgeBand.UNDER_5),  # expected
        ("2021-11-02", AgeBand.UNDER_5),
        ("2021-11-01", AgeBand.FROM_5_TO_9),
        ("2016-11-02", AgeBand.FROM_5_TO_9),
        ("2016-11-01", AgeBand.FROM_10_TO_14),
        ("2011-11-02", AgeBand.FROM_10_TO_14),
        ("2011-11-01", AgeBand.FROM_15),
        ("1990-01-01", AgeBand.FROM_15),
        ("", AgeBand.NOT_KNOWN),
        ("2016-02-30", AgeBand.NOT_KNOWN),
    ],
)
def test_an_age_is_in_completed_years_on_the_day(born, band):
    assert age_band(born, date(2026, 11, 1)) is band


def test_every_band_is_published_under_its_name():
    assert len(AGES) == len(AgeBand)
    assert [AGES[band] for band in AgeBand] == ["unknown", "0-4", "5-9", "10-14", "15+"]


@pytest.mark.parametrize(
    ("day", "quarter"), [("2026-01-01", 8_104), ("2026-03-31", 8_104), ("2026-04-01", 8_105), ("2026-12-31", 8_107), ("2027-01-01", 8_108)]
)
def test_a_quarter_is_four_times_the_year_and_which_of_the_year(day, quarter):
    assert quarter_of(date.fromisoformat(day)) == quarter


def test_joins_of_nobody_and_of_somebody_are_sealed_to_the_same_size():
    assert {len(seal_join(write_join(join), OPENER)) for join in JOINS} == {SEALED_JOIN_BYTES}


def test_a_join_shows_nothing_in_its_repr():
    assert PERSON.hex() not in repr(JOINS[1])
    assert repr(JOINS[1].tied) == "(Tied(…), Tied(…))"
    assert str(PERSON) not in repr(JOINS[1])


def columns(schema, rows):
    return {field.name: np.full((rows, field.type.byte_width), number, dtype=np.uint8) for number, field in enumerate(schema)}


@pytest.mark.parametrize("schema", [SLOTS, REQUESTS, ANSWERS])
@pytest.mark.parametrize("rows", [0, 3])
def test_tables_are_read_as_they_were_written(schema, rows):
    made = columns(schema, rows)
    table = byte_table(schema, made)
    read = read_byte_table(write_table(table), schema, part="slots", rows=rows)
    assert all(np.array_equal(read[name], made[name]) for name in made)
    assert all(np.array_equal(byte_columns(table.slice(1))[name], made[name][1:]) for name in made)


def test_a_table_of_other_rows_or_columns_is_refused():
    content = write_table(byte_table(REQUESTS, columns(REQUESTS, 3)))
    for schema, rows in ((REQUESTS, 2), (ANSWERS, 3)):
        with pytest.raises(SubmissionError, match=r"^part slots: "):
            read_byte_table(content, schema, part="slots", rows=rows)
    with pytest.raises(SubmissionError, match=r"^part slots: "):
        read_byte_table(content[:-9], REQUESTS, part="slots", rows=3)


def test_a_record_has_sixteen_nonces_for_referrals_and_five_for_statistics_in_two_waves():
    assert {purpose: sum(map(sum, volumes.values())) for purpose, volumes in VOLUMES.items()} == {"referral": 16, "statistics": 5}
    assert all(sum(volume.second for volume in volumes.values()) for volumes in VOLUMES.values())
    assert WAVES == 2


def test_the_prison_service_never_answers_and_authorities_never_upload():
    assert {responder.value for _, _, responder in SEARCHES} == {"local-authority", "police"}
    assert {uploader.value for _, uploader, _ in SEARCHES} == {"prison-service", "police"}


def test_a_slot_is_under_a_kilobyte(figure):
    size = sum(field.type.byte_width for field in SLOTS)
    figure("bytes of a slot", "about 800", f"{size} with {N_TAGS} tags; 300 receptions of 16 slots: {300 * 16 * size / 1e6:.1f} MB")
    assert size < 1_024

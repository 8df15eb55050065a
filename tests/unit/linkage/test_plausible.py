"""Sizes of submissions against published figures, a least size, and the one before."""

import pytest

from linkage.inbox.plausible import FEW_ROWS, INVENTED_ROWS, ROWS_A_PERSON, check_plausible, grown
from schemas.agreement import Probing
from schemas.encoding_set import ENCODING_PARTS, Part, SubmissionManifest
from schemas.errors import SubmissionError
from schemas.population import published
from schemas.roster import Identity, Kind, Organisation, Role

ISLES_OF_SCILLY = "E06000053"


def organisation(kind=Kind.LOCAL_AUTHORITY, gss_code=ISLES_OF_SCILLY):
    identity = Identity(key_id="council/custodian", role=Role.CUSTODIAN, signing_key="k")
    return Organisation(organisation="council", name="C", kind=kind, controller="c", gss_code=gss_code, identities=[identity])


def manifest(adults=50, children=50):
    rows = {"adults": adults, "children": children}
    parts = [Part(name=name, rows=rows[name.split(".")[0]], size=1, sha256="0" * 64) for name in ENCODING_PARTS]
    digests = ("round_digest", "roster_digest", "agreement_digest", "normaliser_digest", "schemas_digest")
    return SubmissionManifest(
        **dict.fromkeys(digests, "0" * 64), round_id="r", organisation="council", normaliser="n", quarantined_per_mille=0, parts=parts
    )


@pytest.mark.parametrize("population", ["adults", "children"])
def test_more_rows_than_an_areas_people_can_have_are_refused_and_as_many_are_not(population):
    most = published(organisation(), population) * ROWS_A_PERSON + INVENTED_ROWS
    check_plausible(manifest(**{population: most}), organisation(), Probing())
    with pytest.raises(SubmissionError, match=rf"more {population} than council can know of \({most:,} rows"):
        check_plausible(manifest(**{population: most + 1}), organisation(), Probing())


def test_a_submission_of_a_few_rows_is_refused_and_one_of_the_agreed_size_is_not():
    check_plausible(manifest(50, 50), organisation(), Probing(minimum_rows=100))
    with pytest.raises(SubmissionError, match="fewer than the agreed 100 rows"):
        check_plausible(manifest(50, 49), organisation(), Probing(minimum_rows=100))


def test_figures_are_of_the_organisations_own_area_else_of_england_and_wales():
    small, birmingham = organisation(), organisation(gss_code="E08000025")
    assert published(small, "children") == 364  # mid-2023
    assert published(small, "adults") < published(birmingham, "adults") < published(organisation(gss_code=None), "adults")
    assert published(organisation(gss_code=None), "adults") == 60_854_727
    assert published(organisation(Kind.POLICE, "E23000014"), "children") > published(birmingham, "children")  # its force
    assert published(organisation(Kind.PRISON_SERVICE, None), "children") == 192_912


@pytest.mark.parametrize(
    ("before", "now", "terms", "unusual"),
    [
        (10_000, 15_000, Probing(), []),
        (10_000, 15_001, Probing(), ["adults"]),
        (10, 10 + FEW_ROWS, Probing(), []),
        (10, 11 + FEW_ROWS, Probing(), ["adults"]),
        (10_000, 5, Probing(), []),
        (10_000, 20_000, Probing(growth_per_mille=1_000), []),
    ],
)
def test_growth_beyond_what_was_agreed_is_unusual(before, now, terms, unusual):
    assert list(grown(manifest(adults=now), manifest(adults=before), terms)) == unusual


def test_growth_is_told_of_each_population():
    assert list(grown(manifest(9_000, 9_000), manifest(), Probing())) == ["adults", "children"]

"""A node encodes only as was agreed: the refusal names what differs, and both digests."""

import pytest

from parties.controls import families
from parties.controls.families import generator_digest
from parties.encoding.normalise import NORMALISER, normaliser_digest
from parties.submission.parts import check_versions
from schemas.agreement import Agreement, Controls, Encoding
from schemas.errors import AgreementError
from schemas.linkage import schemas_digest


def agreed(generator="", **changes):
    ours = {"schemas_digest": schemas_digest(), "normaliser": NORMALISER, "normaliser_digest": normaliser_digest()}
    return Agreement(
        version=1, purpose="support", scope="test", roster_digest="a" * 64, expires_on="2099-01-01", lawful_bases=[],
        encoding=Encoding(**ours | changes), controls=Controls(generator_digest=generator),
    )  # fmt: skip


@pytest.mark.parametrize("generator", ["", generator_digest()])
def test_a_node_encodes_as_was_agreed(generator):
    check_versions(agreed(generator))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"normaliser": "kinlink-normaliser/1"}, f"names normaliser kinlink-normaliser/1, this version's is {NORMALISER}"),
        ({"normaliser_digest": "d" * 64}, f"normaliser_digest is {'d' * 12}, this version's is {normaliser_digest()[:12]}"),
        ({"schemas_digest": "d" * 64}, f"schemas_digest is {'d' * 12}, this version's is {schemas_digest()[:12]}"),
        ({"generator": "d" * 64}, f"generator_digest is {'d' * 12}, this version's is {generator_digest()[:12]}"),
    ],
    ids=["version", "tables", "schemas", "generator"],
)
def test_another_version_or_digest_is_refused_by_name(changes, text):
    with pytest.raises(AgreementError, match=text) as caught:
        check_versions(agreed(**changes))
    assert "signed again" in str(caught.value)


def test_a_generator_that_makes_other_people_has_another_digest(monkeypatch):
    monkeypatch.setattr(families, "DECLARED", families.DECLARED + 0.05)
    assert generator_digest.__wrapped__() != generator_digest()

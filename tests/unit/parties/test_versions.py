"""A node encodes only as was agreed: the refusal names what differs, and both digests."""

import pytest

from parties.encoding.normalise import NORMALISER, normaliser_digest
from parties.submission.parts import check_versions
from schemas.agreement import Encoding
from schemas.errors import AgreementError
from schemas.linkage import schemas_digest


def agreed(**changes):
    ours = {"schemas_digest": schemas_digest(), "normaliser": NORMALISER, "normaliser_digest": normaliser_digest()}
    return Encoding(**ours | changes)


def test_a_node_encodes_as_was_agreed():
    check_versions(agreed())


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"normaliser": "kinlink-normaliser/1"}, f"names normaliser kinlink-normaliser/1, this version's is {NORMALISER}"),
        ({"normaliser_digest": "d" * 64}, f"normaliser_digest is {'d' * 12}, this version's is {normaliser_digest()[:12]}"),
        ({"schemas_digest": "d" * 64}, f"schemas_digest is {'d' * 12}, this version's is {schemas_digest()[:12]}"),
    ],
    ids=["version", "tables", "schemas"],
)
def test_another_version_or_digest_is_refused_by_name(changes, text):
    with pytest.raises(AgreementError, match=text) as caught:
        check_versions(agreed(**changes))
    assert "signed again" in str(caught.value)

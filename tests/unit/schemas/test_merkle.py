"""Merkle trees, against the roots that Certificate Transparency's own tests use, and draws by a public coin."""

import pytest

from schemas.errors import ConfigurationError
from schemas.merkle import Tree, is_under
from schemas.public_coin import chance_caught, coin, drawn

LEAVES = [
    bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = (  # of the first 0, 1, … leaves; known answers of RFC 6962 trees
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
SUBMISSION, BEACON = "5" * 64, "b" * 64


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_the_root_is_the_known_one(size):
    assert Tree(LEAVES[:size]).root == ROOTS[size]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 8, 13])
def test_every_leaf_is_under_the_root_at_its_place_alone(size):
    leaves = [bytes([number]) for number in range(size)]
    tree = Tree(leaves)
    for index, leaf in enumerate(leaves):
        shown = {"index": index, "size": size, "path": tree.path(index)}
        assert is_under(tree.root, leaf, **shown)
        assert not is_under(tree.root, leaf + b"x", **shown)
        assert not is_under("0" * 64, leaf, **shown)
        assert not is_under(tree.root, leaf, **shown | {"path": [*shown["path"], "0" * 64]})
        assert not is_under(tree.root, leaf, **shown | {"index": size})
        for other in set(range(size)) - {index}:
            assert not is_under(tree.root, leaf, **shown | {"index": other})
        if shown["path"]:
            assert not is_under(tree.root, leaf, **shown | {"path": shown["path"][:-1]})


def test_a_node_does_not_stand_for_a_leaf():
    tree = Tree([b"a", b"b"])
    inner = Tree([b"a"]).root + Tree([b"b"]).root
    assert not is_under(tree.root, bytes.fromhex(inner), index=0, size=1, path=[])


def test_a_draw_is_fixed_by_submission_and_beacon_and_different_for_others():
    one = drawn(coin(SUBMISSION, BEACON), 10_000, 50)
    assert one == drawn(coin(SUBMISSION, BEACON), 10_000, 50) == sorted(set(one))
    assert len(one) == 50
    for other in (coin("6" * 64, BEACON), coin(SUBMISSION, "c" * 64)):
        assert len(set(one) & set(drawn(other, 10_000, 50))) < 5


def test_a_draw_of_more_than_there_are_is_all_of_them():
    assert drawn(coin(SUBMISSION, BEACON), 7, 50) == list(range(7))
    assert drawn(coin(SUBMISSION, BEACON), 0, 50) == []


def test_no_position_is_favoured():
    counts = [0] * 8
    for number in range(2_000):
        for position in drawn(coin(f"{number:064x}", BEACON), 8, 2):
            counts[position] += 1
    assert all(420 < count < 580 for count in counts)  # 500 each; inputs are fixed


@pytest.mark.parametrize("beacon", ["", "zz" * 16, "ab" * 15])
def test_a_value_that_could_be_guessed_is_no_beacons(beacon):
    with pytest.raises(ConfigurationError, match="at least 16 bytes"):
        coin(SUBMISSION, beacon)


@pytest.mark.parametrize(
    ("size", "swapped", "count", "chance"), [(10, 0, 5, 0), (10, 1, 10, 1), (10, 1, 5, 0.5), (4, 2, 2, 5 / 6), (10, 10, 1, 1), (0, 0, 5, 0)]
)
def test_the_chance_to_meet_a_swapped_record(size, swapped, count, chance):
    assert chance_caught(size, swapped, count) == pytest.approx(chance)

"""The vault: what is written comes back, and nothing else."""

import pytest

from linkage.inbox.vault import Vault
from linkage.settings import ServiceSettings
from linkage.storage_keys import give_key, make_first_master
from linkage.store.models import Round
from schemas.encoding_set import CHUNK_BYTES, Part
from schemas.errors import RoundError, ServiceError

DIGEST = "a" * 64


def vault(directory, *, round_id="round-1", key=b"k" * 32):
    settings, round_ = ServiceSettings(organisation="us", directory=directory), Round(round_id=round_id, storage_key=b"")
    make_first_master(settings)
    if key:
        give_key(settings, round_, key)
    return Vault(settings, round_)


def part(size):
    return Part(name="adults.A.arrow", rows=1, size=size, sha256="0" * 64)


def test_a_part_comes_back_from_its_chunks(tmp_path):
    content = bytes(range(256)) * (CHUNK_BYTES // 256) + b"tail"
    ours = vault(tmp_path)
    ours.stage_chunk("org", DIGEST, "adults.A.arrow", 1, content[CHUNK_BYTES:]).take()
    ours.stage_chunk("org", DIGEST, "adults.A.arrow", 0, content[:CHUNK_BYTES]).take()
    assert ours.read_part("org", DIGEST, part(len(content))) == content
    assert not list(tmp_path.rglob("*.part"))


def test_a_blob_comes_back_and_may_be_replaced(tmp_path):
    ours = vault(tmp_path)
    ours.write_blob("links.arrow", b"one")
    ours.write_blob("links.arrow", b"two")
    assert ours.read_blob("links.arrow") == b"two"


def test_a_file_that_is_moved_changed_gone_or_of_another_round_does_not_open(tmp_path):
    ours = vault(tmp_path)
    ours.stage_chunk("org", DIGEST, "adults.A.arrow", 0, b"content").take()
    (file,) = tmp_path.rglob("adults.A.arrow.0")
    other_place = file.with_name("adults.B.arrow.0")
    other_place.write_bytes(file.read_bytes())
    with pytest.raises(ServiceError):
        ours.read_part("org", DIGEST, part(7).model_copy(update={"name": "adults.B.arrow"}))
    with pytest.raises(ServiceError):
        vault(tmp_path, key=b"x" * 32).read_part("org", DIGEST, part(7))
    file.write_bytes(file.read_bytes()[:-1] + b"\x00")
    with pytest.raises(ServiceError):
        ours.read_part("org", DIGEST, part(7))
    ours.destroy("org", DIGEST)
    ours.destroy("org", DIGEST)
    with pytest.raises(ServiceError):
        ours.read_part("org", DIGEST, part(7))


def test_a_round_whose_key_was_destroyed_cannot_be_read(tmp_path):
    with pytest.raises(RoundError, match="destroyed"):
        vault(tmp_path, key=b"")
    assert "k" * 8 not in repr(vault(tmp_path))

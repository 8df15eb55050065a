"""Components to comparison tags: digests once for each record, then tags under the key of one pair. Pure, given the keys.

A digest says what a component is, and never leaves. A tag is the first 8 bytes of AES-256 of the digest under the pair's key:
AES is a pseudo-random function of the record's `N_TAGS` different digests, and one call makes all of a pair's tags. Equal
tags in one pair mean equal components; tags of different pairs have nothing in common.

A blank component has a digest of the party's own drawing, so its tag looks like any other and equals none.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB
from numpy.typing import NDArray

from parties.encoding.keystream import WORD_BYTES, Keystream
from schemas.byte_columns import Bytes2D
from schemas.second_look import BLOCKS, LABELS, N_TAGS, POSITIONS
from schemas.slots import TAG_BYTES

DIGEST_BYTES = 16  # one block of AES
Digests = NDArray[np.uint8]  # shape (records, N_TAGS, DIGEST_BYTES)

_SETS = tuple(POSITIONS[name] for name, block in BLOCKS.items() if block.size > 1 and not block.ordered)


def digests(components: Sequence[Sequence[str]], key: bytes, blanks: Keystream) -> Digests:
    """Return the digest of every component of every record.

    Where a record has one component twice, the second counts as the second: else equal tags within one slot would say so.

    Args:
        components: `N_TAGS` texts for each record, "" where there is nothing to say.
        key: the attribute key of the round and population.
        blanks: the party's own stream, which blank components are drawn from.
    """
    drawn = bytearray(blanks.words(len(components) * N_TAGS * DIGEST_BYTES // WORD_BYTES).tobytes())
    labelled = {label: blake2b(label.encode() + b"\0", key=key, digest_size=DIGEST_BYTES) for label in LABELS}
    for record, texts in enumerate(components):
        seen: dict[tuple[str, str], int] = {}
        for place, named in enumerate(zip(LABELS, _filled(texts), strict=True)):
            label, text = named
            if text:
                seen[named] = seen.get(named, -1) + 1
                digest = labelled[label].copy()
                digest.update(bytes([seen[named]]) + text.encode())
                start = (record * N_TAGS + place) * DIGEST_BYTES
                drawn[start : start + DIGEST_BYTES] = digest.digest()
    return np.frombuffer(drawn, dtype=np.uint8).reshape(len(components), N_TAGS, DIGEST_BYTES)


def tags(of_pairs: Digests, pair_keys: Iterable[bytes]) -> Bytes2D:
    """Return the tags of one side of many pairs, shape (pairs, N_TAGS * 8).

    The order within a block says nothing: its tags are sorted, unless the layout gives its places a meaning.

    Args:
        of_pairs: the digests of each pair's own record.
        pair_keys: the key of each pair.
    """
    content = b"".join(
        Cipher(AES256(key), ECB()).encryptor().update(record.tobytes())  # noqa: S305 - a PRF on different blocks, not encryption
        for record, key in zip(of_pairs, pair_keys, strict=True)
    )
    words = np.frombuffer(content, dtype="<u8").reshape(-1, N_TAGS, DIGEST_BYTES // TAG_BYTES)[:, :, 0].copy()
    for block in _SETS:
        words[:, block].sort(axis=1)
    return words.view(np.uint8)


def _filled(texts: Sequence[str]) -> list[str]:
    """Return a record's components with its sets filled up by what the whole set says.

    So two equal sets are equal throughout: how many tags of a set are equal does not count a name's letters.
    """
    filled = list(texts)
    for block in _SETS:
        said = [text for text in texts[block] if text]
        filled[block] = [text or ("\0" + "\0".join(said) if said else "") for text in texts[block]]
    return filled

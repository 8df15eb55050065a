"""Looking for something that must not be there, in every form in which it could have got there.

An identifier is looked for as it was written, in other letters' case, normalised as the encoder does, quoted for an address,
and all of these in UTF-8, UTF-16, hexadecimal and base64; a key as raw bytes, hexadecimal and base64.
"""

import base64
import gc
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from parties.encoding import normalise

PACKAGES = ("schemas", "validation", "parties", "linkage", "flows")
DATE = re.compile(rb"\d{8}")
BASE64_PADDING = (0, 2, 3)  # leading characters that depend on the bytes before, by how many of them there are
BITS = 6  # to a base64 character


class Needles:
    """What is looked for: label → forms. Those in `folded` may stand in letters of either case."""

    def __init__(self, texts: Iterable[str] = (), keys: Mapping[str, bytes] | None = None) -> None:
        self.folded: dict[bytes, str] = {}
        self.exact: dict[bytes, str] = {}
        for text in texts:
            for form in _forms(text):
                self._add(text, form.encode())
                self.folded[form.lower().encode("utf-16-le")[:-1]] = text  # the same in either order of bytes
                self.folded[quote(form, safe="").lower().encode()] = text
        for label, key in (keys or {}).items():
            self.exact[key] = label
            self._add(label, key, raw=False)

    def _add(self, label: str, content: bytes, *, raw: bool = True) -> None:
        if raw:
            self.folded[content.lower()] = label
        self.folded[content.hex().encode()] = label
        for before in range(3):
            encoded = base64.b64encode(bytes(before) + content)
            core = encoded[BASE64_PADDING[before] : (before + len(content)) * 8 // BITS]
            self.exact[core] = label
            self.exact[core.translate(bytes.maketrans(b"+/", b"-_"))] = label

    def within(self, content: bytes) -> set[str]:
        """Return the labels of what is in `content`."""
        lower = content.lower()
        found = {label for needle, label in self.folded.items() if needle in lower and _stands_alone(needle, lower)}
        return found | {label for needle, label in self.exact.items() if needle in content}

    def leaks(self, places: Mapping[str, bytes]) -> dict[str, set[str]]:
        """Return what was found, by place; nothing where there is nothing."""
        if not self.within(b"\n".join(places.values())):
            return {}
        return {place: found for place, content in places.items() if (found := self.within(content))}


def _forms(text: str) -> set[str]:
    plain = {text, text.upper(), text.lower(), text.title(), text.replace(" ", "")}
    normalised = {normalise.name(text), normalise.date_of_birth(text), normalise.postcode(text), normalise.address(text)}
    return plain | {form for form in normalised if len(form) >= len(text.replace("-", "").replace(" ", ""))}


def _stands_alone(needle: bytes, content: bytes) -> bool:
    """Say that a date in digits is not a part of a longer number or digest, where chance could have put it."""
    if not DATE.fullmatch(needle):
        return True
    return re.search(rb"(?<![0-9a-f])" + needle + rb"(?![0-9a-f])", content) is not None


def shown_objects() -> dict[str, bytes]:
    """Return what every living object of the product shows of itself, by its type."""
    shown: dict[str, bytes] = {}
    for item in gc.get_objects():
        kind = type(item)
        if str(getattr(kind, "__module__", "")).partition(".")[0] in PACKAGES:
            name = f"{kind.__module__}.{kind.__qualname__}"
            shown[name] = shown.get(name, b"") + f"{item!r} {item}".encode()
    return shown

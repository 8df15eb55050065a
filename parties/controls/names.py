"""What a custodian calls its controls: a record key that no record of an extract can have. Pure."""

from typing import Final

PREFIX: Final = "control/"  # ids of custodians' records hold no slash, and a declared child's key begins with a NOMIS number


def record_key(number: int) -> str:
    """Return the record key of a control family's people."""
    return f"{PREFIX}{number}"


def is_control(record: str) -> bool:
    """Say whether a record key is a control's."""
    return record.startswith(PREFIX)


def family_number(record: str) -> int:
    """Return the number of the family that a control's record key names."""
    return int(record.removeprefix(PREFIX))

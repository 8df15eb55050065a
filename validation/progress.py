"""How a long step says where it is: its name, how much is done, out of how much. Never an identifier."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]


def silent(step: str, done: int, total: int) -> None:
    """Say nothing."""

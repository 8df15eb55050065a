"""Say that kernels are being compiled, when they are: it happens once per install, and takes longer than what it is for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

COMPILING = "compiling the kernels, once per install"


@contextmanager
def announced(say: Callable[[str], None]) -> Iterator[None]:
    """Say `COMPILING` at the first kernel that is compiled in this block; nothing where all come from the cache."""
    from numba.core.event import Listener, install_listener

    class Announcer(Listener):
        """Speaks once."""

        spoken = False

        def on_start(self, _event: Any) -> None:
            """Say it, the first time."""
            if not self.spoken:
                self.spoken = True
                say(COMPILING)

        def on_end(self, _event: Any) -> None:
            """Say nothing."""

    with install_listener("numba:compile", Announcer()):
        yield

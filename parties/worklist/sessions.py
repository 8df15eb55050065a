"""Who is at the desk's page: one address that lets somebody in once, and one session at a time, that ends by itself. Pure but for its clock and draws."""

import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

IDLE_SECONDS: Final = 15 * 60
SECRET_BYTES: Final = 32


@dataclass
class DeskSession:
    """One person at the page: the cookie's value, what forms must carry, a name once it is said, and which sheets may be shown."""

    cookie: str
    form_key: str
    last_seen: float
    who: str = ""
    language: str = ""
    shown: set[tuple[str, str]] = field(default_factory=set)


class Sessions:
    """The one session that there may be; whoever enters anew ends the one before."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Draw the secret of the address that lets in."""
        self._clock = clock
        self._entrance: str | None = _drawn()
        self._session: DeskSession | None = None

    @property
    def entrance(self) -> str:
        """The secret of the address; empty once it was used."""
        return self._entrance or ""

    def enter(self, secret: str) -> DeskSession | None:
        """Return a new session for whoever has the secret, which is good once; None for everybody else."""
        if self._entrance is None or not hmac.compare_digest(secret.encode(), self._entrance.encode()):
            return None
        self._entrance = None
        self._session = DeskSession(_drawn(), _drawn(), self._clock())
        return self._session

    def of(self, cookie: str) -> DeskSession | None:
        """Return the session of a cookie, unless it was idle for too long."""
        session = self._session
        if session is None or not hmac.compare_digest(cookie.encode(), session.cookie.encode()):
            return None
        now = self._clock()
        if now - session.last_seen > IDLE_SECONDS:
            self._session = None
            return None
        session.last_seen = now
        return session

    def leave(self) -> None:
        """End the session."""
        self._session = None


def _drawn() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)

"""How many requests are at work at once: those beyond are turned away before they are read, with the time after which to come again."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from linkage.api.problems import BUSY_STATUS, problem
from schemas.errors import ServiceError

RETRY_AFTER_SECONDS = 1
ALWAYS = frozenset({"/v1/health", "/v1/ready"})  # whoever watches must see that it is busy and not gone
BUSY = "request: the service is busy; send it again after the time in Retry-After"
Messages = Callable[..., Awaitable[Any]]
Scope = MutableMapping[str, Any]


class Admission:
    """ASGI middleware: at most `most` requests at once. Runs on one event loop, so a plain number counts them."""

    def __init__(self, app: Messages, *, most: int) -> None:
        """Admit at most `most` requests to `app` at once."""
        self._app, self._most, self._at_work = app, most, 0

    async def __call__(self, scope: Scope, receive: Messages, send: Messages) -> None:
        """Pass a request on, or turn it away."""
        if scope["type"] != "http" or scope["path"] in ALWAYS:
            await self._app(scope, receive, send)
            return
        if self._at_work >= self._most:
            answer = problem(ServiceError.__name__, BUSY_STATUS, BUSY, {"retry-after": str(RETRY_AFTER_SECONDS), "connection": "close"})
            await answer(scope, receive, send)
            return
        self._at_work += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._at_work -= 1

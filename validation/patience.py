"""Wait where a service is busy: a client that makes a request again when it was turned away before anything was done.

Source: RFC 9110 section 10.2.3 (Retry-After) and RFC 6585 section 4 (429).
"""

import time
from collections.abc import Callable
from typing import Any

import httpx

BUSY = (429, 503)
AT_LEAST_SECONDS, AT_MOST_SECONDS = 0.1, 10.0
PATIENCE_SECONDS = 60.0


class PatientClient(httpx.Client):
    """An HTTP client that waits as long as a busy service asks for, a minute in all; then the last answer counts."""

    sleep: Callable[[float], None] = staticmethod(time.sleep)

    def request(self, method: str, url: httpx.URL | str, **options: Any) -> httpx.Response:
        """Make a request, signed anew each time; see `httpx.Client.request`."""
        left = PATIENCE_SECONDS
        while True:
            answer = super().request(method, url, **options)
            wait = _asked_for(answer)
            if wait is None or wait > left:
                return answer
            self.sleep(wait)
            left -= wait


def _asked_for(answer: httpx.Response) -> float | None:
    """Return how many seconds a busy service asks to wait; None where it is not busy, or does not say."""
    seconds = answer.headers.get("retry-after", "")
    if answer.status_code not in BUSY or not (seconds.isascii() and seconds.isdigit()):
        return None
    return min(max(float(seconds), AT_LEAST_SECONDS), AT_MOST_SECONDS)

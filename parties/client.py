"""Talk to the linkage service as one identity of this organisation: signed requests over TLS, errors given back as our own.

Network only. What cannot be repeated safely is never repeated here.
"""

import secrets
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, cast

import httpx

from parties.keys.identity_keys import key_id, load_signing_key
from parties.settings import NodeSettings
from schemas.agreed import TRUST_FILE
from schemas.errors import USER_ERRORS, ConfigurationError, ServiceError
from schemas.request_signing import RequestSigner
from schemas.roster import Role
from validation.patience import PatientClient

TIMEOUT = httpx.Timeout(300, connect=10)  # seconds; the service checks a whole submission before it answers
RETRY_AFTER_SECONDS = (0.2, 1.0, 3.0)
IDEMPOTENT = ("GET", "PUT")
_NONCE_BYTES = 24


class ServiceClient:
    """The linkage service as one role of this organisation sees it; close it, or use it in a `with` statement."""

    def __init__(self, settings: NodeSettings, role: Role, *, transport: httpx.BaseTransport | None = None) -> None:
        """Sign as `role`; `transport` replaces the network.

        Raises:
            ConfigurationError: the role's key or the service's certificate authority is missing.
        """
        signer = RequestSigner(
            key_id(settings, role),
            load_signing_key(settings, role),
            clock=lambda: datetime.now(UTC),
            nonce=lambda: secrets.token_urlsafe(_NONCE_BYTES),
        )
        trust = _trust(settings) if transport is None else True
        self._url = settings.service_url
        self._http = PatientClient(
            base_url=settings.service_url,
            verify=trust,
            auth=cast("Callable[[httpx.Request], httpx.Request]", signer),
            timeout=TIMEOUT,
            transport=transport,
        )

    def get(self, path: str) -> httpx.Response:
        """Get `path`; see `request`."""
        return self.request("GET", path)

    def put(self, path: str, *, json: Any = None, content: bytes | None = None) -> httpx.Response:
        """Put JSON or raw bytes at `path`; see `request`."""
        return self.request("PUT", path, json=json, content=content)

    def post(self, path: str, *, json: Any = None) -> httpx.Response:
        """Post JSON to `path`, once; see `request`."""
        return self.request("POST", path, json=json)

    def request(self, method: str, path: str, *, json: Any = None, content: bytes | None = None) -> httpx.Response:
        """Send a request and return the answer, which is a success.

        GET and PUT are tried again when the connection fails, all when the service is busy.

        Raises:
            UserError: of the class that the service names.
            ServiceError: it cannot be reached, or answered with a fault.
        """
        answer = self._send(method, path, json=json, content=content)
        if answer.is_success:
            return answer
        raise _error(answer)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _send(self, method: str, path: str, **body: Any) -> httpx.Response:
        waits = iter(RETRY_AFTER_SECONDS if method in IDEMPOTENT else ())
        while True:
            try:
                return self._http.request(method, path, **body)
            except httpx.TransportError as error:
                wait = next(waits, None)
                if wait is None:
                    raise self._unreachable(error) from None
            time.sleep(wait)

    def _unreachable(self, error: httpx.TransportError) -> ServiceError:
        what = (
            "its certificate is not one this node trusts; install the service's ca.pem"
            if "CERTIFICATE_VERIFY_FAILED" in str(error)
            else "check the address, and that it runs"
        )
        return ServiceError(f"linkage service {self._url}: no connection; {what}")


def _error(answer: httpx.Response) -> Exception:
    try:
        problem = answer.json()
        title, detail = str(problem["title"]), str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        title, detail = "ServiceError", f"linkage service answered {answer.status_code} without saying why; ask its operator"
    return USER_ERRORS.get(title, ServiceError)(detail)


def _trust(settings: NodeSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.path(TRUST_FILE))
    except (FileNotFoundError, ssl.SSLError):
        raise ConfigurationError(f"{settings.path(TRUST_FILE)}: missing or not a certificate; install the service's ca.pem") from None

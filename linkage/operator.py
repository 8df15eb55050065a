"""The operator's side of the service: one operator's directory, one key, the same API as everyone.

Nothing here reads the service's own directory or database: what an operator may do, the service decides.
"""

import json
import secrets
import ssl
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import httpx
from pydantic import Field, ValidationError

from linkage.agreed import load_agreed
from linkage.approvals import CONTEXT as APPROVAL_CONTEXT
from linkage.approvals import RELEASE
from linkage.clock import utc_now
from linkage.initialise import read_signing_key
from linkage.settings import SETTINGS_FILE
from schemas.agreed import TRUST_FILE
from schemas.canonical import canonical_json
from schemas.errors import USER_ERRORS, ConfigurationError, RoundError, ServiceError, UserError
from schemas.instants import as_text
from schemas.request_signing import RequestSigner
from schemas.roster import Role
from schemas.round_manifest import CONTEXT as ROUND_CONTEXT
from schemas.round_manifest import RoundManifest
from schemas.signature import signed
from validation.keyring import PassphraseReference
from validation.patience import PatientClient

TIMEOUT_SECONDS = 600  # a wave of a large round is made while the operator waits
NONCE_BYTES = 16


class OperatorSettings(PassphraseReference):
    """Who this operator is, and where the service is."""

    organisation: str = Field(max_length=64)
    key_id: str = Field(max_length=128)
    service_url: str = Field(max_length=300)


class OperatorClient:
    """What one operator can do; close it, or use it in a `with`."""

    def __init__(self, directory: Path, *, transport: httpx.BaseTransport | None = None) -> None:
        """Work as the operator in `directory`; `transport` takes the network's place.

        Raises:
            ConfigurationError: there is no operator there, or its files are malformed.
        """
        self._directory = directory
        self._settings = _load_settings(directory)
        self._key = read_signing_key(directory, Role.OPERATOR, self._settings)
        signer = RequestSigner(self._settings.key_id, self._key, clock=utc_now, nonce=lambda: secrets.token_urlsafe(NONCE_BYTES))
        self._client = PatientClient(
            base_url=self._settings.service_url,
            auth=cast("Callable[[httpx.Request], httpx.Request]", signer),
            transport=transport,
            verify=_trust(directory) if transport is None else False,
            timeout=TIMEOUT_SECONDS,
        )

    def open_round(self, round_id: str, *, opens_at: datetime, closes_at: datetime) -> dict[str, Any]:
        """Open a round under the installed roster and agreement.

        Raises:
            RoundError: a round cannot have that name.
            UserError: as the service answers.
        """
        agreed = load_agreed(self._directory)
        try:
            manifest = RoundManifest(
                round_id=round_id,
                roster_digest=agreed.roster_digest,
                agreement_digest=agreed.agreement_digest,
                purpose=agreed.agreement.purpose,
                scope=agreed.agreement.scope,
                opens_at=as_text(opens_at),
                closes_at=as_text(closes_at),
            )
        except ValidationError:
            raise RoundError("round: its name is 3 to 41 lower-case letters, digits and hyphens; choose another") from None
        return self._send("PUT", f"/v1/rounds/{round_id}", self._signed(ROUND_CONTEXT, manifest.model_dump()))

    def rounds(self) -> list[dict[str, Any]]:
        """Return every round's name and state, newest first."""
        found: list[dict[str, Any]] = self._send("GET", "/v1/rounds")["rounds"]
        return found

    def status(self, round_id: str) -> dict[str, Any]:
        """Return a round in full.

        Raises:
            UserError: as the service answers.
        """
        return self._send("GET", f"/v1/rounds/{round_id}")

    def quality(self, round_id: str) -> dict[str, Any]:
        """Return what planted controls say of a round.

        Raises:
            RoundError: it has no findings yet, or no controls.
        """
        return self._send("GET", f"/v1/rounds/{round_id}/quality")

    def close_round(self, round_id: str) -> dict[str, Any]:
        """Close a round to submissions."""
        return self._send("POST", f"/v1/rounds/{round_id}/close")

    def cancel(self, round_id: str, reason: str) -> dict[str, Any]:
        """Cancel a round that was not released, for a reason of the list.

        Raises:
            RoundError: the reason is not on the list, or the round is released or has expired.
        """
        return self._send("POST", f"/v1/rounds/{round_id}/cancel", canonical_json({"reason": reason}))

    def open_wave(self, round_id: str, wave: int) -> dict[str, Any]:
        """Open a wave of the second look to the custodians who answer."""
        return self._send("POST", f"/v1/rounds/{round_id}/waves/{wave}")

    def approve(self, round_id: str) -> dict[str, Any]:
        """Approve the release of the findings as they now stand.

        Raises:
            RoundError: there are no findings yet.
        """
        findings = self.status(round_id)["findings_digest"]
        if findings is None:
            raise RoundError("round: no findings yet, so there is nothing to approve; see `kinlink round status`")
        body = {"round_id": round_id, "findings_digest": findings, "action": RELEASE}
        return self._send("POST", f"/v1/rounds/{round_id}/approvals", self._signed(APPROVAL_CONTEXT, body))

    def release(self, round_id: str) -> dict[str, Any]:
        """Release what two operators approved."""
        return self._send("POST", f"/v1/rounds/{round_id}/release")

    def expire(self, round_id: str, *, early: bool = False) -> dict[str, Any]:
        """Have a round destroyed, `early` also where its tokens can still be redeemed."""
        return self._send("POST", f"/v1/rounds/{round_id}/expire", canonical_json({"early": early}))

    def audit(self, after: int = 0) -> list[dict[str, Any]]:
        """Return audit events after a sequence number, oldest first, up to one page."""
        events: list[dict[str, Any]] = self._send("GET", f"/v1/audit?after={after}")["events"]
        return events

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Close the connections."""
        self.close()

    def _signed(self, context: str, body: dict[str, Any]) -> bytes:
        load_agreed(self._directory)  # a key in the clear signs under no agreement but one for development
        return canonical_json(signed(self._key, self._settings.key_id, context, body).model_dump())

    def _send(self, method: str, path: str, body: bytes = b"") -> dict[str, Any]:
        try:
            response = self._client.request(method, path, content=body, headers={"content-type": "application/json"})
        except httpx.TransportError as error:
            raise ServiceError(
                f"{self._settings.service_url} does not answer ({type(error).__name__}); check that `kinlink service serve` runs, and ca.pem"
            ) from None
        answer = _json(response)
        if response.is_error:
            raise _error(answer)
        return answer


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise ServiceError(f"the service answered {response.status_code} with something else than JSON; check service_url in settings.json")
    return answer


def _error(answer: dict[str, Any]) -> UserError:
    kind = USER_ERRORS.get(str(answer.get("title")), ServiceError)
    return kind(str(answer.get("detail", "the service refused the request and did not say why")))


def _load_settings(directory: Path) -> OperatorSettings:
    try:
        return OperatorSettings.model_validate(json.loads((directory / SETTINGS_FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ConfigurationError(f"no operator in {directory}; make one with `kinlink round operator`") from None
    except (ValidationError, ValueError):
        raise ConfigurationError(f"{directory / SETTINGS_FILE} is malformed; compare it with docs/reference/settings.md") from None


def _trust(directory: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=directory / TRUST_FILE)
    except (OSError, ssl.SSLError):
        raise ConfigurationError(
            f"{directory / TRUST_FILE} is missing or unreadable; get the service's tls/ca.pem from its operator"
        ) from None

"""Errors as problem documents (RFC 9457): the class's name, a status, one line. Anything unexpected says nothing.

Source: RFC 9457, Problem Details for HTTP APIs.
"""

import logging
from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from linkage.inbox.submissions import ConflictError, UnknownSubmissionError
from linkage.rounds import UnknownRoundError
from schemas.errors import (
    USER_ERRORS,
    AgreementError,
    AuthenticationError,
    BudgetError,
    NotPermittedError,
    RoundError,
    ServiceError,
    SubmissionError,
    TokenError,
    UserError,
)

MEDIA_TYPE = "application/problem+json"
BUSY_STATUS = 429
FAULT = "the service met a fault and changed nothing it can name; send the request again, then tell the operator"

log = logging.getLogger("kinlink.service")


class TooLargeError(SubmissionError):
    """A body is over its limit."""


class TooSlowError(ServiceError):
    """A body took too long to arrive."""


class UnknownEnvelopeError(NotPermittedError):
    """There is no such envelope."""


class UnknownTokenError(TokenError):
    """There is no such token."""


class UnknownFeedError(RoundError):
    """There is no such feed of events."""


STATUS: Mapping[type[UserError], int] = {
    AuthenticationError: 401,
    NotPermittedError: 403,
    UnknownRoundError: 404,
    UnknownSubmissionError: 404,
    UnknownEnvelopeError: 404,
    UnknownTokenError: 404,
    UnknownFeedError: 404,
    RoundError: 409,
    TokenError: 409,
    BudgetError: 409,
    ConflictError: 409,
    TooSlowError: 408,
    TooLargeError: 413,
    AgreementError: 422,
    SubmissionError: 422,
}


HANG_UP = (STATUS[TooLargeError], STATUS[TooSlowError])  # the rest of the body would still be received


def status_of(error: UserError) -> int | None:
    """Return the status of the nearest class in the table; None means the fault is the service's own."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), None)


def title_of(error: UserError) -> str:
    """Return the name by which a client finds the class again."""
    return next(kind.__name__ for kind in type(error).__mro__ if USER_ERRORS.get(kind.__name__) is kind)


def problem(title: str, status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return a problem document; who sends too much, or too slowly, is hung up on."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    hang_up = {"connection": "close"} if status in HANG_UP else {}
    return JSONResponse(body, status_code=status, headers={**hang_up, **(headers or {})}, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make `app` answer every error as a problem document."""
    app.add_exception_handler(UserError, _user_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _fault)


async def _user_error(_request: Request, error: Exception) -> JSONResponse:
    status = status_of(error) if isinstance(error, UserError) else None
    if status is None or not isinstance(error, UserError):
        log.error("fault: %s", type(error).__name__, exc_info=error)
        return problem(ServiceError.__name__, 500, FAULT)
    return problem(title_of(error), status, str(error))


async def _invalid(_request: Request, _error: Exception) -> JSONResponse:
    return problem(SubmissionError.__name__, 422, "request: a parameter is malformed; compare it with docs/reference/api.md")


async def _http(_request: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return problem(NotPermittedError.__name__, status, "request: no such address or method; compare it with docs/reference/api.md")


async def _fault(_request: Request, _error: Exception) -> JSONResponse:
    return problem(ServiceError.__name__, 500, FAULT)

"""The boundary between a node and its orchestrator: an exception becomes a stage and a code, and nothing else.

Prefect stores exception texts, parameters and results in clear. Inside the boundary the error keeps its words for the
node's own console; outside, a `CodedError` without cause or context is all there is.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from schemas.errors import CodedError, KinlinkError

UNEXPECTED = 1

P = ParamSpec("P")
R = TypeVar("R")

_last_error: list[BaseException] = []


def coded(stage: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator that turns any exception of a stage into a `CodedError`."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def within(*args: P.args, **kwargs: P.kwargs) -> R:
            failure: CodedError
            try:
                return function(*args, **kwargs)
            except CodedError as error:
                failure = CodedError(stage, error.code)
            except Exception as error:  # noqa: BLE001 - whatever it is, its text must not reach the orchestrator
                _last_error[:] = [error]
                failure = CodedError(stage, error.exit_code if isinstance(error, KinlinkError) else UNEXPECTED)
            raise failure  # outside the handler, so that it carries no context

        return within

    return decorate


def last_error() -> BaseException | None:
    """Return what the boundary last turned into a code in this process, for the node's own console."""
    return _last_error[0] if _last_error else None

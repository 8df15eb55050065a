"""The error tree, and the exit code of each branch. Pure.

    KinlinkError
    ├── UserError               shown as one line, no traceback
    │   ├── ExtractError        10  an extract breaks a rule: file, row, column, rule
    │   ├── ConfigurationError  11  settings, directories or machine
    │   ├── AgreementError      12  roster, agreement or round differ from what was signed
    │   ├── SubmissionError     13  a submission is malformed, late, oversized or out of order
    │   ├── AuthenticationError 14  a signature, nonce or clock is not acceptable
    │   ├── NotPermittedError   15  the role may not do this to this object in this state
    │   ├── SealError           16  an envelope is not ours, damaged, or meant for another round
    │   ├── TokenError          17  a token is unknown, expired or already redeemed
    │   ├── BudgetError         18  the privacy budget does not cover the request
    │   ├── RoundError          19  the round's state forbids this
    │   ├── ServiceError        20  the service cannot be reached, or answered with a fault
    │   └── AlarmError          21  something that must never happen did: stop, and call
    └── CodedError            30  what an orchestrator is told: a code, and nothing else

A user's error says where, which rule, and what to do next; it never quotes a value. Anything else
is a bug and keeps its traceback.
"""

from typing import ClassVar


class KinlinkError(Exception):
    """Root of every error that Kinlink raises on purpose. Never raised directly."""

    exit_code: ClassVar[int] = 1


class UserError(KinlinkError):
    """Something a person can mend; shown as one line. Never raised directly."""


class ExtractError(UserError):
    """An extract cannot be read or breaks a rule."""

    exit_code = 10


class ConfigurationError(UserError):
    """Settings, a directory or the machine are not as they must be."""

    exit_code = 11


class AgreementError(UserError):
    """Roster, agreement or round manifest differ from what was signed, or are not valid."""

    exit_code = 12


class SubmissionError(UserError):
    """A submission is malformed, truncated, oversized, late or out of order."""

    exit_code = 13


class AuthenticationError(UserError):
    """A request's signature, nonce, digest or clock is not acceptable."""

    exit_code = 14


class NotPermittedError(UserError):
    """The role may not do this to this object in its present state."""

    exit_code = 15


class SealError(UserError):
    """An envelope is damaged, or sealed to another organisation or round."""

    exit_code = 16


class TokenError(UserError):
    """A referral token is unknown, expired, revoked or already redeemed."""

    exit_code = 17


class BudgetError(UserError):
    """The privacy budget does not cover the request."""

    exit_code = 18


class RoundError(UserError):
    """The round's state forbids the step."""

    exit_code = 19


class ServiceError(UserError):
    """The linkage service cannot be reached, or answered with a fault."""

    exit_code = 20


class AlarmError(UserError):
    """Something that must never happen did; nothing was done with it, and somebody has to be called."""

    exit_code = 21


class CodedError(KinlinkError):
    """A failure as an orchestrator may see it: the stage and an exit code, no text and no cause."""

    exit_code = 30

    def __init__(self, stage: str, code: int) -> None:
        """Keep the stage's name and the exit code of what went wrong."""
        super().__init__(f"{stage} failed with code {code}; the node's own log says why")
        self.code = code


USER_ERRORS: dict[str, type[UserError]] = {error.__name__: error for error in UserError.__subclasses__()}

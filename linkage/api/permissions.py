"""Which role may do what, to whose objects: the one table. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from schemas.errors import NotPermittedError
from schemas.roster import Role

ANYONE = frozenset(Role)
NOT_YOURS = "it belongs to another organisation; work with your own"


@dataclass(frozen=True)
class Caller:
    """The identity that signed a request, out of the roster."""

    organisation: str
    key_id: str
    role: Role
    signing_key: str


class Action(StrEnum):
    """What a request does, as a refusal names it."""

    OPEN_ROUND = "open a round"
    SEE_ROUND = "see a round"
    SEE_PROGRESS = "see a round's progress"
    SEND_SHARE = "send a key share"
    COLLECT_SHARES = "collect key shares"
    SUBMIT = "submit"
    CLOSE_ROUND = "close a round"
    CANCEL = "cancel a round"
    OPEN_WAVE = "open a wave of the second look"
    ANSWER = "answer requests"
    APPROVE = "approve a release"
    RELEASE = "release"
    COLLECT_ENVELOPE = "collect envelopes"
    REDEEM = "redeem a token"
    ACKNOWLEDGE = "acknowledge envelopes"
    COLLECT_QUESTIONS = "collect questions"
    COUNT = "ask for tables"
    SEE_LEDGER = "see the privacy ledger"
    EXPIRE = "expire a round"
    STATE_DELETION = "state what was deleted"
    READ_AUDIT = "read the audit log"
    SEE_HEADS = "see the heads of the logs"
    PUBLISH_EVENTS = "publish events"
    COLLECT_EVENTS = "collect events"


@dataclass(frozen=True)
class Permission:
    """Who may, and what is said where the object is another organisation's."""

    roles: frozenset[Role]
    not_yours: str = NOT_YOURS


PERMISSIONS: Mapping[Action, Permission] = {
    Action.OPEN_ROUND: Permission(frozenset({Role.OPERATOR})),
    Action.SEE_ROUND: Permission(ANYONE),
    Action.SEE_PROGRESS: Permission(frozenset({Role.OPERATOR})),
    Action.SEND_SHARE: Permission(frozenset({Role.KEY_HOLDER})),
    Action.COLLECT_SHARES: Permission(frozenset({Role.CUSTODIAN})),
    Action.SUBMIT: Permission(frozenset({Role.CUSTODIAN})),
    Action.CLOSE_ROUND: Permission(frozenset({Role.OPERATOR})),
    Action.CANCEL: Permission(frozenset({Role.OPERATOR})),
    Action.OPEN_WAVE: Permission(frozenset({Role.OPERATOR})),
    Action.ANSWER: Permission(frozenset({Role.CUSTODIAN})),
    Action.APPROVE: Permission(frozenset({Role.OPERATOR})),
    Action.RELEASE: Permission(frozenset({Role.OPERATOR})),
    Action.COLLECT_ENVELOPE: Permission(
        frozenset({Role.DESK}), "envelope is sealed to another authority; collect your own with `kinlink party collect`"
    ),
    Action.REDEEM: Permission(frozenset({Role.DESK}), "token is another authority's; redeem your own with `kinlink party collect`"),
    Action.ACKNOWLEDGE: Permission(frozenset({Role.DESK}), "envelope is sealed to another authority; acknowledge your own"),
    Action.COLLECT_QUESTIONS: Permission(frozenset({Role.DESK})),
    Action.COUNT: Permission(frozenset({Role.STATISTICIAN})),
    Action.SEE_LEDGER: Permission(frozenset({Role.STATISTICIAN})),
    Action.EXPIRE: Permission(frozenset({Role.OPERATOR})),
    Action.STATE_DELETION: Permission(frozenset({Role.CUSTODIAN, Role.KEY_HOLDER})),
    Action.READ_AUDIT: Permission(frozenset({Role.OPERATOR})),
    Action.SEE_HEADS: Permission(ANYONE),
    Action.PUBLISH_EVENTS: Permission(frozenset({Role.CUSTODIAN})),
    Action.COLLECT_EVENTS: Permission(frozenset({Role.DESK})),
}


def can(caller: Caller, action: Action) -> bool:
    """Say whether the caller's role may do this at all."""
    return caller.role in PERMISSIONS[action].roles


def check_can(caller: Caller, action: Action, owner: str | None = None) -> None:
    """Check that the caller may do this, to an object of `owner` where it has one.

    Raises:
        NotPermittedError: the role may not, or the object is another organisation's.
    """
    permission = PERMISSIONS[action]
    if not can(caller, action):
        allowed = ", ".join(sorted(permission.roles))
        raise NotPermittedError(f"{caller.role}: may not {action}; sign with a key of role {allowed}")
    if owner is not None and owner != caller.organisation:
        raise NotPermittedError(permission.not_yours)

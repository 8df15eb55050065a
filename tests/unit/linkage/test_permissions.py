"""The permission table, enumerated: every role and every action."""

import pytest

from linkage.api.permissions import PERMISSIONS, Action, Caller, can, check_can
from schemas.errors import NotPermittedError
from schemas.roster import Role

MAY = {
    (Role.OPERATOR, Action.OPEN_ROUND),
    (Role.OPERATOR, Action.CLOSE_ROUND),
    (Role.OPERATOR, Action.CANCEL),
    (Role.OPERATOR, Action.OPEN_WAVE),
    (Role.OPERATOR, Action.APPROVE),
    (Role.OPERATOR, Action.RELEASE),
    (Role.OPERATOR, Action.SEE_PROGRESS),
    (Role.OPERATOR, Action.READ_AUDIT),
    (Role.OPERATOR, Action.EXPIRE),
    (Role.KEY_HOLDER, Action.SEND_SHARE),
    (Role.KEY_HOLDER, Action.STATE_DELETION),
    (Role.CUSTODIAN, Action.STATE_DELETION),
    (Role.CUSTODIAN, Action.COLLECT_SHARES),
    (Role.CUSTODIAN, Action.SUBMIT),
    (Role.CUSTODIAN, Action.ANSWER),
    (Role.DESK, Action.COLLECT_ENVELOPE),
    (Role.DESK, Action.REDEEM),
    (Role.DESK, Action.ACKNOWLEDGE),
    (Role.DESK, Action.COLLECT_QUESTIONS),
    (Role.STATISTICIAN, Action.COUNT),
    (Role.STATISTICIAN, Action.SEE_LEDGER),
    (Role.CUSTODIAN, Action.PUBLISH_EVENTS),
    (Role.DESK, Action.COLLECT_EVENTS),
    *((role, action) for role in Role for action in (Action.SEE_ROUND, Action.SEE_HEADS)),
}


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("role", list(Role))
def test_a_role_may_do_what_the_table_says_and_nothing_else(role, action):
    caller = Caller("us", "us/key", role, "")
    assert can(caller, action) is ((role, action) in MAY)
    if can(caller, action):
        check_can(caller, action)
        check_can(caller, action, "us")
        with pytest.raises(NotPermittedError):
            check_can(caller, action, "them")
    else:
        with pytest.raises(NotPermittedError, match=f"{role}: may not {action}; sign with a key of role"):
            check_can(caller, action, "us")


def test_every_action_is_in_the_table():
    assert set(PERMISSIONS) == set(Action)

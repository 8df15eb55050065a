"""What crosses to the orchestrator when a stage fails: the stage and a code."""

import pytest

from flows.boundary import UNEXPECTED, coded, last_error
from schemas.errors import USER_ERRORS, CodedError, ExtractError

SECRET = "Qzxmarkerby"


def failing(error):
    @coded("some stage")
    def stage():
        raise error

    return stage


def caught(stage):
    with pytest.raises(CodedError) as raised:
        stage()
    return raised.value


def test_an_answer_passes_through():
    assert coded("some stage")(lambda one, *, other: one + other)(1, other=2) == 3


@pytest.mark.parametrize("error", USER_ERRORS.values(), ids=lambda error: error.__name__)
def test_an_error_becomes_its_stage_and_exit_code(error):
    seen = caught(failing(error(SECRET)))
    assert (seen.code, str(seen)) == (error.exit_code, f"some stage failed with code {error.exit_code}; the node's own log says why")


def test_what_nobody_foresaw_becomes_code_one():
    assert caught(failing(ValueError(SECRET))).code == UNEXPECTED == 1


def test_the_error_outside_has_no_cause_no_context_and_no_frame_of_the_stage():
    seen = caught(failing(ExtractError(SECRET)))
    assert seen.__cause__ is None
    assert seen.__context__ is None
    frames = []
    trace = seen.__traceback__
    while trace:
        frames.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    assert "stage" not in frames
    assert SECRET not in repr(seen) + str(seen.args)


def test_a_coded_error_from_further_in_keeps_its_code_and_takes_this_stages_name():
    seen = caught(coded("outer")(failing(ExtractError(SECRET))))
    assert (seen.code, "outer" in str(seen)) == (10, True)


def test_the_node_itself_still_knows_the_error():
    error = ExtractError("receptions.csv, row 2: a rule")
    caught(failing(error))
    assert last_error() is error


def test_an_interrupt_is_no_failure():
    with pytest.raises(KeyboardInterrupt):
        failing(KeyboardInterrupt())()

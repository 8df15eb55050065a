"""Questions to an authority about its own records: one message of fixed size for each authority and round. Pure.

Every record is asked the same questions, and there is the same number of records whatever was found. Which of them
were chosen for a reason and which at random, the message does not say; some ids may be nobody's, and are skipped.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from schemas.canonical import canonical_json
from schemas.errors import SubmissionError

QUESTIONS_BYTES = 4_608  # room for the most children that an agreement may ask about
MAX_QUESTIONS = 100
Question = Literal["former_surname", "earlier_postcode", "second_date_of_birth", "middle_names", "other_forename"]
QUESTIONS: tuple[Question, ...] = ("former_surname", "earlier_postcode", "second_date_of_birth", "middle_names", "other_forename")


class QuestionsBody(BaseModel):
    """What an authority's desk reads once it opens its questions. Shows nothing in `repr`.

    `children` are person ids of the authority's own submission, or nobody's; `questions` are asked of each of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    round_id: str = Field(max_length=64)
    authority: str = Field(max_length=64)
    questions: tuple[Question, ...] = Field(min_length=1, max_length=len(QUESTIONS))
    children: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")], ...] = Field(max_length=MAX_QUESTIONS)

    def __repr__(self) -> str:
        """Show nothing."""
        return "QuestionsBody(…)"

    __str__ = __repr__


def questions_context(round_digest: str, authority: str) -> str:
    """Return the sealing context of the questions to one authority in one round."""
    return f"kinlink/questions/1|{round_digest}|{authority}"


def write_questions(body: QuestionsBody) -> bytes:
    """Return the body, padded with spaces to `QUESTIONS_BYTES`."""
    return canonical_json(body.model_dump(mode="json")).ljust(QUESTIONS_BYTES)


def read_questions(content: bytes) -> QuestionsBody:
    """Return the body in `content`.

    Raises:
        SubmissionError: it is not a body of the fixed size.
    """
    if len(content) != QUESTIONS_BYTES:
        raise SubmissionError("questions: opened, but their content has the wrong size; report it to the linkage operator")
    try:
        return QuestionsBody.model_validate(from_json(content))
    except (ValidationError, ValueError):
        raise SubmissionError("questions: opened, but their content is malformed; report it to the linkage operator") from None

"""What an authority has answered about a record becomes further rows of it, beside those that the extract gives. Pure.

An answer adds, and takes nothing away: a record is still what the extract says. Middle names alone fill a gap, because no
filter is made of them and the second look reads those of the record itself.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from schemas.questions import Question

Record = Mapping[str, str]
Answers = Mapping[tuple[str, str], Mapping[str, str]]  # by file of the extract and record id: question → what was answered, never ""
NO_ANSWERS: Answers = MappingProxyType({})
KEY_COLUMNS: Mapping[str, str] = {"children": "child_id", "carers": "carer_id"}  # of the files that are asked about
_PREFIX = "answered."  # tells an answer from the extract's own column of that name
_REPLACED: Mapping[Question, tuple[str, ...]] = {  # what another row has instead of the record's own; the rest of these it leaves out
    "former_surname": ("surname",),
    "other_forename": ("forename",),
    "second_date_of_birth": ("date_of_birth",),
    "earlier_postcode": ("postcode", "address", "town"),
}


def with_answers(file: str, record: Record, answers: Answers) -> Record:
    """Return the record with what was answered about it, for `answered_sources` to find."""
    answer = answers.get((file, record.get(KEY_COLUMNS.get(file, ""), "")))
    if answer is None:
        return record
    middle_names = record.get("middle_names") or answer.get("middle_names", "")
    return {**record, **{_PREFIX + question: text for question, text in answer.items()}, "middle_names": middle_names}


def answered_sources(record: Record) -> Iterator[Record]:
    """Yield the record once for each other name, date or place that was answered about it."""
    for question, (column, *rest) in _REPLACED.items():
        if text := record.get(_PREFIX + question):
            yield {**record, column: text, **dict.fromkeys(rest, "")}

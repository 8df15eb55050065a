"""The pages of the desk: what each shows, out of cases as the commands see them. They load and run nothing, and name no child."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, Final, NamedTuple

from parties.referrals.looking import Why
from parties.referrals.outcomes import Case
from parties.referrals.wording import Wording
from parties.worklist.sessions import DeskSession
from parties.worklist.wording import WORDS


class Fault(NamedTuple):
    """What is to be put right, and the field that it is about; "" where it is about none."""

    text: str
    field: str = ""


class Listed(NamedTuple):
    """What the list shows: the desk's rounds, which one, its cases, which of them are overdue, and which sheets wait for approval."""

    rounds: Sequence[str]
    round: str
    cases: Sequence[Case]
    late: Collection[str]
    held: Sequence[str]


class Pages:
    """The pages in an authority's languages; the first is shown until another is chosen."""

    def __init__(self, languages: Sequence[Wording]) -> None:
        """Write in these languages."""
        self._languages: Final = {wording.language: wording for wording in languages}

    def language_after(self, language: str) -> str:
        """Return the other language, or the same where there is one alone."""
        return next((name for name in self._languages if name != language), language)

    def words(self, session: DeskSession | None) -> Mapping[str, str]:
        """Return the words of a session's language."""
        return WORDS[self.language(session)]

    def who(self, session: DeskSession, fault: Fault | None = None) -> str:
        """Return the page that asks who is there."""
        return self._page("who.html", session, "/", error=fault)

    def left(self) -> str:
        """Return the page after the session."""
        return self._page("left.html", None, "/")

    def worklist(self, session: DeskSession, listed: Listed) -> str:
        """Return the list of a round's cases, and of what waits for approval."""
        return self._page("list.html", session, f"/?round={listed.round}", **listed._asdict())

    def case(
        self,
        session: DeskSession,
        round_id: str,
        case: Case,
        looks: Sequence[tuple[str, str, str]],
        *,
        late: bool,
        has_sheet: bool,
        is_open: bool,
        today: date,
        fault: Fault | None = None,
    ) -> str:
        """Return the page of one case."""
        return self._page(
            "case.html", session, f"/case/{round_id}/{case.document}", error=fault, round=round_id, case=case, looks=looks, late=late,
            has_sheet=has_sheet, is_open=is_open, today=today.isoformat(), reasons=list(Why),
        )  # fmt: skip

    def _page(self, template: str, session: DeskSession | None, here: str, **content: Any) -> str:
        language = self.language(session)
        other = self.language_after(language)
        frame = {
            "language": language,
            "others": other if other != language else "",
            "w": WORDS[language],
            "roles": {role.value: name for role, name in self._languages[language].roles.items()},
            "entered": session is not None,
            "form": session.form_key if session else "",
            "here": here,
            "error": None,
        }
        return str(_environment().get_template(template).render({**frame, **content}))

    def language(self, session: DeskSession | None) -> str:
        """Return the language that a session has chosen, or the first."""
        chosen = session.language if session else ""
        return chosen if chosen in self._languages else next(iter(self._languages))


@cache
def _environment() -> Any:
    import jinja2

    loader = jinja2.PackageLoader("parties.worklist", "templates")
    return jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)

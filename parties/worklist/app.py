"""The desk's page as an application: who may see it, what a form does. Everything is done by the functions that the commands use.

Only this machine reaches it, only under its own name, and only with the cookie that the one-time address gave. Forms carry a key of the session, so that
no other page of the same browser can send one. Nothing is kept by the browser.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Final
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from parties.loopback import HEADERS
from parties.referrals.calendar import LONDON
from parties.referrals.cases import CaseState
from parties.referrals.listing import waiting
from parties.referrals.looking import Why, look_at, looks
from parties.referrals.outcomes import REFERRALS, Case, Heard, cases, correct_outcome, overdue, record_outcome, rounds_here
from parties.referrals.pdf import as_pdf
from parties.referrals.wording import Wording
from parties.settings import NodeSettings
from parties.worklist.pages import Fault, Listed, Pages
from parties.worklist.sessions import DeskSession, Sessions
from schemas.errors import ConfigurationError, UserError

COOKIE: Final = "kinlink-desk"
MAX_FORM_BYTES: Final = 8 * 1024
MAX_NAME: Final = 80
SEE_OTHER, NOT_IN, WRONG_HOST, WRONG, TOO_LARGE, NOT_HERE = 303, 403, 400, 422, 413, 404
ASK_AGAIN: Final = "not let in: start `kinlink party worklist` again, and open the address that it prints"

Form = dict[str, str]


class DeskApplication:
    """The routes, over one node's settings."""

    def __init__(self, settings: NodeSettings, languages: tuple[Wording, ...], sessions: Sessions, *, host: str) -> None:
        """Answer for the node of `settings`, under the name `host` (with its port) alone."""
        self._settings, self._sessions, self._host, self._pages = settings, sessions, host, Pages(languages)

    def routes(self) -> list[Route]:
        """Return every route; each but the entrance wants the session."""
        case = "/case/{round_id}/{document}"
        return [
            Route("/enter", self._checked(self._enter)),
            Route("/", self._within(self._list)),
            Route("/who", self._within(self._who, form=True), methods=["POST"]),
            Route("/language", self._within(self._language, form=True), methods=["POST"]),
            Route("/leave", self._within(self._leave, form=True), methods=["POST"]),
            Route(case, self._within(self._case)),
            Route(f"{case}/open", self._within(self._open, form=True), methods=["POST"]),
            Route(f"{case}/sheet", self._within(self._sheet)),
            Route(f"{case}/sheet.pdf", self._within(self._sheet)),
            Route(f"{case}/record", self._within(self._record, form=True), methods=["POST"]),
            Route(f"{case}/heard", self._within(self._heard, form=True), methods=["POST"]),
            Route(f"{case}/correct", self._within(self._correct, form=True), methods=["POST"]),
        ]

    # Who may

    def _checked(self, answer: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
        """Answer under our own name alone (another page could have its name lead here), and say to the browser to keep nothing."""

        async def checked(request: Request) -> Response:
            if request.headers.get("host") != self._host:
                return PlainTextResponse("not here", WRONG_HOST, HEADERS)
            response = await run_in_threadpool(answer, request)
            response.headers.update(HEADERS)
            return response

        return checked

    def _within(
        self, answer: Callable[[Request, DeskSession, Form], Response], *, form: bool = False
    ) -> Callable[[Request], Awaitable[Response]]:
        """Answer within the session alone; a form must carry its key, and somebody's name must be known before anything else."""

        async def within(request: Request) -> Response:
            given: Form = {}
            if form:
                body = bytearray()
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > MAX_FORM_BYTES:
                        return PlainTextResponse("too large", TOO_LARGE, HEADERS)
                given = {name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}

            def answered(request: Request) -> Response:
                session = self._sessions.of(request.cookies.get(COOKIE, ""))
                if session is None or (form and given.get("form") != session.form_key):
                    return PlainTextResponse(ASK_AGAIN, NOT_IN)
                if not session.who and request.url.path not in {"/who", "/language", "/leave"}:
                    return HTMLResponse(self._pages.who(session))
                return answer(request, session, given)

            return await self._checked(answered)(request)

        return within

    # What is shown

    def _enter(self, request: Request) -> Response:
        session = self._sessions.enter(request.query_params.get("key", ""))
        if session is None:
            return PlainTextResponse(ASK_AGAIN, NOT_IN)
        response = _to("/")
        response.set_cookie(COOKIE, session.cookie, httponly=True, samesite="strict", path="/")
        return response

    def _list(self, request: Request, session: DeskSession, _: Form) -> Response:
        rounds = rounds_here(self._settings)
        asked = request.query_params.get("round", "")
        round_id = asked if asked in rounds else next(iter(rounds), "")
        found = cases(self._settings, round_id)
        listed = Listed(rounds, round_id, found, overdue(found, datetime.now(UTC)), waiting(self._settings, round_id))
        return HTMLResponse(self._pages.worklist(session, listed))

    def _case(self, request: Request, session: DeskSession, _: Form) -> Response:
        return self._show(request, session)

    def _sheet(self, request: Request, session: DeskSession, _: Form) -> Response:
        if _named(request) not in session.shown:
            return _to(_address(request))
        path = self._settings.path(REFERRALS, f"{request.path_params['document']}.html")
        if not path.is_file():
            return _to(_address(request))
        page = path.read_text(encoding="utf-8")
        if not request.url.path.endswith(".pdf"):
            return HTMLResponse(page)
        try:
            return Response(as_pdf(page, self._pages.language(session)), media_type="application/pdf")
        except ConfigurationError as error:
            return self._show(request, session, Fault(str(error)))

    def _show(self, request: Request, session: DeskSession, fault: Fault | None = None) -> Response:
        round_id, document = _named(request)
        found: Case | None = next((case for case in cases(self._settings, round_id) if case.document == document), None)
        if found is None:
            return PlainTextResponse("none of this name is here", NOT_HERE)
        late = document in overdue([found], datetime.now(UTC))
        has_sheet = self._settings.path(REFERRALS, f"{document}.html").is_file()
        text = self._pages.case(
            session,
            round_id,
            found,
            looks(self._settings, document),
            late=late,
            has_sheet=has_sheet,
            is_open=(round_id, document) in session.shown,
            today=_today(),
            fault=fault,
        )
        return HTMLResponse(text, WRONG if fault else 200)

    # What is done

    def _who(self, _: Request, session: DeskSession, form: Form) -> Response:
        name = " ".join(form.get("who", "").split())
        if not 1 < len(name) <= MAX_NAME:
            return HTMLResponse(self._pages.who(session, Fault(self._pages.words(session)["name_missing"], "who")), WRONG)
        session.who = name
        return _to("/")

    def _language(self, _: Request, session: DeskSession, form: Form) -> Response:
        session.language = self._pages.language_after(session.language or self._pages.language_after(""))
        here = form.get("here", "/")
        return _to(here if here.startswith("/") and not here.startswith("//") else "/")

    def _leave(self, *_: object) -> Response:
        self._sessions.leave()
        response = HTMLResponse(self._pages.left())
        response.delete_cookie(COOKIE, path="/")
        return response

    def _open(self, request: Request, session: DeskSession, form: Form) -> Response:
        if form.get("why") not in tuple(Why):
            return self._show(request, session, self._choose(session, "why"))
        round_id, document = _named(request)

        def opened() -> None:
            look_at(self._settings, round_id, document, who=session.who, why=Why(form["why"]))
            session.shown.add((round_id, document))

        return self._done(request, session, opened, then="/sheet")

    def _record(self, request: Request, session: DeskSession, form: Form) -> Response:
        if form.get("what") not in tuple(CaseState):
            return self._show(request, session, self._choose(session, "what"))
        return self._done(request, session, lambda: record_outcome(self._settings, *_named(request), CaseState(form["what"])), field="what")

    def _heard(self, request: Request, session: DeskSession, form: Form) -> Response:
        if form.get("heard") not in {"yes", "no"}:
            return self._show(request, session, self._choose(session, "heard"))
        try:
            on = date.fromisoformat(form.get("on", ""))
        except ValueError:
            on = date.max
        if on > _today():
            return self._show(request, session, Fault(self._pages.words(session)["day_wrong"], "on"))
        said = Heard(form["heard"] == "yes", on)
        return self._done(request, session, lambda: record_outcome(self._settings, *_named(request), None, heard=said))

    def _correct(self, request: Request, session: DeskSession, _: Form) -> Response:
        return self._done(request, session, lambda: correct_outcome(self._settings, *_named(request)))

    def _done(self, request: Request, session: DeskSession, do: Callable[[], object], *, then: str = "", field: str = "") -> Response:
        """Do it and go back to the case, or on; where it is refused, say why."""
        try:
            do()
        except UserError as error:
            return self._show(request, session, Fault(str(error), field))
        return _to(f"{_address(request)}{then}")

    def _choose(self, session: DeskSession, field: str) -> Fault:
        return Fault(self._pages.words(session)["choose"], field)


def make_app(settings: NodeSettings, languages: tuple[Wording, ...], sessions: Sessions, *, host: str) -> Starlette:
    """Return the application of a desk, under `host`, its name with the port."""
    return Starlette(routes=DeskApplication(settings, languages, sessions, host=host).routes())


def _named(request: Request) -> tuple[str, str]:
    return request.path_params["round_id"], request.path_params["document"]


def _address(request: Request) -> str:
    round_id, document = _named(request)
    return f"/case/{round_id}/{document}"


def _to(address: str) -> Response:
    return RedirectResponse(address, SEE_OTHER)


def _today() -> date:
    return datetime.now(LONDON).date()

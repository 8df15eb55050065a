"""The statistician's page as an application: what was released, for whoever is at this machine. It takes nothing but a choice."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from parties import loopback
from parties.explorer.pages import Choice, chosen, numbers, page
from parties.explorer.publications import Publication, read_publications

WRONG_HOST: Final = 400
Answer = Callable[[Sequence[Publication], Choice], Response]


def make_app(publications: Sequence[Publication], *, host: str) -> Starlette:
    """Return the page over some publications, under the name `host` (with its port) alone: another page could have its name lead here."""
    answers: dict[str, Answer] = {"/": _page, "/numbers.csv": _numbers}
    return Starlette(routes=[Route(path, partial(_answered, publications, host, answer)) for path, answer in answers.items()])


def explore(folders: Sequence[Path], port: int, tell: Callable[[str], None]) -> None:
    """Serve the publications in `folders` on loopback until SIGINT or SIGTERM; `tell` gets the address.

    Raises:
        ConfigurationError: there is none, one is not as it was published, or the port is taken.
    """
    publications = read_publications(folders)
    listening, host = loopback.listen(port)
    tell(f"http://{host}/")
    loopback.serve(make_app(publications, host=host), listening)


async def _answered(publications: Sequence[Publication], host: str, answer: Answer, request: Request) -> Response:
    if request.headers.get("host") != host:
        return PlainTextResponse("not here", WRONG_HOST, loopback.HEADERS)
    response = answer(publications, chosen(publications, request.query_params))
    response.headers.update(loopback.HEADERS)
    return response


def _page(publications: Sequence[Publication], choice: Choice) -> Response:
    return HTMLResponse(page(publications, choice))


def _numbers(publications: Sequence[Publication], choice: Choice) -> Response:
    kept_as = {"Content-Disposition": f'attachment; filename="{choice.place}.csv"'}
    return Response(numbers(publications, choice), media_type="text/csv; charset=utf-8", headers=kept_as)

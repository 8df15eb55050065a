"""Serving the desk's page to this machine alone, until it is stopped."""

from collections.abc import Callable

from parties import loopback
from parties.initialise import check_desk, load_agreed
from parties.loopback import listen
from parties.referrals.wording import languages_of
from parties.settings import NodeSettings
from parties.worklist.app import make_app
from parties.worklist.sessions import Sessions


def serve(settings: NodeSettings, port: int, tell: Callable[[str], None]) -> None:
    """Serve on loopback until SIGINT or SIGTERM; `tell` gets the address that lets somebody in, once.

    Raises:
        ConfigurationError: the directory is no desk's, or the port is taken.
    """
    check_desk(settings)
    languages = languages_of(load_agreed(settings).roster.get(settings.organisation).gss_code)
    listening, host = listen(port)
    sessions = Sessions()
    app = make_app(settings, languages, sessions, host=host)
    tell(f"http://{host}/enter?key={sessions.entrance}")
    loopback.serve(app, listening)

"""Serving the desk's page to this machine alone, until it is stopped."""

import logging
import socket
from collections.abc import Callable
from typing import Final

import uvicorn

from parties.initialise import check_desk, load_agreed
from parties.referrals.wording import languages_of
from parties.settings import NodeSettings
from parties.worklist.app import make_app
from parties.worklist.sessions import Sessions
from schemas.errors import ConfigurationError

LOOPBACK: Final = "127.0.0.1"


def serve(settings: NodeSettings, port: int, tell: Callable[[str], None]) -> None:
    """Serve on loopback until SIGINT or SIGTERM; `tell` gets the address that lets somebody in, once.

    Raises:
        ConfigurationError: the directory is no desk's, or the port is taken.
    """
    check_desk(settings)
    languages = languages_of(load_agreed(settings).roster.get(settings.organisation).gss_code)
    listening = _listen(port)
    host = f"{LOOPBACK}:{listening.getsockname()[1]}"
    sessions = Sessions()
    app = make_app(settings, languages, sessions, host=host)
    config = uvicorn.Config(app, access_log=False, log_config=None, log_level=logging.WARNING, server_header=False)
    tell(f"http://{host}/enter?key={sessions.entrance}")
    with listening:
        uvicorn.Server(config).run(sockets=[listening])


def _listen(port: int) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((LOOPBACK, port))
    except OSError:
        listening.close()
        raise ConfigurationError(f"port {port}: it is taken; choose another, or 0 for any that is free") from None
    return listening

"""Serving a page to this machine alone, until it is stopped."""

import logging
import socket
from typing import Any, Final

import uvicorn

from schemas.errors import ConfigurationError

LOOPBACK: Final = "127.0.0.1"
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def listen(port: int) -> tuple[socket.socket, str]:
    """Return a socket on this machine alone, and its address as a page has to be asked for; port 0 takes any that is free.

    Raises:
        ConfigurationError: the port is taken.
    """
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((LOOPBACK, port))
        listening.listen()  # whoever opens the address at once waits, and is not refused
    except OSError:
        listening.close()
        raise ConfigurationError(f"port {port}: it is taken; choose another, or 0 for any that is free") from None
    return listening, f"{LOOPBACK}:{listening.getsockname()[1]}"


def serve(app: Any, listening: socket.socket) -> None:
    """Serve an application until SIGINT or SIGTERM; it keeps no log of what is asked for."""
    config = uvicorn.Config(app, access_log=False, log_config=None, log_level=logging.WARNING, server_header=False)
    with listening:
        uvicorn.Server(config).run(sockets=[listening])

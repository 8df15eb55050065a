"""The Prefect server that the demo's nodes share."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from flows.demo.processes import Processes, answers, free_port, wait_until
from flows.stages import prefect_environment

ROLE: Final = "prefect-server"
START_SECONDS: Final = 150


class Orchestrator:
    """One Prefect server on loopback, its files in `home`."""

    def __init__(self, processes: Processes, home: Path) -> None:
        """Choose a port."""
        self._processes, self._home, self._port = processes, home, free_port()
        self._server: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def api(self) -> str:
        """The address of its API, for nodes' settings."""
        return f"{self.url}/api"

    def start(self) -> None:
        """Start it; it answers some seconds later."""
        place = ("--host", "127.0.0.1", "--port", str(self._port))
        command = [sys.executable, "-W", "ignore", "-m", "prefect", "server", "start", *place]
        environment = prefect_environment(self.api, self._home)
        self._server = self._processes.start(ROLE, self._home, command, port=self._port, environment=environment)

    def wait(self) -> None:
        """Wait until it answers.

        Raises:
            ConfigurationError: it ended, or did not answer in time.
        """
        if self._server is not None:
            wait_until(lambda: answers(f"{self.api}/health"), self._server, "Prefect's server", seconds=START_SECONDS)

    def restart(self) -> None:
        """Start it anew, and wait until it answers."""
        self.start()
        self.wait()

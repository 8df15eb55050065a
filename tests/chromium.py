"""A headless Chromium that is worked as people work it: by keys, over its debugging pipe. No script of ours runs in a page but to ask what it shows."""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
KEYS = {
    "Tab": {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9},
    "Enter": {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"},
    "Space": {"key": " ", "code": "Space", "windowsVirtualKeyCode": 32, "text": " "},
    "ArrowDown": {"key": "ArrowDown", "code": "ArrowDown", "windowsVirtualKeyCode": 40},
}
SECONDS = 60
MOST_TABS = 60
HIGH = 64  # descriptors that are not in the way of the browser's own


class Chromium:
    """One browser with one tab, and what it refused to load or run."""

    def __init__(self, downloads):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        (to_browser, self.write_end), (self.read_end, from_browser) = _pipe(), _pipe()
        place = [f"--user-data-dir={self.profile.name}", "--no-sandbox", "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage"]
        quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server"]
        self.process = subprocess.Popen(
            [PROGRAM, "--headless=new", "--remote-debugging-pipe", *place, *quiet, "about:blank"],
            preexec_fn=lambda: (os.dup2(to_browser, 3), os.dup2(from_browser, 4)),  # noqa: PLW1509 - the browser's pipe is 3 and 4
            pass_fds=(3, 4), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(to_browser)
        os.close(from_browser)
        self.buffer, self.number, self.session, self.problems, self.downloads = b"", 0, None, [], downloads
        self.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            self.call(f"{domain}.enable")

    def close(self):
        with contextlib.suppress(OSError):
            self.call("Browser.close")
        self.process.wait(SECONDS)
        os.close(self.write_end)
        os.close(self.read_end)
        self.profile.cleanup()

    def call(self, method, **params):
        """Ask the browser, and return what it answers."""
        self.number += 1
        said = {"id": self.number, "method": method, "params": params, **({"sessionId": self.session} if self.session else {})}
        os.write(self.write_end, json.dumps(said).encode() + b"\0")
        while (answer := self._read()).get("id") != self.number:
            if answer.get("method") == "Log.entryAdded" and answer["params"]["entry"]["level"] == "error":
                self.problems.append(answer["params"]["entry"]["text"])
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def go(self, url):
        """Open an address."""
        self.call("Page.navigate", url=url)
        self.settle()

    def settle(self):
        """Wait until a page is there."""
        last = time.monotonic() + SECONDS
        while time.monotonic() < last:
            time.sleep(0.05)
            with contextlib.suppress(AssertionError):  # between two pages there is nothing to ask
                if self.ask("document.readyState") == "complete":
                    return
        pytest.fail("the page did not load")

    def ask(self, expression):
        """Return what an expression says of the page."""
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def press(self, *keys):
        """Press keys, one after another, as a person does."""
        for key in keys:
            for kind in ("keyDown", "keyUp"):
                self.call("Input.dispatchKeyEvent", type=kind, **KEYS[key])
        self.settle()

    def type(self, text):
        """Type text where the focus is."""
        self.call("Input.insertText", text=text)

    def tab_to(self, wanted):
        """Press Tab until what has the focus is called `wanted`, as a screen reader says it."""
        seen = []
        for _ in range(MOST_TABS):
            self.press("Tab")
            seen.append(self.focused())
            if wanted in seen[-1]:
                return
        pytest.fail(f"no Tab leads to it; they lead to {sorted(set(seen))}")

    def focused(self):
        """Return the role and name of what has the focus."""
        for node in self.tree():
            if (
                any(item["name"] == "focused" and item["value"].get("value") for item in node.get("properties", []))
                and _said(node, "role") != "RootWebArea"
            ):
                return f"{_said(node, 'role')}: {_said(node, 'name')}"
        return ""

    def tree(self):
        """Return the page as assistive technology is told of it."""
        return [node for node in self.call("Accessibility.getFullAXTree")["nodes"] if not node.get("ignored")]

    def unnamed(self):
        """Return the roles of controls and images that nobody would be told the name of."""
        roles = {"link", "button", "textbox", "radio", "combobox", "image", "img", "checkbox", "table"}
        return [_said(node, "role") for node in self.tree() if _said(node, "role") in roles and not _said(node, "name")]

    def text(self):
        """Return the text that the page shows."""
        return self.ask("document.body.innerText")

    def is_as_wide_as_the_window(self):
        """Say whether nothing has to be scrolled to the side."""
        return self.ask("document.documentElement.scrollWidth <= document.documentElement.clientWidth")

    def _read(self):
        while b"\0" not in self.buffer:
            more = os.read(self.read_end, 1 << 16)
            if not more:
                raise OSError("the browser ended")
            self.buffer += more
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)


def _pipe():
    """Return both ends of a pipe, under high numbers."""
    low = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, HIGH) for end in low)
    for end in low:
        os.close(end)
    return high


def _said(node, what):
    return str(node.get(what, {}).get("value", ""))


def downloaded(folder, seconds=20):
    """Return the one file that was downloaded into a folder."""
    last = time.monotonic() + seconds
    while time.monotonic() < last:
        found = [path for path in Path(folder).iterdir() if path.suffix != ".crdownload"]
        if found:
            return found[0]
        time.sleep(0.05)
    return pytest.fail("nothing was downloaded")

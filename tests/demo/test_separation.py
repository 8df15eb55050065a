"""Watched by the system: no role's process opens a file below another role's directory, and only the scorer reads the truth."""

import re
from collections import defaultdict
from pathlib import Path

import pytest
from running import Demo

pytestmark = pytest.mark.demo

CHILD = re.compile(r"^(\d+) +(?:<\.\.\. )?(?:clone3?|v?fork)\b.* = (\d+)$")
OPENED = re.compile(r"^(\d+) +(?:<\.\.\. )?(?:openat|open|creat)\b.* = \d+<([^>]*)>$")
RENAMED = re.compile(r"^(\d+) +(?:rename|renameat2?)\((.*)$")
QUOTED = re.compile(r'"([^"]*)"')
WRITER = "demo"  # copies extracts and truth that somebody wrote, before either has an owner
SCORER = "scorer"
HANDED_ROUND = {"roster.json", "agreement.json", "roots.json", "ca.pem", "process.log", "collected.json", "summary.json", ".kinlink-demo"}
HANDED_ROUND |= {"manifest.json", "signed.json", "identity.json", "terms.json"}


class Trace:
    """A demo's opened files, by role."""

    def __init__(self, lines, run):
        self.out, self.parents = run.out, {}
        self.role_of = {item["pid"]: item["role"] for item in run.summary["processes"]}
        self.home = {item["role"]: Path(item["directory"]).relative_to(run.out).parts[0] for item in run.summary["processes"]}
        self.home["demo"] = ""
        for line in lines:
            if found := CHILD.match(line):
                self.parents[int(found[2])] = int(found[1])
        self.opened, self.moved = defaultdict(set), defaultdict(set)
        for line in lines:
            if found := OPENED.match(line):
                self._keep(self.opened, int(found[1]), found[2])
            elif found := RENAMED.match(line):
                for path in QUOTED.findall(found[2]):
                    self._keep(self.moved, int(found[1]), path)

    def role(self, pid):
        """Return the role that a process or thread belongs to; the demo's own is "demo"."""
        while pid not in self.role_of and pid in self.parents:
            pid = self.parents[pid]
        return self.role_of.get(pid, "demo")

    def _keep(self, places, pid, path):
        if Path(path).is_relative_to(self.out):
            places[self.role(pid)].add(str(Path(path).relative_to(self.out)))


@pytest.fixture(scope="module")
def trace(watched_run):
    _, run, calls = watched_run
    if calls is None:
        pytest.skip("no strace: install it to watch which files each process opens")
    return Trace(calls.read_text(encoding="utf-8", errors="replace").splitlines(), run)


def strayed(trace):
    """Return what each role opened or moved outside its own directory; it has a passphrase of its own, and the scorer may read the truth."""
    paths = {role: trace.opened[role] | trace.moved[role] for role in trace.home if role != "demo"}
    allowed = {role: {trace.home[role], "truth" if role == SCORER else trace.home[role]} for role in paths}
    own = {role: f"passphrases/{trace.home[role]}" for role in paths}
    outside = {
        role: sorted(path for path in found if top(path) not in allowed[role] and path != own[role]) for role, found in paths.items()
    }
    return {role: found for role, found in outside.items() if found}


def top(path):
    """Return the first directory of a path."""
    return path.partition("/")[0]


def test_every_role_was_watched(trace):
    quiet = {role for role in trace.home if not trace.opened[role] - {"."}}
    assert quiet == set()
    assert "prison-service/extract/receptions.csv" in trace.opened["prison-service"]
    assert "linkage-service/service.sqlite" in trace.opened["linkage-service"]
    assert any(path.startswith("truth/") for path in trace.opened[SCORER])


def test_no_role_opens_anything_of_anothers(trace):
    assert strayed(trace) == {}


@pytest.mark.parametrize(
    "line",
    [
        '12 openat(AT_FDCWD</demo/force>, "/demo/council/extract/children.csv", O_RDONLY) = 5</demo/council/extract/children.csv>',
        '12 openat(AT_FDCWD</demo/force>, "../council/extract/children.csv", O_RDONLY) = 5</demo/council/extract/children.csv>',
        "12 <... openat resumed>)        = 5</demo/council/extract/children.csv>",
        '12 rename("/demo/council/extract/children.csv", "/demo/force/mine.csv") = 0',
        '12 renameat2(AT_FDCWD</demo/force>, "/demo/force/a", AT_FDCWD</demo/force>, "/demo/council/extract/children.csv", 0 <unfinished ...>',
    ],
)
def test_a_file_of_anothers_is_seen_even_if_a_childs_thread_opens_it(line):
    processes = [{"pid": 10, "role": "force", "directory": "/demo/force"}, {"pid": 20, "role": "council", "directory": "/demo/council"}]
    run = Demo(Path("/demo"), {"processes": processes}, "", 1, Path("/none"))
    started = [
        "10 vfork( <unfinished ...>",
        "10 <... vfork resumed>)          = 11",
        "11 clone3({flags=CLONE_VM} => {parent_tid=[12]}, 88) = 12",
    ]
    opened = '20 openat(AT_FDCWD</demo/council>, "extract/children.csv", O_RDONLY) = 5</demo/council/extract/children.csv>'
    assert strayed(Trace([*started, opened], run)) == {}
    assert strayed(Trace([*started, opened, line], run)) == {"force": ["council/extract/children.csv"]}


def test_only_the_scorer_opens_the_truth_once_it_was_written(trace):
    readers = {role for role, paths in trace.opened.items() if any(top(path) == "truth" for path in paths)}
    assert readers == {SCORER}
    writers = {role for role, paths in trace.opened.items() if any(path.startswith("population/truth/") for path in paths)}
    assert writers == {WRITER}


def test_the_demo_itself_hands_documents_round_and_reads_no_nodes_data(trace):
    files = {path for path in trace.opened["demo"] if (trace.out / path).is_file()}
    assert {path for path in files if Path(path).name not in HANDED_ROUND and top(path) != "passphrases"} == set()


def test_an_extract_is_opened_by_its_custodian_alone(trace):
    openers = defaultdict(set)
    for role, paths in trace.opened.items():
        for path in paths:
            if "/extract/" in path:
                openers[top(path)].add(role)
    assert len(openers) >= 7
    assert {place: roles for place, roles in openers.items() if roles != {place}} == {}

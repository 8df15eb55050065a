"""The shape of the code: small functions, modules that say what they are for, and nothing from where it must not come."""

import ast
import re
import statistics
from pathlib import Path

from source import PACKAGES, REPOSITORY, functions, lines, modules, name_of

FUNCTION_LINES, MEDIAN_LINES, MODULE_LINES = 50, 8, 400
PRINTING = ("flows.command", "flows.commands.", "flows.calibrate_evidence", "flows.warm")


def breaches(breaks):
    """Return the modules of which `breaks` (of path and tree) says what is wrong, and what it says."""
    return {str(path): found for path, tree in modules().items() if (found := breaks(path, tree))}


def calls(tree):
    """Return the dotted name of everything that a module calls, and the call."""
    return [(ast.unparse(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def imported(tree):
    """Return every name that a module imports, dotted."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def environment_reads(tree):
    """Return where a module reads the environment; setting a variable for a library is no reading."""
    stored = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)}
    return [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv", "os.environb"} and id(node) not in stored
    ]


def test_every_package_was_read():
    assert {path.parts[0] for path in modules()} == set(PACKAGES)
    assert len(modules()) > 100


def test_every_module_says_what_it_is_for():
    assert breaches(lambda _path, tree: not re.match(r"[A-Z`].*[.:]", ast.get_docstring(tree) or "")) == {}


def test_every_public_function_and_class_says_what_it_does():
    def silent(path, tree):
        named = [node for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)]
        return "migrations" not in path.parts and [node.name for node in named if node.name[0] != "_" and not ast.get_docstring(node)]

    assert breaches(silent) == {}


def test_no_module_is_over_400_lines():
    assert breaches(lambda path, _tree: len((REPOSITORY / path).read_text(encoding="utf-8").splitlines()) > MODULE_LINES) == {}


def test_no_function_is_over_50_lines():
    assert breaches(lambda _path, tree: [function.name for function in functions(tree) if lines(function) > FUNCTION_LINES]) == {}


def test_half_of_the_functions_are_shorter_still():
    assert statistics.median(lines(function) for tree in modules().values() for function in functions(tree)) <= MEDIAN_LINES


def test_only_the_command_line_prints():
    assert breaches(lambda path, tree: not name_of(path).startswith(PRINTING) and "print" in {name for name, _ in calls(tree)}) == {}


def test_only_flows_read_the_environment_and_who_looks_for_a_passphrase():
    def reads(path, tree):
        return (
            path.parts[0] != "flows"
            and path != Path("validation/keyring.py")
            and (environment_reads(tree) or imported(tree) & {"os.environ", "os.getenv"})
        )

    assert breaches(reads) == {}


def test_reading_the_environment_is_told_from_setting_it():
    assert environment_reads(ast.parse("import os\nos.environ['A'] = os.environ['B']\nos.getenv('C')")) == ["os.environ", "os.getenv"]


def test_randomness_comes_from_the_system_or_a_key():
    def draws(_path, tree):
        named = {name for name, _ in calls(tree) if name.endswith("uuid1") or name.startswith(("random.", "uuid."))}
        return named | imported(tree) & {"random", "uuid.uuid1", "numpy.random"}

    assert breaches(draws) == {}


def test_a_generator_of_numpys_has_a_seed_and_makes_invented_people_only():
    def unseeded(path, tree):
        drawn = [node for name, node in calls(tree) if name.startswith(("np.random", "numpy.random"))]
        of_invented = path.is_relative_to("validation/synthetic") or path == Path("flows/calibrate_evidence.py")
        return [ast.unparse(node) for node in drawn if not (node.args or node.keywords) or not of_invented]

    assert breaches(unseeded) == {}


def test_only_migrations_make_tables():
    word = "create_" + "all"  # split, so that this file is clean, too
    sources = [path for folder in (*PACKAGES, "tests") for path in (REPOSITORY / folder).rglob("*.py")]
    assert [str(path) for path in sources if word in path.read_text(encoding="utf-8")] == []


def test_no_module_is_a_grab_bag():
    assert breaches(lambda path, _tree: set(path.with_suffix("").parts) & {"utils", "util", "helpers", "common", "misc", "manager"}) == {}


def test_no_assertion_stands_in_for_an_error():
    assert breaches(lambda _path, tree: [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)]) == {}


def test_no_test_is_expected_to_fail_or_skipped_by_mark():
    pattern = re.compile(r"mark\." + r"(xfail|skip)\b")
    assert [path.name for path in Path(REPOSITORY, "tests").rglob("*.py") if pattern.search(path.read_text(encoding="utf-8"))] == []

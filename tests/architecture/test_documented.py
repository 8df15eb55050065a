"""Every command, option, setting, agreed field and error is in the reference."""

import importlib
import inspect
import pkgutil
import re

import pytest
from source import REPOSITORY

from flows.command import COMMANDS
from flows.commands.passphrase import PassphraseOptions
from linkage import api
from linkage.operator import OperatorSettings
from linkage.settings import ServiceSettings
from parties.encoding import normalise
from parties.settings import NodeSettings
from schemas import agreement, errors

REFERENCE = REPOSITORY / "docs" / "reference"
AGREED = (
    agreement.Agreement,
    agreement.LawfulBasis,
    agreement.Encoding,
    agreement.Search,
    agreement.Release,
    agreement.Statistics,
    agreement.Controls,
    agreement.SelfCheck,
    agreement.Probing,
)
NAMES = {"as_json": ("json",), "passphrase": tuple(PassphraseOptions.__dataclass_fields__)}


def page(name):
    """Return a reference page."""
    return (REFERENCE / name).read_text(encoding="utf-8")


def options(target):
    """Return a command's options as people type them; LEFT and RIGHT of `evaluate` are typed without a name."""
    module, _, name = target.partition(":")
    parameters = inspect.signature(getattr(importlib.import_module(module), name)).parameters.values()
    typed = {name for item in parameters if item.kind is item.KEYWORD_ONLY for name in NAMES.get(item.name, (item.name,))}
    return {f"--{name.replace('_', '-')}" for name in typed}


def section(text, command):
    """Return the part of a page under the heading that names every word of `command`."""
    for part in re.split(r"^(?=#+ )", text, flags=re.MULTILINE):
        heading = " ".join(re.findall(r"`([^`]*)`", part.partition("\n")[0]))
        if {"kinlink", *command.split()} <= set(heading.split()):
            return part
    return ""


@pytest.mark.parametrize(("path", "target"), [(" ".join(path), target) for path, target, _ in COMMANDS])
def test_every_command_and_its_options_are_documented(path, target):
    said = section(page("cli.md"), path)
    assert said, f"no heading names `kinlink {path}`"
    assert {option for option in options(target) if option not in said} == set()


@pytest.mark.parametrize("settings", [NodeSettings, ServiceSettings, OperatorSettings])
def test_every_setting_is_documented(settings):
    written = {name for name, field in settings.model_fields.items() if not field.exclude}
    assert written
    assert {name for name in written if f"`{name}`" not in page("settings.md")} == set()


def test_every_agreed_field_is_documented():
    fields = {name for model in AGREED for name in model.model_fields}
    assert {name for name in fields if f"`{name}`" not in page("agreement.md")} == set()


@pytest.mark.parametrize("error", [*errors.USER_ERRORS.values(), errors.CodedError], ids=lambda error: error.__name__)
def test_every_error_is_documented_with_its_exit_code(error):
    assert [line for line in page("errors.md").splitlines() if error.__name__ in line and re.search(rf"\b{error.exit_code}\b", line)]


def routes():
    """Return every route of the service as the page writes it; the end of a path is enough to know it by."""
    modules = (importlib.import_module(f"linkage.api.{found.name}") for found in pkgutil.iter_modules(api.__path__))
    routers = [module.router for module in modules if hasattr(module, "router")]
    return {(method, route.path) for router in routers for route in router.routes for method in route.methods}


def test_every_route_is_documented_and_no_other():
    written = re.findall(r"^\| `(GET|PUT|POST) ([^`?]*)", page("api.md"), re.MULTILINE)
    assert len(written) == len(set(written)) == len(routes())

    def same(row, route):
        return row[0] == route[0] and route[1].endswith(row[1].removeprefix("…")) and (row[1].startswith("…") or row[1] == route[1])

    assert [route for route in routes() if not any(same(row, route) for row in written)] == []


def test_every_outcome_names_a_test_that_there_is_or_a_command():
    rows = [line.strip("|").split("|") for line in page("outcomes.md").splitlines() if line.startswith("| ") and "shown by" not in line]
    assert len(rows) > 10
    for *_, shown in rows:
        named, folder = re.findall(r"`([^`]+)`", shown), ""
        assert named
        for name in named:
            folder = name.rpartition("/")[0] or folder
            assert name == "kinlink demo --chaos" or (REPOSITORY / folder / name.rpartition("/")[2]).is_file(), name


READERS = {
    "name": normalise.name,
    "full_names": lambda text: ", ".join(map(dotted, normalise.full_names(*(part.strip() for part in text.split("·"))))),
    "birth": lambda text: " ".join(normalise.birth(text)),
    "postcode": normalise.postcode,
    "address": normalise.address,
    "sex": normalise.sex,
    "phone": normalise.phone,
}


def dotted(full):
    """Return a full name as the page writes it."""
    return re.sub(" +", " ", f"{full.forename} · {full.middle} · {full.surname}")


@pytest.mark.parametrize("reader", READERS)
def test_every_example_of_normalisation_is_true(reader):
    part = re.search(rf"^## [^\n]*: `{reader}`$(.*?)(?=^## )", page("normalisation.md"), re.MULTILINE | re.DOTALL)[1]
    rows = [line.split("|")[1:3] for line in part.splitlines() if line.startswith("| `")]
    assert len(rows) >= 3
    for written, becomes in rows:
        assert READERS[reader](written.strip(" `")).strip() == becomes.replace("`", "").strip(), written

"""Which engine the settings give, and where filters may not go."""

import json
from pathlib import Path

import pytest

from linkage.engines.cluster import DaskEngine, Tls
from linkage.engines.make import make_engine
from linkage.engines.processes import ProcessesEngine
from linkage.engines.threads import ThreadsEngine
from linkage.search.anonlink_engine import AnonlinkEngine
from linkage.settings import SETTINGS_FILE, ServiceSettings, load_settings, save_settings
from schemas.errors import ConfigurationError


@pytest.mark.parametrize(
    ("name", "kind"), [("threads", ThreadsEngine), ("processes", ProcessesEngine), ("dask", DaskEngine), ("anonlink", AnonlinkEngine)]
)
def test_the_settings_name_the_engine(name, kind):
    with make_engine(ServiceSettings(organisation="service", engine=name, workers=2)) as engine:
        assert type(engine) is kind


def test_threads_search_by_default():
    with make_engine(ServiceSettings(organisation="service")) as engine:
        assert type(engine) is ThreadsEngine


WRONG = {
    "engine": "spark",
    "workers": 0,
    "workers ": 257,
    "dask_scheduler": "10.0.0.1",
    "dask_scheduler ": "http://10.0.0.1:8786",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_setting_that_cannot_be_is_refused(tmp_path, name):
    (tmp_path / SETTINGS_FILE).write_text(json.dumps({"organisation": "service", name.strip(): WRONG[name]}), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="malformed; compare it with docs/reference/settings"):
        load_settings(tmp_path)


def test_settings_of_a_search_are_written_and_read_back(tmp_path):
    given = {"engine": "dask", "workers": 3, "dask_scheduler": "tls://ten.example:8786", "dask_ca": Path("tls/dask-ca.pem")}
    save_settings(ServiceSettings(organisation="service", directory=tmp_path, **given))
    read = load_settings(tmp_path)
    assert {name: getattr(read, name) for name in given} == given


FILES = {"dask_ca": Path("ca.pem"), "dask_certificate": Path("client.pem"), "dask_key": Path("client.key")}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"dask_scheduler": "tcp://10.0.0.1:8786"}, "over TLS alone"),
        ({"dask_scheduler": "tcp://10.0.0.1:8786", **FILES}, "over TLS alone"),
        ({"dask_scheduler": "tcp://localhost.example:8786"}, "over TLS alone"),
        ({"dask_scheduler": "tls://10.0.0.1:8786"}, "set all four or none"),
        ({"dask_scheduler": "tcp://127.0.0.1:8786", **FILES}, "set all four or none"),
        (FILES, "set all four or none"),
        ({"dask_scheduler": "tls://10.0.0.1:8786", "dask_ca": Path("ca.pem")}, "set all three or none"),
        ({"dask_scheduler": "tls://10.0.0.1:8786", **FILES, "dask_key": Path("none.key")}, "none.key is missing"),
    ],
)
def test_filters_go_to_another_machine_only_over_tls(tmp_path, given, said):
    for file in FILES.values():
        tmp_path.joinpath(file).touch()
    with pytest.raises(ConfigurationError, match=said):
        make_engine(ServiceSettings(organisation="service", engine="dask", directory=tmp_path, **given))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:8786", "tcp://localhost:8786", "tcp://[::1]:8786", "tls://10.0.0.1:8786"])
def test_loopback_needs_no_certificates_and_another_machine_takes_them(tmp_path, address):
    for file in FILES.values():
        tmp_path.joinpath(file).touch()
    tls = Tls(*(tmp_path / file for file in FILES.values())) if address.startswith("tls") else None
    DaskEngine(scheduler=address, tls=tls).close()

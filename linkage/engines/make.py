"""The engine that the service's settings name."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing, nullcontext

from linkage.engines.cluster import DaskEngine, Tls
from linkage.engines.processes import ProcessesEngine
from linkage.engines.threads import ThreadsEngine
from linkage.search.anonlink_engine import AnonlinkEngine
from linkage.search.engine import Engine
from linkage.settings import EngineName, ServiceSettings
from schemas.errors import ConfigurationError


def make_engine(settings: ServiceSettings) -> AbstractContextManager[Engine]:
    """Return a context that gives the engine of `settings`; its workers end with the block.

    Raises:
        ConfigurationError: filters would go to another machine without TLS, or certificates are missing.
    """
    return ENGINES[settings.engine](settings)


def _dask(settings: ServiceSettings) -> DaskEngine:
    named = (settings.dask_ca, settings.dask_certificate, settings.dask_key)
    files = [settings.path(str(file)) for file in named if file is not None]
    if len(files) not in (0, len(named)):
        raise ConfigurationError("settings: dask_ca, dask_certificate and dask_key go together; set all three or none")
    return DaskEngine(scheduler=settings.dask_scheduler, workers=settings.workers, tls=Tls(*files) if files else None)


ENGINES: Mapping[EngineName, Callable[[ServiceSettings], AbstractContextManager[Engine]]] = {
    "threads": lambda settings: nullcontext(ThreadsEngine(threads=settings.workers)),
    "processes": lambda settings: closing(ProcessesEngine(workers=settings.workers)),
    "dask": lambda settings: closing(_dask(settings)),
    "anonlink": lambda _settings: nullcontext(AnonlinkEngine()),
}

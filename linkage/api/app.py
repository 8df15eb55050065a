"""The application: settings in, FastAPI out; and serving it over TLS until told to stop."""

import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine

from linkage.agreed import load_agreed, load_signer
from linkage.api import envelopes, events, heads, problems, questions, readiness, rounds, shares, submissions, tables, waves
from linkage.api.admission import Admission
from linkage.api.call import Service
from linkage.api.expiring import EVERY_SECONDS, expiring
from linkage.api.identity import Identities
from linkage.api.metrics import Counted, Metrics
from linkage.certificates import SERVER_CERTIFICATE, SERVER_KEY, check_key_encrypted, server_password
from linkage.clock import Clock, utc_now
from linkage.events import forget_old_feeds
from linkage.expiry import expire_due
from linkage.heads import sign_due
from linkage.logs import start_log
from linkage.rounds import close_due
from linkage.settings import ServiceSettings
from linkage.storage_keys import wrap_all_plain
from linkage.store.audit_copy import open_checked
from linkage.store.engine import open_store
from linkage.traces import Traced, Traces
from schemas.errors import ConfigurationError

GRACE_SECONDS = 5  # for requests under way at a stop; a client that keeps an idle TLS connection costs all of it


def create_app(
    settings: ServiceSettings, engine: Engine | None = None, *, clock: Clock = utc_now, expire_every: float = EVERY_SECONDS
) -> FastAPI:
    """Return the application on a migrated database: `engine`, else the one that the settings name.

    While it is served it closes and ends the rounds that are due, every `expire_every` seconds, and signs heads.

    Raises:
        ConfigurationError: roster, agreement or the service's own key are not as the roster says.
    """
    every = min(expire_every, settings.head_every_seconds)
    app = FastAPI(title="Kinlink linkage service", docs_url=None, redoc_url=None, openapi_url="/v1/openapi.json", lifespan=expiring(every))
    app.state.service = _service(settings, engine or open_store(settings.database), clock)
    problems.install(app)
    app.add_middleware(Admission, most=settings.requests_at_once)
    app.state.metrics = Metrics()
    app.add_middleware(Counted, metrics=app.state.metrics)
    app.state.traces = Traces()
    app.add_middleware(Traced, traces=app.state.traces)
    for noun in (readiness, rounds, shares, submissions, waves, envelopes, questions, tables, heads, events):
        app.include_router(noun.router)
    return app


def serve(settings: ServiceSettings) -> None:
    """Migrate, sign a head, close and end the rounds that are due, then serve over TLS until SIGTERM or SIGINT; requests under way are finished first.

    Raises:
        ConfigurationError: certificate or key are missing, or the database does not answer.
    """
    start_log(settings.log)
    store = open_checked(settings)
    try:
        app = create_app(settings, store)
        service: Service = app.state.service
        wrap_all_plain(store, settings)
        check_key_encrypted(settings, service.agreed.agreement.encoding.profile)
        sign_due(store, service.signer, now=utc_now(), every=settings.head_every)
        close_due(store, service.agreed, actor=service.signer.key_id, now=utc_now())
        expire_due(store, settings, service.agreed.agreement, signer=service.signer, now=utc_now())
        forget_old_feeds(store, utc_now())
        with _watched(settings, app.state.metrics), app.state.traces.sent(settings):
            make_server(settings, app).run()
    finally:
        store.dispose()


def make_server(settings: ServiceSettings, app: FastAPI) -> uvicorn.Server:
    """Return a server of one worker, with no access log: who asked for what is nobody's log.

    Raises:
        ConfigurationError: certificate or key are missing or unreadable.
    """
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        ssl_certfile=settings.path(*SERVER_CERTIFICATE),
        ssl_keyfile=settings.path(*SERVER_KEY),
        ssl_keyfile_password=server_password(settings),
        access_log=False,
        log_config=None,
        log_level=logging.WARNING,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError):
        raise ConfigurationError(
            f"{settings.path(*SERVER_CERTIFICATE)} or its key is missing or unreadable; run `kinlink service init`, or put yours there"
        ) from None
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_3
    return uvicorn.Server(config)


@contextmanager
def _watched(settings: ServiceSettings, metrics: Metrics) -> Iterator[None]:
    """Serve metrics on loopback for as long as the service is, where the settings name a port."""
    if settings.metrics_port is None:
        yield
        return
    try:
        stop = metrics.serve(settings.metrics_port)
    except OSError:
        raise ConfigurationError("metrics_port: it is taken; choose another in settings.json") from None
    try:
        yield
    finally:
        stop()


def _service(settings: ServiceSettings, store: Engine, clock: Clock) -> Service:
    agreed = load_agreed(settings.directory)
    return Service(settings, agreed, Identities(agreed.roster), store, load_signer(settings, agreed), clock)

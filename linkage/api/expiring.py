"""The served process closes and ends rounds on time, signs heads, and forgets old feeds: a timer that runs beside the requests for as long as the application does."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

from linkage.api.call import Service
from linkage.events import forget_old_feeds
from linkage.expiry import expire_due
from linkage.heads import sign_due
from linkage.rounds import close_due

EVERY_SECONDS = 600.0  # a round lasts days; so long may it outlive them
log = logging.getLogger("kinlink.service")


def expiring(every: float = EVERY_SECONDS) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Return the application's lifespan, in which rounds that are due are closed and ended every so many seconds; it ends after a job that is under way."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        stopped = asyncio.Event()
        timer = asyncio.create_task(_end_due(app, every, stopped))
        yield
        stopped.set()  # not cancelled: a job's thread would go on alone, with a connection that nobody takes back
        await timer

    return lifespan


async def _end_due(app: FastAPI, every: float, stopped: asyncio.Event) -> None:
    while not await _is_set_within(stopped, every):
        for job in (_close_due, _expire_due, _sign_due, _forget_old_feeds):
            if stopped.is_set():
                return
            try:
                await run_in_threadpool(job, app.state.service)
            except Exception:  # whatever went wrong, the next time may do better, and the other jobs and requests must go on
                log.exception(
                    "what was due (rounds to close or end, a head to sign, feeds to forget) could not be done; tried again in %.0f s", every
                )


async def _is_set_within(stopped: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(stopped.wait(), seconds)
    return stopped.is_set()


def _close_due(service: Service) -> None:
    close_due(service.store, service.agreed, actor=service.signer.key_id, now=service.clock())


def _sign_due(service: Service) -> None:
    sign_due(service.store, service.signer, now=service.clock(), every=service.settings.head_every)


def _forget_old_feeds(service: Service) -> None:
    forget_old_feeds(service.store, service.clock())


def _expire_due(service: Service) -> None:
    expire_due(service.store, service.settings, service.agreed.agreement, signer=service.signer, now=service.clock())

"""Whether the service can do its work: `/v1/ready` for whoever restarts it or sends requests elsewhere. Says no more than that."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import SQLAlchemyError

from linkage.api.call import Service
from linkage.api.problems import problem
from linkage.store.engine import is_current
from schemas.errors import ServiceError

RETRY_AFTER_SECONDS = 5
NOT_READY_STATUS = 503
router = APIRouter(tags=["health"])


@router.get("/v1/health")
def health() -> dict[str, str]:
    """Say that the service is up."""
    return {"status": "ok", "service": "kinlink"}


@router.get("/v1/ready")
def ready(request: Request) -> Response:
    """Say that the database answers and is at the newest version, and that the vault can be written; else 503 with what to do."""
    service: Service = request.app.state.service
    missing = _missing(service)
    if missing is None:
        return JSONResponse({"status": "ready"})
    return problem(ServiceError.__name__, NOT_READY_STATUS, missing, {"retry-after": str(RETRY_AFTER_SECONDS)})


def _missing(service: Service) -> str | None:
    try:
        if not is_current(service.store):
            return "database: not at the newest version; start the service again, which migrates it"
    except SQLAlchemyError:
        return "database: it does not answer; start it, or mend database_url in settings.json"
    try:
        service.settings.path(".writable").touch()
        service.settings.path(".writable").unlink()
    except OSError:
        return "directory: it cannot be written; free space, or give it back to the user that serves"
    return None

"""What edge daemons send. The device's token opens this and nothing else."""

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from api.problems import problem
from api.rest.asking import PREFIX
from api.web.visit import services_of
from reconcile.intake import BYTES_MAX, IntakeInvalid, parse_batch
from reconcile.store import devices
from reconcile.store import intake as store

router = APIRouter(prefix=PREFIX, tags=["intake"])


@router.post("/intake", summary="Sightings, coverage and reports of one daemon; acknowledged once on disk")
async def intake(request: Request) -> Response:
    """Bearer token of the device. 200 with what is durable; 400 for a batch that can never be taken; 401."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.casefold() != "bearer" or not token.strip():
        return _unknown_device()
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > BYTES_MAX:
            return problem(413, "too_large", f"A batch has at most {BYTES_MAX} bytes; send fewer records")
    return await run_in_threadpool(_take, request, token.strip(), bytes(raw))


def _unknown_device() -> Response:
    title = "This device is not known here, or its token was revoked"
    return problem(401, "unknown_device", title, headers={"WWW-Authenticate": "Bearer"})


def _take(request: Request, token: str, raw: bytes) -> Response:
    services = services_of(request)
    with services.database.reading() as connection:
        device = devices.device_for_token(connection, devices.token_hash(token), services.clock())
    if device is None:
        return _unknown_device()
    # For the line of the log.
    request.state.device = device
    try:
        batch = parse_batch(raw)
    except IntakeInvalid as error:
        where = {"table": error.table, "row": error.row, "column": error.column}
        return problem(400, "batch_invalid", "The batch cannot be taken", str(error), [where])
    with services.database.writing() as connection:
        done = store.take(connection, device, batch, services.clock())
    if services.watch is not None:
        services.watch.wake()
    return JSONResponse({"acknowledged": done.acknowledged, "taken": done.taken, "repeated": done.repeated})

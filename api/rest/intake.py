"""What edge daemons send. The device's token opens this and nothing else."""

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from api.problems import problem
from api.rest.asking import PREFIX
from api.rest.by_device import device_of, taken, unknown_device
from api.web.visit import services_of
from custody.values import SECOND
from readers.packing import MEDIA_TYPE
from reconcile.delivery import parse_delivery
from reconcile.intake import BYTES_MAX, IntakeInvalid, parse_batch
from reconcile.store import intake as store
from reconcile.store.outbox import note_outbox, parse_outbox

_TAKES = {"Accept-Post": f"application/json, {MEDIA_TYPE}"}
"""Says to the daemon that it may send its sightings packed."""

router = APIRouter(prefix=PREFIX, tags=["intake"])


@router.post("/intake", summary="Sightings, coverage and reports of one daemon; acknowledged once on disk")
async def intake(request: Request) -> Response:
    """Bearer token of the device. 200 with what is durable; 400 for a batch that can never be taken; 401."""
    return await taken(request, BYTES_MAX, f"A batch has at most {BYTES_MAX} bytes; send fewer records", _take)


@router.get("/device", summary="Who a device is by its token, and what time it is here; takes nothing")
def device(request: Request) -> Response:
    """Bearer token of the device. 200 with its name and the server's time in microseconds UTC; 401."""
    name = device_of(request)
    if name is None:
        return unknown_device()
    return JSONResponse({"device": name, "now": services_of(request).clock()})


def _take(request: Request, device: str, raw: bytes) -> Response:
    services = services_of(request)
    try:
        packed = request.headers.get("content-type", "").partition(";")[0].strip() == MEDIA_TYPE
        batch = parse_delivery(raw) if packed else parse_batch(raw)
    except IntakeInvalid as error:
        where = {"table": error.table, "row": error.row, "column": error.column}
        return problem(400, "batch_invalid", "The batch cannot be taken", str(error), [where], headers=_TAKES)
    outbox = parse_outbox(request.headers.get("custody-spool", ""))
    with services.database.writing() as connection:
        silence = services.scheme.number("reference_silent_after_seconds") * SECOND
        done = store.take(connection, device, batch, services.clock(), reference_silence=silence)
        if outbox is not None:
            note_outbox(connection, device, outbox, services.clock())
    if done.tapped:
        services.bulletin.publish("taps")
    if services.watch is not None:
        services.watch.wake()
    said = {"acknowledged": done.acknowledged, "taken": done.taken, "repeated": done.repeated}
    return JSONResponse(said, headers=_TAKES)

"""What a witness of the ledger asks (see `custody.witness`): sizes and hashes, and its cosignature back.

The witness's token opens this and nothing else; nothing that the ledger is about can be had here. Texts are plain, as
C2SP's tlog-checkpoint, tlog-witness and tlog-cosignature have them.
"""

from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from api import store
from api.problems import problem
from api.rest.asking import PREFIX
from api.web.visit import services_of
from custody.rules import NotFound
from custody.store import key_history, witnessing
from custody.store.witnessing import Witness, WitnessRefused

router = APIRouter(prefix=f"{PREFIX}/witness", tags=["witness"])
NOTE_BYTES_MAX = 1 << 14
SIZE_MAX = 2**53 - 1


def known(request: Request) -> Witness:
    """The witness whose token came with the request; 401 where no witness that may watch has it."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    found = None
    if scheme.casefold() == "bearer" and 0 < len(token.strip()) <= 200:
        with services_of(request).database.reading() as connection:
            found = witnessing.by_token(connection, token.strip())
    if found is None:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    return found


@router.get("/checkpoint", summary="The latest signed checkpoint, as a note", response_class=PlainTextResponse)
def checkpoint(request: Request, _witness: Witness = Depends(known)) -> Response:
    """404 while none was signed yet."""
    with services_of(request).database.reading() as connection:
        latest = store.checkpoints(connection, 1)
    if not latest:
        raise NotFound
    return PlainTextResponse(latest[0].note)


@router.get(
    "/consistency", summary="Proof that one size of the ledger continues another", response_class=PlainTextResponse
)
def consistency(
    request: Request,
    first: int = Query(ge=1, le=SIZE_MAX),
    second: int = Query(ge=1, le=SIZE_MAX),
    _witness: Witness = Depends(known),
) -> Response:
    """The hashes (RFC 9162 section 2.1.4.1), a line each in base64. 404 for a size that was not reached."""
    with services_of(request).database.reading() as connection:
        proof = witnessing.consistency(connection, first, second)
    return PlainTextResponse(witnessing.proof_text(proof))


@router.get("/keys", summary="The rotations of the ledger's key, signed by both keys", response_class=PlainTextResponse)
def keys(request: Request, _witness: Witness = Depends(known)) -> Response:
    """A line each: size, root, old key, new key, both signatures. Empty while the first key signs."""
    with services_of(request).database.reading() as connection:
        return PlainTextResponse("".join(key_history.statements(connection)))


@router.post("/cosignature", summary="Hand a cosigned checkpoint back", response_class=PlainTextResponse)
async def cosignature(request: Request, witness: Witness = Depends(known)) -> Response:
    """The note with the witness's own line; verified before it is kept. 400 for what cannot be taken."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > NOTE_BYTES_MAX:
            return problem(413, "too_large", f"A checkpoint has at most {NOTE_BYTES_MAX} bytes")
    return await run_in_threadpool(_take, request, witness, bytes(raw))


def _take(request: Request, witness: Witness, raw: bytes) -> Response:
    services = services_of(request)
    try:
        with services.database.writing() as connection:
            kept = witnessing.keep_cosignature(connection, raw.decode(), services.clock(), witness)
    except (WitnessRefused, UnicodeDecodeError) as error:
        detail = str(error) if isinstance(error, WitnessRefused) else "It is not UTF-8"
        return problem(400, "cosignature_refused", "The cosignature cannot be taken", detail)
    return PlainTextResponse(f"{kept.size}\n")

"""The description of the interface (OpenAPI 3.1): what FastAPI draws from the routes, with what every one may answer.

Whatever goes wrong is a problem of RFC 9457, so every operation names the statuses of problems; how one signs in
stands there too.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.problems import MEDIA_TYPE

PROBLEMS = {
    "400": "What was sent cannot be read",
    "401": "Not signed in, or the device is not known",
    "403": "Not allowed, or not confirmed lately, or not sent by this session",
    "404": "Not there, or hidden",
    "405": "Not with this method",
    "408": "What was sent came too slowly",
    "409": "Refused by a rule; the items of `errors` quote the clause",
    "413": "Too large",
    "415": "Not of a content type that is read here",
    "422": "What was sent does not fit; one item of `errors` for each field",
    "429": "Too much at once; `Retry-After` says when to come again",
    "503": "The disk is full or the database away",
}
PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string", "pattern": "^urn:custody:problem:[a-z_]+$"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}
SCHEMES = {
    "session": {"type": "apiKey", "in": "cookie", "name": "custody_session"},
    "device": {"type": "http", "scheme": "bearer"},
}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_OPEN = ("/api/v1/health", "/api/v1/session")
_BY_TOKEN = ("/api/v1/intake", "/api/v1/door-list", "/api/v1/handheld", "/api/v1/witness")


def described(app: FastAPI) -> dict[str, Any]:
    """The description; made once."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                _complete(path, method, operation)
        components = document.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas["Problem"] = PROBLEM
        components["securitySchemes"] = SCHEMES
        app.openapi_schema = document
    return app.openapi_schema


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    if path.endswith(".xlsx"):
        operation["responses"]["200"]["content"] = {XLSX: {"schema": {"type": "string", "format": "binary"}}}
    for status, said in PROBLEMS.items():
        operation["responses"][status] = {"description": said, "content": content}
    if path.startswith(_BY_TOKEN):
        operation["security"] = [{"device": []}]
    elif path not in _OPEN or (path == _OPEN[1] and method != "post"):
        operation["security"] = [{"session": []}]

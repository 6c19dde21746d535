"""Health, and the description of the interface with its page, all from this origin."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response

from api import store
from api.rest.asking import PREFIX
from api.web.render import render
from api.web.visit import Visit, services_of, signed_in

router = APIRouter(prefix=PREFIX, tags=["meta"])


@router.get("/health", summary="Whether the server answers and its database does")
def health(request: Request) -> dict[str, Any]:
    """Open to all: says nothing else."""
    return {"status": "ok", "ready": store.answers(services_of(request).database)}


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request) -> Response:
    """The description (OpenAPI 3.1)."""
    return JSONResponse(request.app.openapi())


@router.get("/docs", include_in_schema=False)
def docs(request: Request, visit: Visit = Depends(signed_in)) -> Response:
    """The description as a page."""
    document: dict[str, Any] = request.app.openapi()
    operations: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            line = {"method": method.upper(), "path": path, "operation": operation, "body": _body(document, operation)}
            operations.setdefault((operation.get("tags") or ["meta"])[0], []).append(line)
    return render(visit, "rest/docs.html", operations=operations, version=document["info"]["version"])


def _body(document: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields of a JSON body: name, type, whether required, what it says."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema: dict[str, Any] = content.get("schema", {})
    if "$ref" in schema:
        schema = document["components"]["schemas"].get(schema["$ref"].rpartition("/")[2], {})
    if "anyOf" in schema:
        # One name for several kinds of matter: each with its own fields.
        found = []
        for one in schema["anyOf"]:
            found += [{"name": one.get("title", ""), "type": "", "required": False}, *_fields(one)]
        return found
    return _fields(schema)


def _fields(schema: dict[str, Any]) -> list[dict[str, Any]]:
    required = set(schema.get("required", ()))
    return [
        {"name": name, "type": _type(field), "required": name in required}
        for name, field in schema.get("properties", {}).items()
    ]


def _type(field: dict[str, Any]) -> str:
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if "anyOf" in field:
        return " | ".join(_type(one) for one in field["anyOf"])
    if "enum" in field:
        return " | ".join(str(value) for value in field["enum"])
    if field.get("type") == "array":
        return f"[{_type(field.get('items', {}))}]"
    return str(field.get("type", "any"))

"""What went wrong, for machines: `application/problem+json` (RFC 9457)."""

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"


def problem(
    status: int,
    kind: str,
    title: str,
    detail: str = "",
    errors: Iterable[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A problem: `kind` is its stable name, `title` its words, `errors` one item a field or refusal."""
    body = {
        "type": f"urn:custody:problem:{kind}",
        "title": title,
        "status": status,
        "detail": detail,
        "errors": [dict(error) for error in errors],
    }
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))

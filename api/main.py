"""The application: pages, REST and static files over one set of services."""

import os
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles

from api import rest, web
from api.headers import SecurityHeaders
from api.services import Services
from api.sessions import Passwords, SignIn
from api.web.errors import add_error_pages, broken
from api.web.render import STATIC

BODY_BYTES_MAX = 60_000_000
"""A workbook may have 50 MB; whatever is larger is refused before it is read."""
_TELEMETRY = ("OTEL_", "FASTAPI_OTEL_")


class TelemetryConfigured(RuntimeError):
    """The environment asks for telemetry: nothing here may ever send anything out."""


def refuse_telemetry(environment: Mapping[str, str]) -> None:
    """Raise TelemetryConfigured where the environment would switch telemetry on."""
    asked = sorted(name for name in environment if name.startswith(_TELEMETRY))
    if asked:
        raise TelemetryConfigured(
            f"the environment sets {', '.join(asked)}: this system sends no telemetry; unset them and start again"
        )


def served_paths(routes: Iterable[BaseRoute]) -> frozenset[str]:
    """Paths that answer to GET."""
    return frozenset(
        path
        for route in routes
        if (path := getattr(route, "path", None)) and "GET" in (getattr(route, "methods", None) or ())
    )


def create_app(services: Services, *, passwords: Passwords | None = None) -> FastAPI:
    """The application over these services. Raises TelemetryConfigured."""
    refuse_telemetry(os.environ)
    hashing = passwords or Passwords()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        running = [one for one in (services.watch, services.schedule) if one is not None]
        for one in running:
            one.start()
        try:
            yield
        finally:
            for one in reversed(running):
                one.stop()
            if passwords is None:
                hashing.close()

    app = FastAPI(
        title="Carrier custody",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
        lifespan=lifespan,
        redirect_slashes=False,
        max_body_size=BODY_BYTES_MAX,
        middleware=[Middleware(SecurityHeaders, fallback=broken)],
    )
    app.state.services = services
    app.state.sign_in = SignIn(services.database, services.scheme, hashing)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for router in (*web.ROUTERS, *rest.ROUTERS):
        app.include_router(router)
    paths = set(served_paths(app.routes))
    for router in (*web.ROUTERS, *rest.ROUTERS):
        paths |= served_paths(router.routes)
    app.state.served = frozenset(paths)
    add_error_pages(app)
    return app

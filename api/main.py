"""The application: pages, REST and static files over one set of services."""

import os
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles

from api import rest, web
from api.bodies import BoundedBodies
from api.checking import Checker
from api.headers import SecurityHeaders
from api.limits import Limited
from api.logs import Logged
from api.looked import RecordsLooks
from api.rest.describing import described
from api.services import Services
from api.sessions import ACCOUNT_KEY, AccountKey, Passwords, SignIn
from api.web.errors import add_error_pages, broken, too_many
from api.web.render import STATIC
from reconcile.commissioning import Printing

BODY_BYTES_MAX = 60_000_000
"""A workbook may have 50 MB; whatever is larger is refused before it is read."""
_TELEMETRY = ("OTEL_", "FASTAPI_", "SENTRY_", "LOGFIRE_", "DD_", "DATADOG_", "NEW_RELIC_", "ELASTIC_APM_", "HONEYCOMB_")
"""Beginnings of variables by which a library, present or to come, is told to send something out."""
_LOADED = ("UVICORN_", "FORWARDED_ALLOW_IPS", "WEB_CONCURRENCY", "PYTHONINSPECT", "SSLKEYLOGFILE")
"""Variables that would change the server behind its configuration, or keep the keys of its connections."""


class TelemetryConfigured(RuntimeError):
    """The environment asks for telemetry, or for what the configuration does not: nothing may ever be sent out."""


def refuse_telemetry(environment: Mapping[str, str]) -> None:
    """Raise TelemetryConfigured where the environment would switch telemetry on."""
    asked = sorted(name for name in environment if name.startswith(_TELEMETRY))
    if asked:
        raise TelemetryConfigured(
            f"the environment sets {', '.join(asked)}: this system sends no telemetry; unset them and start again"
        )
    asked = sorted(name for name in environment if name.startswith(_LOADED))
    if asked:
        raise TelemetryConfigured(
            f"the environment sets {', '.join(asked)}: the server is configured by its options alone; unset them and "
            "start again"
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
    checker = Checker(services)
    printing = Printing(services.database, services.scheme, services.clock, services.bulletin)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        running = [one for one in (services.watch, services.schedule) if one is not None]
        for one in running:
            one.start()
        try:
            yield
        finally:
            checker.stop()
            printing.stop()
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
        middleware=[
            Middleware(Logged),
            Middleware(SecurityHeaders, fallback=broken),
            Middleware(Limited, refuse=too_many),
            Middleware(BoundedBodies),
            Middleware(RecordsLooks),
        ],
    )
    app.state.services = services
    app.state.checker = checker
    app.state.printing = printing
    app.state.sign_in = SignIn(services.database, services.scheme, hashing, AccountKey(services.data / ACCOUNT_KEY))
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    # The routes themselves, not the routers: an included router is worked out anew by every application, at its
    # first requests, and asked before its routes at each.
    for router in (*web.ROUTERS, *rest.ROUTERS):
        app.router.routes.extend(router.routes)
    paths = set(served_paths(app.routes))
    for router in (*web.ROUTERS, *rest.ROUTERS):
        paths |= served_paths(router.routes)
    app.state.served = frozenset(paths)
    app.openapi = partial(described, app)  # type: ignore[method-assign]
    add_error_pages(app)
    return app

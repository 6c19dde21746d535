"""Nothing calls out, nothing is unpickled: the whole product at work under Python's own audit events."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from api.main import TelemetryConfigured, create_app, refuse_telemetry
from tests.web.front import Front

ROOT = Path(__file__).resolve().parents[2]
AT_WORK = ROOT / "tests" / "hardening" / "at_work.py"


@pytest.mark.parametrize(
    "name",
    [
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_TRACES_EXPORTER",
        "FASTAPI_OTEL_TRACING",
        "FASTAPI_TELEMETRY",
        "SENTRY_DSN",
        "LOGFIRE_TOKEN",
        "DD_TRACE_AGENT_URL",
        "NEW_RELIC_LICENSE_KEY",
        "UVICORN_FORWARDED_ALLOW_IPS",
        "FORWARDED_ALLOW_IPS",
        "WEB_CONCURRENCY",
        "SSLKEYLOGFILE",
    ],
)
def test_an_environment_that_asks_for_more_is_refused(name: str, front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TelemetryConfigured, match=name):
        refuse_telemetry({"PATH": "/bin", name: ""})
    monkeypatch.setenv(name, "1")
    with pytest.raises(TelemetryConfigured, match="start again"):
        create_app(front.app.state.services)


def test_at_work_it_connects_to_nobody_unpickles_nothing_and_makes_no_code(tmp_path: Path) -> None:
    """An archive in a process of its own: sign-in, pages, searches, exports, an import, all jobs, a certificate.

    The hook is set before the first line of the product and cannot be taken off again. It knows what it would see:
    a connection and a pickle of its own are made at the end.
    """
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(AT_WORK), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    work, memory, seen = done.stdout.splitlines()[-3:]
    assert (work, seen) == ("work: []", "seen: ['pickle.find_class', 'socket.connect']")
    assert memory in ("memory: denied", "memory: an old kernel")

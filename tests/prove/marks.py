"""Marks that outlive a killed process: whether a write is open in it, and how many there were.

The process under test maps the file and marks; the killer and the judge map it too. A shared mapping is the kernel's,
so the last mark stands after kill -9.
"""

import mmap
import struct
import threading
from pathlib import Path

_LAYOUT = struct.Struct("<qq")


class Marks:
    """Two counters in a shared mapping: writes open now, writes begun."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(mmap.PAGESIZE))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        self._turn = threading.Lock()

    @property
    def open_writes(self) -> int:
        """Writes that have begun and not ended."""
        return int(_LAYOUT.unpack_from(self._map)[0])

    @property
    def begun(self) -> int:
        """Writes begun since the file was made."""
        return int(_LAYOUT.unpack_from(self._map)[1])

    def enter(self) -> None:
        """A write has begun."""
        self._add(1, 1)

    def leave(self) -> None:
        """A write is durable, or undone."""
        self._add(-1, 0)

    def forget(self) -> None:
        """No write is open: said before a new process starts."""
        _LAYOUT.pack_into(self._map, 0, 0, self.begun)

    def close(self) -> None:
        """Give the mapping back."""
        self._map.close()

    def _add(self, now: int, begun: int) -> None:
        with self._turn:
            before = _LAYOUT.unpack_from(self._map)
            _LAYOUT.pack_into(self._map, 0, before[0] + now, before[1] + begun)

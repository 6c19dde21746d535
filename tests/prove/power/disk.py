"""The disk after a power cut, made of a journal: what was synced is there; what was not is lost, whole or in part.

A write that was not followed by a sync of its file may have reached the disk or not, sector by sector and in any
order. The entry of a new file in its folder is durable with the file's first sync, as the journalling file systems
of Linux have it; a rename or a removal is durable with a sync of the folder, and before that may have happened or not.
"""

import random
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

_RECORD = struct.Struct("<B3xIQQ")
SECTOR_BYTES = 512

Loses = Literal["all", "some"]
"""Of what was not synced: all of it, or what chance takes, sector by sector."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One record of the journal."""

    kind: str
    file: int
    offset: int
    data: bytes


def operations(journal: Path) -> Iterator[Operation]:
    """The journal's records in their order."""
    raw = journal.read_bytes()
    at = 0
    while at < len(raw):
        kind, file, offset, length = _RECORD.unpack_from(raw, at)
        at += _RECORD.size
        yield Operation(chr(kind), file, offset, raw[at : at + length])
        at += length


@dataclass(slots=True)
class _File:
    durable: bytearray = field(default_factory=bytearray)
    pending: list[Operation] = field(default_factory=list)
    named: bool = False
    """Whether its entry in the folder is durable."""


class Disk:
    """Takes the operations one after another; `after_cut` gives the files as they would be found.

    `before`: name -> content of what was there, and safe, when the journal began.
    """

    def __init__(self, before: Mapping[str, bytes]) -> None:
        self._before = {f"/{name}": content for name, content in before.items()}
        self._files: dict[int, _File] = {}
        self._names: dict[str, int] = {}
        self._durable_names: dict[str, int] = {}

    def take(self, operation: Operation) -> None:
        """One operation."""
        match operation.kind:
            case "O":
                self._open(operation.file, operation.data.decode())
            case "W" | "T":
                self._files[operation.file].pending.append(operation)
            case "S":
                file = self._files[operation.file]
                for one in file.pending:
                    _apply(file.durable, one)
                file.pending.clear()
                file.named = True
                self._durable_names |= {name: at for name, at in self._names.items() if at == operation.file}
            case "U" | "R":
                self._move(operation.data.rstrip(b"\0").split(b"\0"))
            case "D":
                self._durable_names = {name: at for name, at in self._names.items() if self._files[at].named}

    def _open(self, number: int, name: str) -> None:
        self._names[name] = number
        if name in self._before:
            self._files[number] = _File(bytearray(self._before.pop(name)), named=True)
            self._durable_names[name] = number
        else:
            self._files[number] = _File()

    def _move(self, names: list[bytes]) -> None:
        source, *target = (name.decode() for name in names)
        self._before.pop(source, None)
        file = self._names.pop(source, None)
        if target and file is not None:
            self._names[target[0]] = file

    def after_cut(self, loses: Loses, chance: random.Random) -> dict[str, bytes]:
        """Name below the root -> content, were the power cut now."""
        names = self._durable_names
        if loses == "some" and chance.random() < 0.5:
            names = {name: at for name, at in self._names.items() if self._files[at].named}
        found = {name: self._content(self._files[at], loses, chance) for name, at in names.items()}
        return self._before | found

    @staticmethod
    def _content(file: _File, loses: Loses, chance: random.Random) -> bytes:
        if loses == "all":
            return bytes(file.durable)
        content = bytearray(file.durable)
        kept = chance.random()
        for one in file.pending:
            for piece in _sectors(one):
                if chance.random() < kept:
                    _apply(content, piece)
        return bytes(content)


def _sectors(operation: Operation) -> Iterator[Operation]:
    if operation.kind != "W":
        yield operation
        return
    at = 0
    while at < len(operation.data):
        until = min(len(operation.data), at + SECTOR_BYTES - (operation.offset + at) % SECTOR_BYTES)
        yield Operation("W", operation.file, operation.offset + at, operation.data[at:until])
        at = until


def _apply(content: bytearray, operation: Operation) -> None:
    if operation.kind == "T":
        del content[operation.offset :]
        content.extend(bytes(operation.offset - len(content)))
        return
    end = operation.offset + len(operation.data)
    content.extend(bytes(max(0, end - len(content))))
    content[operation.offset : end] = operation.data

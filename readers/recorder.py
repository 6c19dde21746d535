"""Recordings: what a reader sent, kept as JSON lines, to be played back by `readers.replay`.

The first line of a segment says what was recorded: `{"recording": 1, "model": …, "firmware": …, "antennas": […],
"date": "2026-11-22", "redacted": false}`. Each further line is one batch:
`{"alive_at": µs, "offset_us": µs or null, "antennas": […] or null, "reads": [[epc, reader, antenna, read_at,
received_at, rssi_dbm, count, tid], …]}`. Times are microseconds UTC. A recording that is continued gets another
segment. Every line is handed to the operating system at once, so that after a kill the recording is whole up to
its last full line; a rest of a line is ignored, and cut off when the recording is continued.
"""

import hmac
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from readers.driver import Batch, Identity
from readers.sighting import Instant, TagRead

FORMAT = 1


class RecordingInvalid(ValueError):
    """A line of the recording is not what a recorder writes; the message names the line."""


class Recorder:
    """Writes the batches of one reader to `path`, after what is there already.

    With a `redaction_key`, EPCs and TIDs are replaced by pseudonyms: the same number always by the same one, of the
    same length, and without the key never back (HMAC-SHA-256). Raises OSError when the file cannot be written.
    """

    def __init__(self, path: Path, identity: Identity, redaction_key: bytes | None = None) -> None:
        self._identity = identity
        self._key = redaction_key
        self._headed = False
        self._file = open(path, "a+b")  # noqa: SIM115 - it lives as long as the recorder
        try:
            _cut_unfinished_line(self._file.fileno())
        except BaseException:
            self._file.close()
            raise

    def write(self, batch: Batch) -> None:
        """Keep one batch, empty ones too: they show that the reader was listening. Raises OSError."""
        if not self._headed:
            self._line(self._header(batch.alive_at))
            self._headed = True
        reads = [_row(read if self._key is None else redacted(read, self._key)) for read in batch.reads]
        antennas = None if batch.antennas is None else list(batch.antennas)
        self._line(
            {
                "alive_at": batch.alive_at,
                "offset_us": batch.clock_offset_us,
                "antennas": antennas,
                "reads": reads,
            }
        )

    def close(self) -> None:
        """Make the recording durable on the disk; more than once is allowed. Raises OSError."""
        if not self._file.closed:
            try:
                self._file.flush()
                os.fsync(self._file.fileno())
            finally:
                self._file.close()

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _header(self, at: Instant) -> dict[str, Any]:
        return {
            "recording": FORMAT,
            "model": self._identity.model,
            "firmware": self._identity.firmware,
            "antennas": list(self._identity.antennas),
            "date": datetime.fromtimestamp(at // 1_000_000, UTC).date().isoformat(),
            "redacted": self._key is not None,
        }

    def _line(self, content: dict[str, Any]) -> None:
        self._file.write(json.dumps(content, separators=(",", ":")).encode() + b"\n")
        self._file.flush()


def _cut_unfinished_line(descriptor: int) -> None:
    """Cut off what a kill left after the last full line, looking backwards from the end."""
    size = os.fstat(descriptor).st_size
    end = size
    while end > 0:
        start = max(0, end - 65_536)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            end = start + found + 1
            break
        end = start
    if end != size:
        os.ftruncate(descriptor, end)


def pseudonym(number: str, key: bytes) -> str:
    """Another number of the same length for an EPC or TID, always the same under one key."""
    digits = ""
    while len(digits) < len(number):
        digits += hmac.new(key, f"{len(digits)}/{number}".encode(), "sha256").hexdigest().upper()
    return digits[: len(number)]


def redacted(read: TagRead, key: bytes) -> TagRead:
    """The read with pseudonyms for its EPC and TID."""
    tid = None if read.tid is None else pseudonym(read.tid, key)
    return TagRead(
        pseudonym(read.epc, key),
        read.reader,
        read.antenna,
        read.read_at,
        read.received_at,
        read.rssi_dbm,
        read.count,
        tid,
    )


def _row(read: TagRead) -> list[Any]:
    return [
        read.epc,
        read.reader,
        read.antenna,
        read.read_at,
        read.received_at,
        read.rssi_dbm,
        read.count,
        read.tid,
    ]


def decode_line(line: bytes, number: int) -> Identity | Batch:
    """One line of a recording: the head of a segment, or a batch. Raises RecordingInvalid, naming the line."""
    try:
        content = json.loads(line)
        if "recording" in content:
            return _decode_header(content)
        antennas = content["antennas"]
        return Batch(
            tuple(_decode_row(row) for row in content["reads"]),
            _integer(content["alive_at"]),
            None if content["offset_us"] is None else _integer(content["offset_us"]),
            None if antennas is None else tuple(map(_integer, antennas)),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as fault:
        raise RecordingInvalid(f"line {number} of the recording cannot be read: {fault!r}") from fault


def _decode_header(content: dict[str, Any]) -> Identity:
    if content["recording"] != FORMAT:
        raise ValueError(f"format {content['recording']} is not known, {FORMAT} is")
    return Identity(
        _optional(content["model"]), _optional(content["firmware"]), tuple(map(_integer, content["antennas"]))
    )


def _decode_row(row: list[Any]) -> TagRead:
    epc, reader, antenna, read_at, received_at, rssi_dbm, count, tid = row
    if not isinstance(epc, str) or not isinstance(reader, str):
        raise TypeError("an EPC and a reader are text")
    if rssi_dbm is not None and (isinstance(rssi_dbm, bool) or not isinstance(rssi_dbm, int | float)):
        raise TypeError("a signal strength is a number")
    return TagRead(
        bytes.fromhex(epc).hex().upper(),
        reader,
        _integer(antenna),
        _integer(read_at),
        _integer(received_at),
        rssi_dbm,
        _integer(count),
        _optional(tid),
    )


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is not an integer")
    return value


def _optional(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value

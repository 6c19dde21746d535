"""A delivery whose sightings are packed in columns: the same batch as posted in rows, checked by the same bounds.

The daemon sends its sightings as they stand in its spool (`readers.packing`). Here whole columns are checked with
numpy, so that a thousand sightings cost about a millisecond before they reach the tables.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

import numpy as np

from readers.columns import Key, SightingColumns, known, parted, plain_antennas
from readers.packing import PackedInvalid, unpack_delivery
from reconcile.intake import (
    BYTES_MAX,
    COUNT_MAX,
    EPC_BYTES_MAX,
    NAME_CHARACTERS_MAX,
    RECORDS_MAX,
    SEQUENCE_MAX,
    TIME_MAX,
    TIME_MIN,
    IntakeBatch,
    IntakeInvalid,
    SightingRecord,
    checked_distinct,
    is_name,
    parse_batch,
    sighting_record,
)

_DBM_MIN, _DBM_MAX = -200, 100


def parse_delivery(raw: bytes) -> IntakeBatch:
    """The batch in the body of a packed post. Raises IntakeInvalid; then nothing is taken."""
    if len(raw) > BYTES_MAX:
        raise IntakeInvalid(f"{len(raw)} bytes in one batch; send at most {BYTES_MAX}")
    try:
        rows, packed = unpack_delivery(raw)
    except PackedInvalid as error:
        raise IntakeInvalid(f"the packed sightings cannot be read: {error}") from error
    batch = parse_batch(rows)
    total = sum(len(sightings) for _, sightings in packed)
    if total + len(batch.sequences()) > RECORDS_MAX:
        raise IntakeInvalid(f"more than {RECORDS_MAX} records in one batch")
    found = [*batch.sightings]
    for first, sightings in packed:
        found += _records(first, sightings)
    if len(packed) > 1 or batch.sightings:
        found.sort(key=itemgetter(0))
    batch = replace(batch, sightings=tuple(found))
    checked_distinct(batch.sequences())
    return batch


def _records(first: int, columns: SightingColumns) -> Iterable[SightingRecord]:
    if not 1 <= first <= SEQUENCE_MAX - len(columns):
        raise IntakeInvalid(f"a first sequence from 1 to {SEQUENCE_MAX}, not {first}", table="sightings")
    for name in columns.readers:
        if not is_name(name):
            raise IntakeInvalid(
                f"must be a name of 1 to {NAME_CHARACTERS_MAX} printable characters", table="sightings", column="reader"
            )
    for column, values, low, high in (
        ("first_at", columns.first, TIME_MIN, TIME_MAX),
        ("last_at", columns.last, TIME_MIN, TIME_MAX),
        ("received_at", columns.received, TIME_MIN, TIME_MAX),
        ("count", columns.counts, 1, COUNT_MAX),
        ("strongest_dbm", columns.strongest, _DBM_MIN, _DBM_MAX),
        ("mean_dbm", columns.mean, _DBM_MIN, _DBM_MAX),
    ):
        # NaN is a strength that is not known: no comparison holds for it.
        wrong = (values < low) | (values > high)
        if wrong.any():
            at = int(np.argmax(wrong))
            raise IntakeInvalid(
                f"must be from {low} to {high}, not {values[at]}", table="sightings", row=at + 1, column=column
            )
    late = columns.first > columns.last
    if late.any():
        row = int(np.argmax(late)) + 1
        raise IntakeInvalid("must not be before first_at", table="sightings", row=row, column="last_at")
    return _rows(first, columns)


def _rows(first: int, columns: SightingColumns) -> Iterable[SightingRecord]:
    epcs, tids, antennas = _tags(columns.keys)
    for column, texts in (("epc", set(map(len, epcs))), ("tid", {len(tid) for tid in set(tids) if tid is not None})):
        if any(not 0 < length <= 2 * EPC_BYTES_MAX for length in texts):
            raise IntakeInvalid(f"must be 1 to {EPC_BYTES_MAX} bytes", table="sightings", column=column)
    names = columns.readers
    return map(
        sighting_record,
        zip(
            range(first, first + len(columns)),
            epcs,
            tids,
            [names[at] for at in columns.reader.tolist()],
            antennas,
            columns.first.tolist(),
            columns.last.tolist(),
            columns.counts.tolist(),
            _strengths(columns.strongest),
            _strengths(columns.mean),
            columns.received.tolist(),
            strict=True,
        ),
    )


def _strengths(column: Any) -> list[float | None]:
    values = column.tolist()
    return list(map(known, values)) if np.isnan(column).any() else values


def _tags(keys: Sequence[Key]) -> tuple[Sequence[str], Sequence[str | None], Sequence[int]]:
    """EPCs, TIDs and antennas; at once where all keys are plain bytes and as long as each other."""
    if set(map(type, keys)) == {bytes} and len(set(map(len, keys))) == 1:
        digits = b"".join(keys).hex().upper()  # type: ignore[arg-type]
        width = 2 * len(keys[0])
        starts = range(0, len(digits), width)
        epcs = [digits[at : at + width - 4] for at in starts]
        return epcs, [None] * len(keys), plain_antennas(keys).tolist()  # type: ignore[arg-type]
    found = list(map(parted, keys))
    return (
        [epc.hex().upper() for _, epc, _ in found],  # type: ignore[union-attr]
        [tid for tid, _, _ in found],
        [antenna for _, _, antenna in found],
    )

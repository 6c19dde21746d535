"""A folder of backups: what is in it, in which state, and which of them may go.

Beside each backup lies what is said of it: `NAME.json`, signed by the ledger's key, and after a rehearsal
`NAME.rehearsed.json`. No business data: sizes, counts, digests, times.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from custody.ledger import Broken, LedgerKey, VerifierKey, parse_checkpoint, verify_signature
from custody.store.backup.container import AGE, Written, digest_of_file, sync_folder, write_text
from custody.store.backup.form import signed_note
from custody.values import Instant
from custody.verify import checkpoint_body

_NAME = re.compile(r"custody-(\d{8}T\d{6}Z)-(\d{9,16})\.backup(\.age)?")
_SAID = ".json"
_REHEARSED = ".rehearsed.json"
_ORIGIN = "/backup-file"


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a backup. `recipients`: to how many keys it is encrypted; 0: to none, it lies open."""

    name: str
    made_at: Instant
    origin: str
    version: str
    size: int
    rows: int
    bytes: int
    sha256: str
    recipients: int


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """That a backup was restored to try it. `problems`: what was found; none: it is good."""

    name: str
    sha256: str
    at: Instant
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A backup's file in a folder. `state`: whole, changed, unsigned (nothing signed is said of it), foreign."""

    path: Path
    said: Said | None
    state: str
    rehearsal: Rehearsal | None


def name_of(made_at: Instant, size: int, *, encrypted: bool) -> str:
    """The name of a backup: when it was made (UTC) and the ledger's position."""
    moment = datetime.fromtimestamp(made_at // 1_000_000, UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"custody-{moment}-{size:09d}.backup{AGE if encrypted else ''}"


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def say(path: Path, said: Said, key: LedgerKey) -> None:
    """Put beside a backup what is said of it, signed."""
    text = json.dumps(asdict(said), ensure_ascii=False, sort_keys=True)
    body = checkpoint_body(said.origin + _ORIGIN, said.size, sha256(text.encode()).digest())
    write_text(_beside(path, _SAID), json.dumps({"said": text, "note": signed_note(key, body)}, indent=1) + "\n")


def _read_said(path: Path, keys: Sequence[VerifierKey]) -> tuple[Said | None, bool]:
    """What is said of a backup, and whether one of the keys signed it."""
    try:
        found = json.loads(_beside(path, _SAID).read_text(encoding="utf-8"))
        said = Said(**json.loads(found["said"]))
        note = parse_checkpoint(found["note"])
    except (OSError, ValueError, KeyError, TypeError, Broken):
        return None, False
    over = (said.origin + _ORIGIN, said.size, sha256(found["said"].encode()).digest())
    signed = (note.origin, note.size, note.root) == over and any(verify_signature(note, key) for key in keys)
    return said, signed and said.name == path.name


def keep_rehearsal(path: Path, rehearsal: Rehearsal) -> None:
    """Put beside a backup that it was restored to try it."""
    write_text(_beside(path, _REHEARSED), json.dumps(asdict(rehearsal), ensure_ascii=False, indent=1) + "\n")


def _read_rehearsal(path: Path) -> Rehearsal | None:
    try:
        found = json.loads(_beside(path, _REHEARSED).read_text(encoding="utf-8"))
        return Rehearsal(str(found["name"]), str(found["sha256"]), int(found["at"]), tuple(found["problems"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def backups(folder: Path, keys: Sequence[VerifierKey], *, whole: bool = False) -> list[Kept]:
    """The backups of a folder, the newest first. `whole`: every byte is read; otherwise sizes are compared."""
    found = [path for path in folder.iterdir() if _NAME.fullmatch(path.name) and path.is_file()]
    return [_kept(path, keys, whole=whole) for path in sorted(found, key=lambda one: one.name, reverse=True)]


def _kept(path: Path, keys: Sequence[VerifierKey], *, whole: bool) -> Kept:
    said, signed = _read_said(path, keys)
    rehearsal = _read_rehearsal(path)
    if said is None:
        return Kept(path, None, "unsigned", None)
    if not signed:
        return Kept(path, said, "foreign" if said.origin not in {key.name for key in keys} else "unsigned", None)
    found = digest_of_file(path) if whole else Written(path.stat().st_size, said.sha256)
    state = "whole" if (found.bytes, found.sha256) == (said.bytes, said.sha256) else "changed"
    of_this = rehearsal is not None and rehearsal.sha256 == said.sha256
    return Kept(path, said, state, rehearsal if of_this else None)


def spared(
    made: Iterable[tuple[str, Instant]], day_of: Callable[[Instant], str], daily: int, monthly: int
) -> frozenset[str]:
    """Names that stay: the newest of each of the last `daily` days, and of each of the last `monthly` months, on which
    there is one. `made`: name and when.
    """
    ordered = sorted(made, key=lambda one: one[1], reverse=True)
    stay: set[str] = {ordered[0][0]} if ordered else set()
    for length, number in ((10, daily), (7, monthly)):
        newest: dict[str, str] = {}
        for name, at in ordered:
            newest.setdefault(day_of(at)[:length], name)
        stay |= set(list(newest.values())[:number])
    return frozenset(stay)


def clear(
    folder: Path, keys: Sequence[VerifierKey], day_of: Callable[[Instant], str], daily: int, monthly: int
) -> list[str]:
    """Delete what retention does not spare; the names of what went.

    Only what this installation wrote, signed as such, and is as it was; and never the newest that was rehearsed well.
    """
    ours = [one for one in backups(folder, keys) if one.said is not None and one.state == "whole"]
    stay = set(spared([(one.path.name, one.said.made_at) for one in ours if one.said], day_of, daily, monthly))
    good = [one.path.name for one in ours if one.rehearsal is not None and not one.rehearsal.problems]
    stay |= set(good[:1])
    return _delete(folder, [one.path for one in ours if one.path.name not in stay])


def _delete(folder: Path, paths: Collection[Path]) -> list[str]:
    gone = []
    for path in paths:
        # The backup first: what is said of nothing misleads nobody.
        for one in (path, _beside(path, _SAID), _beside(path, _REHEARSED)):
            with suppress(FileNotFoundError):
                one.unlink()
        gone.append(path.name)
    if gone:
        sync_folder(folder)
    return gone

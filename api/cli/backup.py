"""`custody backup`, `backups`, `backup-key`, `rehearse`, `restore`, `move`. They run as the server's own account.

The private key that opens backups stays off the server, and the ledger's private key out of backups: a thief of one
backup and its key could otherwise not only read history but sign another.
"""

import json
import os
import shutil
import tempfile
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from api.cli.said import complain, say
from api.installation import (
    CONFIG,
    KEY,
    InstallationError,
    data_folder,
    ledger_key,
    open_database,
    read_configuration,
    with_database,
)
from api.sessions import ACCOUNT_KEY
from api.store import Connection, end_all_sessions
from custody import clock
from custody.database import Database
from custody.ledger import Broken, Checkpoint, LedgerKey, VerifierKey, parse_checkpoint, parse_key
from custody.scheme import Scheme
from custody.store import audit
from custody.store import backup as backups_of
from custody.store.audit import Detail
from custody.store.backup import BackupBroken, Header, Made, Outside, container, folder, noted, standing
from custody.store.key_history import known_keys

DATABASE = "custody.sqlite"
_RESTORING = ".restoring"
PRIVATE: Mapping[str, str] = {
    KEY: "without it nothing is signed: see custody ledger replace-lost-key",
    ACCOUNT_KEY: "without it everybody sets the second factor up anew",
}
"""Private keys of a data folder, and what it means to be without them."""
ROWS_SHOWN = 50


def _pinned(path: Path | None) -> list[VerifierKey]:
    """The public keys of a file kept outside, one a line."""
    if path is None:
        return []
    try:
        return [parse_key(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError, Broken) as error:
        raise InstallationError(f"{path} is no public key of a ledger: {error}") from error


def _identities(path: Path | None) -> list[container.Identity]:
    return [] if path is None else container.identities_of(path)


def _files(data: Path, *, with_keys: bool) -> dict[str, bytes]:
    """What is backed up besides the database: the configuration without its database, and the keys where asked."""
    files = {CONFIG: with_database((data / CONFIG).read_text(encoding="utf-8"), "").encode()}
    if with_keys:
        files |= {path.name: path.read_bytes() for path in sorted(data.glob("*.key"))}
    return files


def backup(options: Namespace) -> int:
    """A backup of the running installation, read back before it is called one; then retention."""
    data = data_folder(options.data, os.environ)
    recipients = [] if options.recipient is None else container.recipients_of(options.recipient)
    if options.keep_daily is not None and options.keep_daily < 1:
        raise InstallationError("--keep-daily must be 1 at least.")
    configuration, database = open_database(data, read_only=True)
    with database, container.alone(options.folder):
        database.check_migrated()
        key = ledger_key(data, configuration.scheme.ledger_origin, database)
        if not recipients:
            complain(
                "custody: warning: without --recipient the backup is not encrypted: whoever has the file reads every "
                "title; make a key with custody backup-key"
            )
        files = _files(data, with_keys=options.with_keys)
        made = backups_of.make(database, key, options.folder, clock.now(), files, recipients)
        problems: list[str] = []
        tried = options.rehearse or not recipients
        if tried:
            problems = _tried_here(made, key, options)
        gone: list[str] = []
        if options.keep_daily is not None and not problems:
            zone = configuration.scheme.timezone
            gone = folder.clear(
                options.folder,
                _known_keys(database, key),
                lambda at: clock.day(at, zone),
                options.keep_daily,
                options.keep_monthly or 0,
            )
        _note_made(data, made, len(gone))
        _note_found(data, database, folder.backups(options.folder, _known_keys(database, key)))
    _tell_made(made, len(gone), tried=tried)
    return _tell_problems(problems)


def _known_keys(database: Database, key: LedgerKey) -> list[VerifierKey]:
    """Every key that this ledger was ever signed with: a backup from before a change of key is ours too."""
    with database.reading() as connection:
        return list(known_keys(connection, key.public))


def _tried_here(made: Made, key: LedgerKey, options: Namespace) -> list[str]:
    """Restore the backup at once; it can be read here only while its key of the moment is at hand."""
    with _workshop(options.work, made.said.bytes) as trial:
        _header, problems = backups_of.try_out(made.path, made.opens_with, trial, _scheme_of, [key.public])
    # The note of it follows with those of the folder.
    _keep_rehearsal(made.path, made.said.sha256, problems)
    return problems


def _tell_made(made: Made, gone: int, *, tried: bool) -> None:
    said = made.said
    closed = f"encrypted to {said.recipients} key{'s' * (said.recipients > 1)}" if said.recipients else "not encrypted"
    say(f"{made.path}: {said.rows:,} rows at position {said.size:,}, {said.bytes:,} bytes, {closed}")
    say(
        "read back whole: counts, digests, the tree of its entries and its signatures hold"
        + ("; restored to try it" if tried else "; try it where its key is: custody rehearse")
    )
    if gone:
        say(f"{gone} older backups deleted")


def _tell_problems(problems: list[str]) -> int:
    for problem in problems[:ROWS_SHOWN]:
        say(problem)
    if problems:
        complain(f"custody: the backup was restored to try it, and {len(problems)} things in it are wrong: see above")
    return 1 if problems else 0


def _note_made(data: Path, made: Made, gone: int) -> None:
    said = made.said
    detail: Detail = {
        "name": said.name,
        "size": said.size,
        "rows": said.rows,
        "bytes": said.bytes,
        "sha256": said.sha256,
        "recipients": said.recipients,
        "deleted": gone,
    }
    noted.note(data, "backup_made", said.made_at, detail)


def _note_rehearsed(data: Path, name: str, size: int, sha256: str, problems: list[str], at: int) -> None:
    detail: Detail = {"name": name, "size": size, "sha256": sha256, "problems": len(problems)}
    noted.note(data, "backup_rehearsed", at, detail)


def _note_found(data: Path, database: Database, found: list[folder.Kept]) -> None:
    """Rehearsals elsewhere, of which the server has not heard: their word came back beside the backup."""
    with database.reading() as connection:
        known = {standing.done_at(one) for one in standing.rehearsals(connection)}
    for one in found:
        if one.rehearsal is not None and one.said is not None and one.rehearsal.at not in known:
            problems = list(one.rehearsal.problems)
            _note_rehearsed(data, one.path.name, one.said.size, one.said.sha256, problems, one.rehearsal.at)


def _keep_rehearsal(path: Path, sha256: str, problems: list[str]) -> int:
    """Beside the backup; gives when it was."""
    at = clock.now()
    try:
        folder.keep_rehearsal(path, folder.Rehearsal(path.name, sha256, at, tuple(problems)))
    except OSError as error:
        complain(f"custody: the rehearsal is not kept beside the backup ({error.strerror}); the disk may be read-only")
    return at


def backups(options: Namespace) -> int:
    """The backups of a folder; 1 where one of ours is not as it was written."""
    if not options.folder.is_dir():
        raise InstallationError(f"{options.folder} is not a folder.")
    data = data_folder(options.data, os.environ)
    configuration, database = open_database(data, read_only=True)
    with database:
        key = ledger_key(data, configuration.scheme.ledger_origin, database)
        found = folder.backups(options.folder, _known_keys(database, key), whole=options.check)
    now, zone = clock.now(), configuration.scheme.timezone
    rows = [_as_json(one, now) for one in found]
    if options.json:
        say(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        for one, row in zip(found, rows, strict=True):
            made = "" if one.said is None else f"{clock.moment(one.said.made_at, zone):%Y-%m-%d %H:%M}"
            age = "" if row["age_hours"] is None else f"{row['age_hours']} h"
            tried = {None: "not rehearsed", True: "rehearsed", False: "rehearsed: NOT GOOD"}[row["good"]]
            say(f"{made:<18}{age:<9}{one.state:<10}{tried:<20}{one.path.name}")
        if not found:
            say("no backups here")
    return 1 if any(one.state == "changed" for one in found) else 0


def _as_json(one: folder.Kept, now: int) -> dict[str, Any]:
    said = one.said
    return {
        "name": one.path.name,
        "state": one.state,
        "made_at": None if said is None else said.made_at,
        "age_hours": None if said is None else (now - said.made_at) // 3_600_000_000,
        "position": None if said is None else said.size,
        "bytes": None if said is None else said.bytes,
        "recipients": None if said is None else said.recipients,
        "rehearsed_at": None if one.rehearsal is None else one.rehearsal.at,
        "good": None if one.rehearsal is None else not one.rehearsal.problems,
    }


def backup_key(options: Namespace) -> int:
    """A key pair for backups, made where the private key is to stay."""
    public = options.file.with_name(options.file.name + ".pub")
    for path in (options.file, public):
        if path.exists():
            raise InstallationError(f"{path} is already there; name a new file.")
    private, shown = container.new_identity()
    container.write_text(options.file, f"# private key of backups; public key: {shown}\n{private}\n")
    container.write_text(public, f"{shown}\n")
    say(f"private key {options.file}: keep it off the server, twice, in two places")
    say(f"public key {public}: take it to the server, for custody backup --recipient")
    return 0


@contextmanager
def _workshop(given: Path | None, size: int) -> Iterator[Database]:
    """A database for a trial, in a folder of its own that goes with it."""
    with tempfile.TemporaryDirectory(prefix="custody-rehearsal-", dir=given) as place:
        # The database is some times larger than the compressed backup.
        container.require_room(Path(place), 32 * size, "a rehearsal")
        with Database.open(f"sqlite:///{place}/{DATABASE}") as database:
            yield database


def _scheme_of(files: Mapping[str, bytes]) -> Scheme:
    """What the backup's configuration says. Raises BackupBroken."""
    with tempfile.TemporaryDirectory(prefix="custody-rehearsal-") as place:
        try:
            (Path(place) / CONFIG).write_bytes(files[CONFIG])
            return read_configuration(Path(place)).scheme
        except (KeyError, InstallationError) as error:
            raise BackupBroken(f"its configuration cannot be used: {error}") from error


def rehearse(options: Namespace) -> int:
    """Restore a backup into a database of the moment, check everything, say what was found, leave nothing."""
    identities, keys = _identities(options.identity), _pinned(options.key)
    written = _whole_file(options.file)
    with _workshop(options.work, written.bytes) as trial:
        header, problems = backups_of.try_out(options.file, identities, trial, _scheme_of, keys)
    at = _keep_rehearsal(options.file, written.sha256, problems)
    if options.data is not None:
        _note_rehearsed(options.data, options.file.name, header.size, written.sha256, problems, at)
    if not problems:
        sure = "authenticated by the key that was given" if keys else "consistent; authenticated only with --key"
        say(
            f"good: {len(header.tables)} tables, {sum(one.rows for one in header.tables):,} rows, "
            f"{header.size:,} entries folded and equal to the register; {sure}"
        )
    return _tell_problems(problems)


def _whole_file(path: Path) -> container.Written:
    try:
        return container.digest_of_file(path)
    except OSError as error:
        raise InstallationError(f"{path} cannot be read: {error.strerror}") from error


def _outside(path: Path | None) -> Checkpoint | None:
    if path is None:
        return None
    try:
        return parse_checkpoint(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, Broken) as error:
        raise InstallationError(f"{path} is no checkpoint: {error}") from error


def restore(options: Namespace) -> int:
    """A backup restored into a new data folder, with what is to be done next."""
    data: Path = options.data
    identities, keys = _identities(options.identity), _pinned(options.key)
    checkpoint = _outside(options.checkpoint)
    written = _whole_file(options.file)
    _new_folder(data)
    target = data / f"{DATABASE}{_RESTORING}"
    container.require_room(data, 0 if options.database else 32 * written.bytes, "the restored database")
    outside = None if checkpoint is None else Outside(checkpoint)
    sessions: list[int] = []

    def finish(connection: Connection, header: Header) -> None:
        sessions.append(end_all_sessions(connection))
        detail: Detail = {
            "name": options.file.name,
            "size": header.size,
            "made_at": header.made_at,
            "sha256": written.sha256,
            "rolled_back_from": checkpoint.size if checkpoint and checkpoint.size > header.size else None,
            "sessions": sessions[-1],
        }
        audit.note(connection, "restored", clock.now(), detail=detail)

    try:
        with Database.open(options.database or f"sqlite:///{target}") as database:
            found = backups_of.restore(options.file, identities, database, finish, keys, outside)
    except BaseException:
        _sweep(data)
        raise
    if not options.database:
        _settle_database(target, data / DATABASE)
    lacking = _put_files(data, found.files, options)
    _tell_restored(found, sessions[-1], checkpoint, lacking, data)
    return 0


def _new_folder(data: Path) -> None:
    """The folder, new or empty but for what a restoration left that was killed."""
    data.mkdir(parents=True, exist_ok=True)
    os.chmod(data, 0o700)
    _sweep(data)
    if any(data.iterdir()):
        raise InstallationError(f"{data} is not empty; name a new folder. Nothing was changed.")


def _sweep(data: Path) -> None:
    for left in data.glob(f"{DATABASE}{_RESTORING}*"):
        left.unlink(missing_ok=True)


def _settle_database(target: Path, path: Path) -> None:
    """Give the restored database its name, one file that is all of it."""
    backups_of.one_file(target)
    container.settle(target, path)
    _sweep(path.parent)


def _put_files(data: Path, files: Mapping[str, bytes], options: Namespace) -> list[str]:
    """Keys first, the configuration last: without it the folder is no installation. Gives the keys that lack."""
    for name in sorted(files):
        if name.endswith(".key") and Path(name).name == name:
            container.write_text(data / name, files[name].decode())
    if options.keys is not None:
        for path in sorted(options.keys.glob("*.key")):
            container.write_text(data / path.name, path.read_text(encoding="utf-8"))
    text = files[CONFIG].decode()
    container.write_text(data / CONFIG, with_database(text, options.database))
    return [name for name in PRIVATE if not (data / name).exists()]


def _tell_restored(
    found: backups_of.Restored, sessions: int, checkpoint: Checkpoint | None, lacking: list[str], data: Path
) -> None:
    header = found.header
    say(f"restored into {data}: {found.rows:,} rows, every table read again and compared; position {header.size:,}")
    if found.rolled_back and checkpoint is not None:
        complain(
            f"custody: HISTORY IS ROLLED BACK: the checkpoint kept outside is at {checkpoint.size:,}, the backup at "
            f"{header.size:,}. {checkpoint.size - header.size:,} entries are gone: acts that people signed. Enter them "
            "again from their papers, and let the auditor know: the witness will refuse what follows."
        )
    elif checkpoint is not None:
        say(f"the checkpoint kept outside, at {checkpoint.size:,}, is of this history")
    else:
        say(
            f"no checkpoint was compared: if one printed or witnessed is of a position above {header.size:,}, "
            "acts are lost; look now"
        )
    if not found.authenticated:
        say("consistent, not authenticated: give the ledger's public key with --key to know whose backup it is")
    say("before it serves:")
    for name in lacking:
        say(f"  put {name} back from where it is kept: the backup holds no private keys ({PRIVATE[name]})")
    say(f"  {sessions} sessions were ended: everybody signs in again")
    say("  what was taken away since the backup is given again: go through accounts, roles and device tokens")
    say("  readers' sightings since the backup are gone, but for what the daemons still have in their spools")
    say("  custody rebuild --check")


def move(options: Namespace) -> int:
    """To another database with the same ledger; the configuration is switched last, and at once."""
    data = data_folder(options.data, os.environ)
    configuration = read_configuration(data)
    embedded = options.to == "sqlite"
    path = data / DATABASE
    target_url = f"sqlite:///{path}{_RESTORING}" if embedded else options.to
    with Database.open(configuration.database_url) as source:
        if embedded and (source.dialect == "sqlite" or path.exists()):
            raise InstallationError(f"{path} is there already; nothing was changed.")
        if not source.nobody_else():
            raise InstallationError("somebody else is connected to the database: stop the server first.")
        source.check_migrated()
        key = ledger_key(data, configuration.scheme.ledger_origin, source)
        _sweep(data)
        container.require_room(data, backups_of.room_needed(source) if embedded else 0, "the database")

        def finish(connection: Connection, header: Header) -> None:
            end_all_sessions(connection)
            detail: Detail = {"from": source.dialect, "to": target.dialect, "size": header.size}
            audit.note(connection, "moved", clock.now(), detail=detail)

        try:
            with Database.open(target_url) as target:
                header = backups_of.copy(source, target, finish, key, clock.now())
                differences = backups_of.check(target, configuration.scheme, key.public)
            if differences:
                raise BackupBroken(f"the copy does not check, nothing was changed: {differences[0]}")
            if not source.nobody_else():
                raise InstallationError(
                    "somebody connected to the database meanwhile; nothing was changed: stop it all."
                )
            if embedded:
                _settle_database(Path(f"{path}{_RESTORING}"), path)
        except BaseException:
            _sweep(data)
            raise
        text = (data / CONFIG).read_text(encoding="utf-8")
        container.write_text(data / CONFIG, with_database(text, "" if embedded else options.to))
    say(
        f"moved: {sum(one.rows for one in header.tables):,} rows in {len(header.tables)} tables, the same tree at "
        f"{header.size:,}; every table compared, the ledger folded and equal"
    )
    _tell_old(source, data)
    return 0


def _tell_old(source: Database, data: Path) -> None:
    """The old database is not used again by mistake."""
    if source.dialect != "sqlite":
        say("the old database is as it was: destroy it when the new one has proved itself")
        return
    old = Path(str(source.url.database))
    aside = old.with_name(f"{old.name}.moved-{clock.day(clock.now(), 'UTC')}")
    if not aside.exists():
        shutil.move(old, aside)
        for left in data.glob(f"{old.name}-*"):
            left.unlink(missing_ok=True)
    say(f"the old database is {aside}: destroy it when the new one has proved itself")

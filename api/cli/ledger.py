"""`custody ledger …` and `custody rebuild`: the books, checked. They run as the server's own account."""

import os
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.cli.said import complain, say
from api.installation import InstallationError, data_folder, open_books
from api.locale import translate
from api.web.printing.verifying import Unreadable, parse_code, verified
from custody import clock
from custody import verify as verifier
from custody.rules import NotFound
from custody.store import witnessing
from custody.store.books import Books

ROWS_SHOWN = 50


@contextmanager
def _books(options: Namespace) -> Iterator[Books]:
    """The books, for reading only: the server may be writing them."""
    _configuration, database, books = open_books(data_folder(options.data, os.environ), clock.now, read_only=True)
    with database:
        yield books


def _new_file(path: Path) -> Path:
    """A file that is not there yet: what is kept outside is never overwritten by mistake."""
    if path.exists():
        raise InstallationError(f"{path} is already there; name a new file.")
    if not path.parent.is_dir():
        raise InstallationError(f"{path.parent} is not a folder.")
    return path


def key(options: Namespace) -> int:
    """Write the public key."""
    with _books(options) as books:
        vkey = books.signing_key().vkey()
    _new_file(options.file).write_text(vkey + "\n", encoding="utf-8")
    say(f"public key written to {options.file}: keep it outside, on paper or on the auditor's machine")
    return 0


def checkpoint(options: Namespace) -> int:
    """Sign the ledger at its present size, without touching the running server's database."""
    target = _new_file(options.file)
    with _books(options) as books:
        note = books.sign_present()
    target.write_text(note, encoding="utf-8")
    say(f"checkpoint at {note.splitlines()[1]} entries written to {target}")
    return 0


def export(options: Namespace) -> int:
    """Write the whole ledger as text, its checkpoint last; whole or not at all."""
    target = _new_file(options.file)
    aside = target.with_name(f".{target.name}.part")
    try:
        with _books(options) as books, aside.open("wb") as out:
            size = books.export(out)
            out.flush()
            os.fsync(out.fileno())
        aside.rename(target)
    finally:
        aside.unlink(missing_ok=True)
    say(f"{size} entries written to {target}")
    return 0


def verify_export(options: Namespace) -> int:
    """Verify an export offline; the same code as the one-file verifier."""
    if options.witness_key and not options.checkpoint:
        complain("custody: --witness-key needs --checkpoint: the checkpoint that the witness cosigned")
        return 2
    try:
        verdict = verifier.verify_files(options.file, options.key, options.checkpoint, options.witness_key)
    except (OSError, verifier.Broken) as error:
        complain(f"custody: {error}")
        return 2
    say(str(verdict))
    return 0 if verdict.consistent else 1


def verify_print(options: Namespace) -> int:
    """Whether a printed paper is true, by what its code says. Exit 0 true, 1 not."""
    try:
        code = parse_code(options.file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        complain(f"custody: {options.file} cannot be read: {error}")
        return 2
    except Unreadable as error:
        complain(f"custody: {translate('en', f'verify.unreadable.{error.code}')}")
        return 2
    with _books(options) as books, books.database.reading() as connection:
        found = verified(connection, books, code, sees_act=True)
    for one in found:
        say(f"{translate('en', f'verify.light.{one.light}')}: {translate('en', f'verify.{one.code}', **one.params)}")
    return 1 if any(one.light == "bad" for one in found) else 0


def bundle(options: Namespace) -> int:
    """Write what a witness without a network is brought: the latest checkpoint and the proof from its size."""
    target = _new_file(options.file)
    with _books(options) as books, books.database.reading() as connection:
        try:
            text = witnessing.bundle(connection, options.first)
        except NotFound as error:
            raise InstallationError(
                f"No checkpoint of {options.first} entries or more is kept; the running server signs one every hour."
            ) from error
    target.write_text(text, encoding="utf-8")
    say(f"bundle from size {options.first} written to {target}: bring it to the witness (custody-witness cosign)")
    return 0


def take_cosignature(options: Namespace) -> int:
    """Keep the cosignature that a witness without a network gave back."""
    _configuration, database, books = open_books(data_folder(options.data, os.environ), clock.now)
    with database:
        try:
            with database.writing() as connection:
                kept = witnessing.keep_cosignature(connection, options.file.read_text(encoding="utf-8"), books.clock())
        except (OSError, UnicodeDecodeError, witnessing.WitnessRefused) as error:
            complain(f"custody: {error}")
            return 1
    say(f"cosignature of {kept.witness} at {kept.size} entries kept")
    return 0


def rebuild(options: Namespace) -> int:
    """Fold the whole ledger and compare it with the register."""
    with _books(options) as books:
        differences = books.rebuild_check()
    for difference in differences[:ROWS_SHOWN]:
        say(difference)
    if len(differences) > ROWS_SHOWN:
        say(f"… and {len(differences) - ROWS_SHOWN} more")
    say("equal" if not differences else f"{len(differences)} differences")
    return 0 if not differences else 1

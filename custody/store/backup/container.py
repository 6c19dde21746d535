"""The file that a backup is: its lines compressed (gzip), encrypted to a recipient's key (age), whole or not at all.

The recipient's private key stays off the server. So that the file can be read back here all the same, each file is
encrypted to a second key besides, made in memory for this one file and forgotten with the process.
"""

import fcntl
import gzip
import os
import shutil
import threading
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

import pyrage  # type: ignore[import-untyped]
from pyrage import x25519

from custody.store.backup.form import BackupBroken

AGE = ".age"
"""What the name of an encrypted backup ends with."""
_LEVEL = 3
_GZIP = 31
_CHUNK = 1 << 16
_LOCK = ".custody-backup.lock"
_PART = ".part"


class BackupFailed(Exception):
    """No backup was made, or none restored; the message says why and what to do."""


class Identity(Protocol):
    """A private key, or one made for the moment."""

    def to_public(self) -> Any:
        """Its public key."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file as it was written: its bytes and their SHA-256, hexadecimal."""

    bytes: int
    sha256: str


def new_identity() -> tuple[str, str]:
    """A private key for whoever keeps backups, and its public key: two lines of text."""
    identity = x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def passing_identity() -> Identity:
    """A key for one file, kept in memory alone."""
    return cast(Identity, x25519.Identity.generate())


def recipients_of(path: Path) -> list[Any]:
    """The public keys of a file, one a line; lines with # are remarks. Raises BackupFailed."""
    try:
        found = [x25519.Recipient.from_str(one) for one in _lines(path)]
    except pyrage.RecipientError as error:
        raise BackupFailed(
            f"{path} holds no age public key (age1…): {error}; make one with custody backup-key"
        ) from error
    if not found:
        raise BackupFailed(f"{path} holds no age public key (age1…); make one with custody backup-key")
    return found


def identities_of(path: Path) -> list[Identity]:
    """The private keys of a file, one a line; lines with # are remarks. Raises BackupFailed."""
    try:
        found = [cast(Identity, x25519.Identity.from_str(one)) for one in _lines(path)]
    except pyrage.IdentityError:
        # What cannot be read may be a private key, mistyped: it is not repeated.
        raise BackupFailed(f"{path} holds no age private key (AGE-SECRET-KEY-1…)") from None
    if not found:
        raise BackupFailed(f"{path} holds no age private key (AGE-SECRET-KEY-1…)")
    return found


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise BackupFailed(f"{path} cannot be read: {error}") from error
    return [one.strip() for one in text.splitlines() if one.strip() and not one.startswith("#")]


# Writing.


class _Pull:
    """The lines, compressed, as a file to be read: whoever reads drives the database's cursor. `failed` keeps why."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._chunks = _compressed(lines)
        self._rest = b""
        self.failed: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; none at the end."""
        try:
            while not self._rest:
                self._rest = next(self._chunks)
        except StopIteration:
            return b""
        except BaseException as error:
            # The library tells it as text alone.
            self.failed = error
            raise
        taken = self._rest if size < 0 else self._rest[:size]
        self._rest = self._rest[len(taken) :]
        return taken


def _compressed(lines: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    gathered, size = [], 0
    for one in lines:
        gathered.append(one)
        size += len(one)
        if size >= _CHUNK:
            if packed := packer.compress(b"".join(gathered)):
                yield packed
            gathered, size = [], 0
    yield packer.compress(b"".join(gathered)) + packer.flush()


class _Out:
    """A file under way, hashed as it is written. `failed` keeps why it takes nothing more."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._hash = sha256()
        self.bytes = 0
        self.failed: OSError | None = None

    def write(self, data: bytes) -> int:
        """All of it."""
        try:
            self._stream.write(data)
        except OSError as error:
            self.failed = error
            raise
        self._hash.update(data)
        self.bytes += len(data)
        return len(data)

    def flush(self) -> None:
        """On its way to the disk."""
        try:
            self._stream.flush()
        except OSError as error:
            self.failed = error
            raise

    def written(self) -> Written:
        """What was written."""
        return Written(self.bytes, self._hash.hexdigest())


def write_file(path: Path, lines: Iterable[bytes], recipients: Sequence[Any]) -> Written:
    """A new file of these lines, on the disk when this returns; encrypted where there are recipients.

    Raises BackupFailed, and what the lines raise; what was begun is gone then.
    """
    source = _Pull(lines)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    out = _Out(os.fdopen(descriptor, "wb"))
    try:
        with out._stream:
            if recipients:
                pyrage.encrypt_io(source, out, list(recipients))
            else:
                while chunk := source.read(_CHUNK):
                    out.write(chunk)
            out.flush()
            os.fsync(out._stream.fileno())
    except BaseException as error:
        path.unlink(missing_ok=True)
        if source.failed is not None:
            raise source.failed from None
        if isinstance(error, OSError | pyrage.EncryptError):
            raise BackupFailed(
                f"{path.parent} takes nothing more ({out.failed or error}); no backup was made"
            ) from error
        raise
    return out.written()


def settle(part: Path, path: Path) -> None:
    """Give a finished file its name, on the disk when this returns."""
    os.rename(part, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """A folder's names are on the disk when this returns."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """A small file, whole and on the disk, or not at all; an older one of the name gives way."""
    part = path.with_name(f".{path.name}{_PART}")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        settle(part, path)
    finally:
        part.unlink(missing_ok=True)


def part_of(path: Path) -> Path:
    """The name under which a file is under way: nothing that looks like a backup."""
    return path.with_name(f".{path.name}{_PART}")


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """The only backup under way into this folder; what one that was killed left is cleared away.

    Raises BackupFailed.
    """
    if not folder.is_dir():
        raise BackupFailed(f"{folder} is not a folder; make it first (it should be on another disk)")
    try:
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise BackupFailed(f"{folder} cannot be written: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BackupFailed(f"another backup into {folder} is under way") from error
        for left in folder.glob(f".custody-*{_PART}"):
            left.unlink(missing_ok=True)
        yield
    finally:
        os.close(descriptor)


def require_room(folder: Path, needed: int, what: str) -> None:
    """Raises BackupFailed unless the folder's disk has so many bytes left."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BackupFailed(
            f"{folder} has {free // 1_000_000:,} MB free, and {what} may need {needed // 1_000_000 + 1:,} MB: "
            "make room first"
        )


# Reading.


class _Inlet:
    """The writing end of the pipe. `left`: whoever read has gone away."""

    def __init__(self, descriptor: int) -> None:
        self._pipe = os.fdopen(descriptor, "wb")
        self.left = False

    def write(self, data: bytes) -> int:
        """All of it, as the reader takes it."""
        try:
            return self._pipe.write(data)
        except BrokenPipeError:
            self.left = True
            raise

    def flush(self) -> None:
        """Nothing waits here for long."""

    def close(self) -> None:
        """The end; a reader that has gone away is no fault."""
        try:
            self._pipe.close()
        except BrokenPipeError:
            self.left = True


class _Decrypting:
    """An encrypted file decrypted in a thread of its own, read through a pipe: bounded memory, no copy on the disk."""

    def __init__(self, file: BinaryIO, identities: Sequence[Identity]) -> None:
        outlet, inlet = os.pipe()
        self.stream: BinaryIO = os.fdopen(outlet, "rb")
        self._inlet = _Inlet(inlet)
        self._failed: Exception | None = None
        self._thread = threading.Thread(target=self._run, args=(file, list(identities)), name="decrypting", daemon=True)
        self._thread.start()

    def _run(self, file: BinaryIO, identities: list[Identity]) -> None:
        try:
            pyrage.decrypt_io(file, self._inlet, identities)
        except (pyrage.DecryptError, OSError, ValueError) as error:
            self._failed = error
        self._inlet.close()

    def close(self) -> Exception | None:
        """End it; why the file could not be decrypted, if it could not."""
        # Whoever stops reading early must not leave the other end waiting.
        self.stream.close()
        self._thread.join()
        return None if self._inlet.left else self._failed


@contextmanager
def read_file(path: Path, identities: Sequence[Identity]) -> Iterator[BinaryIO]:
    """The lines of a backup's file, as a stream. Raises BackupBroken, BackupFailed where a key is wanted."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise BackupFailed(f"{path} cannot be read: {error.strerror}") from error
    with file:
        encrypted = file.read(4) == b"age-"
        file.seek(0)
        if encrypted and not identities:
            raise BackupFailed(f"{path} is encrypted: name the private key with --identity FILE")
        decrypting = _Decrypting(file, identities) if encrypted else None
        source = file if decrypting is None else decrypting.stream
        told: Exception | None = None
        try:
            with gzip.GzipFile(fileobj=source, mode="rb") as lines:
                yield cast(BinaryIO, lines)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            told = error
        except BackupBroken as error:
            told = error
        finally:
            failed = None if decrypting is None else decrypting.close()
        if isinstance(failed, pyrage.DecryptError) and "matching" in str(failed):
            raise BackupFailed(f"{path} is not encrypted to this key")
        if failed is not None:
            raise BackupBroken(f"{path.name} cannot be decrypted: it was cut off or changed ({failed})") from failed
        if isinstance(told, BackupBroken):
            raise told
        if told is not None:
            raise BackupBroken(f"{path.name} was cut off or changed ({told})") from told


def digest_of_file(path: Path) -> Written:
    """A file's size and SHA-256, read from the disk."""
    found = sha256()
    size = 0
    with path.open("rb") as stream:
        # What was just written would be read from memory otherwise.
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while chunk := stream.read(1 << 20):
            found.update(chunk)
            size += len(chunk)
    return Written(size, found.hexdigest())

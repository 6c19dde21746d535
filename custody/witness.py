"""The auditor's witness of the ledger: this one file, Python 3.11's standard library and `cryptography`.

    python witness.py init --name auditor.example/w1 --ledger-key ledger.pub
    python witness.py watch --server ADDRESS --token-file token [--ca ca.pem] [--every 3600]
    python witness.py cosign bundle.txt -o cosigned.txt          (a machine without a network)
    python witness.py key | status | trust-key FILE

It runs on the auditor's own machine, with a key of its own, and remembers the largest checkpoint of the ledger that it
has seen: a size and a root hash. Of every later one it demands the ledger's signature and a proof (RFC 9162 section
2.1.4) that it continues the one remembered; then it signs it too (C2SP tlog-cosignature) and hands the signature back.
So nobody can cut the ledger off, rewrite it, or show two people two ledgers, without this machine saying so: loudly,
with exit 1, and in its own log. It sees sizes and hashes, and nothing that the ledger is about.

A ledger may change its key: the old key signs the new one, and that is followed and logged. A key that was lost signs
nothing: `trust-key` takes the new one on the auditor's own word, and the proof is demanded all the same.

Its folder (`--state`, else ./witness): `witness.key` (0600), `state.json` (origin, key, size, root), `witness.log`.
Exit 0 cosigned, 1 refused: the ledger contradicts itself, 2 wrong use, or the server could not be asked.
"""

import argparse
import base64
import binascii
import fcntl
import http.client
import json
import os
import re
import secrets
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

ANSWER_BYTES_MAX = 1 << 16
"""Longest answer read: a checkpoint, a proof or the rotations are far shorter."""
ANSWER_SECONDS_MAX = 60.0
"""Longest time that a whole answer may take, however slowly it trickles."""
PROOF_LINES_MAX = 63
"""A tree of 2^53 leaves has no longer proof; C2SP tlog-witness allows as many."""
_SIZE_MAX = 2**53 - 1
_MARK = "— "
_LEDGER, _WITNESS = b"\x01", b"\x04"
_API = "/api/v1/witness"


class Refused(Exception):
    """The ledger contradicts what it showed before, or is not signed by its key. Exit 1."""


class Unusable(Exception):
    """The call, the folder or the server is of no use as it is; the message says what to do. Exit 2."""


# Notes and keys (C2SP signed-note, tlog-checkpoint, tlog-cosignature).


@dataclass(frozen=True, slots=True)
class Key:
    """A public key by name; `kind` 0x01 signs the ledger's checkpoints, 0x04 cosigns them."""

    name: str
    public: bytes
    kind: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes that name it in a signature line."""
        return sha256(self.name.encode() + b"\n" + self.kind + self.public).digest()[:4]

    def verifies(self, signature: bytes, text: str) -> bool:
        """Whether these bytes are its signature of the text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(self.kind + self.public).decode()}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The ledger at one size. `body` is what the signatures stand under: (name, four bytes, signature)."""

    origin: str
    size: int
    root: bytes
    body: str
    signatures: tuple[tuple[str, bytes, bytes], ...]

    def signed_by(self, key: Key) -> bool:
        """Whether this key signed it."""
        return any(
            (name, key_id) == (key.name, key.key_id) and key.verifies(signature, self.body)
            for name, key_id, signature in self.signatures
        )


def parse_key(text: str, kind: bytes) -> Key:
    """The key of `name+hash+base64`. Raises ValueError."""
    name, _, rest = text.strip().partition("+")
    hexadecimal, _, encoded = rest.partition("+")
    raw = _base64(encoded)
    if raw[:1] != kind or len(raw) != 33:
        raise ValueError("not a key of that kind: name+hash+base64")
    key = Key(_name(name), raw[1:], kind)
    if key.key_id.hex() != hexadecimal:
        raise ValueError("the key's hash does not suit it")
    return key


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint of this note. Raises ValueError."""
    lines = text.split("\n")
    if len(lines) < 6 or lines[-1] or lines[3]:
        raise ValueError("not a checkpoint: it has origin, size, root, an empty line, signatures")
    origin, size, encoded = _name(lines[0]), lines[1], lines[2]
    if not re.fullmatch("0|[1-9][0-9]{0,15}", size) or int(size) > _SIZE_MAX:
        raise ValueError("its size is none")
    root = _base64(encoded)
    if len(root) != 32:
        raise ValueError("its root is none")
    return Checkpoint(origin, int(size), root, f"{origin}\n{size}\n{encoded}\n", tuple(map(_signature, lines[4:-1])))


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, _, encoded = line.removeprefix(_MARK).partition(" ")
    raw = _base64(encoded)
    if not line.startswith(_MARK) or len(raw) <= 4:
        raise ValueError("a line is no signature")
    return _name(name), raw[:4], raw[4:]


def _name(text: str) -> str:
    if not re.fullmatch(r"[^\s+{][^\s+]*", text) or not text.isprintable():
        raise ValueError("a name is none")
    return text


def _base64(text: str) -> bytes:
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("something is not base64") from None
    if base64.b64encode(raw).decode() != text:
        raise ValueError("something is not in canonical base64")
    return raw


# The proof, RFC 9162 section 2.1.4.2.


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def continues(first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the tree of `second` leaves begins with the `first` leaves of the other."""
    if first == second:
        return not proof and first_root == second_root
    if first == 0:
        # Every tree continues the empty one.
        return not proof and first_root == sha256(b"").digest()
    if not 0 < first < second or not proof:
        return False
    path = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for node in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = _node(node, old), _node(node, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = _node(new, node)
        at, last = at >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


# What it remembers.


@dataclass(frozen=True, slots=True)
class State:
    """The ledger as it was seen last. `root` is base64; size 0: not seen yet."""

    origin: str
    ledger_key: str
    size: int = 0
    root: str = ""

    def key(self) -> Key:
        """The key that signs the ledger's checkpoints."""
        return parse_key(self.ledger_key, _LEDGER)

    def root_bytes(self) -> bytes:
        """The root remembered; before the first checkpoint that of the empty tree."""
        return _base64(self.root) if self.size or self.root else sha256(b"").digest()


class Folder:
    """The witness's own folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def held(self) -> Iterator[None]:
        """One at a time: two that remember different sizes would cosign two histories. Raises Unusable."""
        if not (self.path / "state.json").exists():
            raise Unusable(f"{self.path} holds no witness; make one with: init --name NAME --ledger-key FILE")
        with (self.path / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise Unusable(f"another witness is at work in {self.path}") from error
            yield

    def create(self, name: str, ledger_key: Key) -> Key:
        """A new key and an empty memory. Raises Unusable where there is one already."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (self.path / "state.json").exists() or (self.path / "witness.key").exists():
            raise Unusable(f"{self.path} holds a witness already; nothing was changed")
        private = Ed25519PrivateKey.generate()
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        key = Key(_name(name), private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw), _WITNESS)
        self._write("name", f"{name}\n".encode())
        self._write("witness.key", pem)
        self.remember(State(ledger_key.name, str(ledger_key)))
        return key

    def private(self) -> tuple[Ed25519PrivateKey, Key]:
        """The witness's own key. Raises Unusable."""
        path = self.path / "witness.key"
        try:
            if path.stat().st_mode & 0o077:
                raise Unusable(f"{path} may be read by others; run: chmod 600 {path}")
            private = load_pem_private_key(path.read_bytes(), password=None)
            name = (self.path / "name").read_text(encoding="utf-8").strip()
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise Unusable(f"the witness's key cannot be read: {error}") from error
        if not isinstance(private, Ed25519PrivateKey):
            raise Unusable(f"{path} holds a key of another kind")
        public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return private, Key(_name(name), public, _WITNESS)

    def state(self) -> State:
        """What is remembered. Raises Unusable: without its memory a witness would believe anything."""
        try:
            state = State(**json.loads((self.path / "state.json").read_text(encoding="utf-8")))
            state.key(), state.root_bytes()
        except (OSError, ValueError, TypeError) as error:
            raise Unusable(f"the witness's memory cannot be read ({error}); put it back from a copy") from error
        return state

    def remember(self, state: State) -> None:
        """Keep it: whole and on disk before anything is signed, or as it was."""
        self._write("state.json", (json.dumps(asdict(state), indent=1, ensure_ascii=False) + "\n").encode())

    def log(self, what: str, **more: str | int) -> None:
        """A line of the witness's own log, on disk when it returns."""
        line = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "what": what, **more}
        with (self.path / "witness.log").open("ab") as out:
            out.write((json.dumps(line, ensure_ascii=False) + "\n").encode())
            out.flush()
            os.fsync(out.fileno())

    def _write(self, name: str, content: bytes) -> None:
        aside = self.path / f".{name}.{secrets.token_hex(8)}"
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        aside.replace(self.path / name)
        folder = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


# Judging.


@dataclass(frozen=True, slots=True)
class Shown:
    """What the ledger shows: a checkpoint, the proof from the size remembered, the rotations of its key."""

    note: str
    proof: tuple[bytes, ...] = ()
    rotations: tuple[str, ...] = ()


def followed(state: State, rotations: Sequence[str], found: Checkpoint) -> State:
    """The state with the key that the known one handed over to, until one signed the checkpoint. Raises Refused."""
    for line in rotations:
        if found.signed_by(state.key()):
            break
        try:
            size, root, old_text, new_text, by_old, by_new = line.split(" ")
            old, new = parse_key(old_text, _LEDGER), parse_key(new_text, _LEDGER)
            signatures = _base64(by_old), _base64(by_new)
        except ValueError:
            raise Refused("what should be a rotation of the ledger's key is none") from None
        if old != state.key():
            continue
        text = f"custody key rotation v1\n{size}\n{root}\n{old}\n{new}\n"
        if new.name != state.origin or not (old.verifies(signatures[0], text) and new.verifies(signatures[1], text)):
            raise Refused("a rotation of the ledger's key does not bear the signatures of both keys")
        state = replace(state, ledger_key=str(new))
    return state


def judge(state: State, shown: Shown) -> State:
    """What to remember after this: the same, or more. Raises Refused where the ledger contradicts itself."""
    try:
        found = parse_checkpoint(shown.note)
    except ValueError as error:
        raise Refused(f"what should be a checkpoint is none: {error}") from None
    if found.origin != state.origin:
        raise Refused(f"the checkpoint is of another ledger, {found.origin}, not of {state.origin}")
    state = followed(state, shown.rotations, found)
    if not found.signed_by(state.key()):
        raise Refused("the checkpoint is not signed by the ledger's key")
    if found.size < state.size:
        raise Refused(f"the ledger was cut off: it had {state.size} entries, now {found.size} are shown")
    if found.size == state.size and found.root != state.root_bytes():
        raise Refused(f"the ledger was rewritten: its {state.size} entries have another root than before")
    if not continues(state.size, state.root_bytes(), found.size, found.root, shown.proof):
        raise Refused(f"nothing shows that the ledger at {found.size} continues the one seen at {state.size}")
    return replace(state, size=found.size, root=base64.b64encode(found.root).decode())


def cosigned(note: str, private: Ed25519PrivateKey, key: Key, seconds: int) -> str:
    """The note with this witness's line (C2SP tlog-cosignature): only after `judge`, and after it was remembered."""
    body = parse_checkpoint(note).body
    signature = private.sign(f"cosignature/v1\ntime {seconds}\n{body}".encode())
    raw = key.key_id + seconds.to_bytes(8, "big") + signature
    return f"{note}{_MARK}{key.name} {base64.b64encode(raw).decode()}\n"


def witnessed(folder: Folder, shown: Shown, seconds: int) -> str:
    """Judge, remember, then sign at this time, seconds since 1970-01-01 UTC: the cosigned note.

    Raises Refused, after logging what was refused and why.
    """
    state = folder.state()
    private, key = folder.private()
    try:
        after = judge(state, shown)
    except Refused as refused:
        folder.log("refused", why=str(refused), size=state.size, root=state.root, shown=shown.note[:4_000])
        raise
    if after.ledger_key != state.ledger_key:
        folder.log("ledger key followed", old=state.ledger_key, new=after.ledger_key)
    if after != state:
        folder.remember(after)
    folder.log("cosigned", size=after.size, root=after.root)
    return cosigned(shown.note, private, key, seconds)


# Asking the server.


class Server:
    """The server's routes for a witness. It is given the token and nothing else; redirects are not followed."""

    def __init__(self, address: str, token: str, ca: Path | None) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
            raise Unusable(f"{address!r} is no server; write its address as in a browser, with https")
        self._parts = parts
        self._token = token
        self._context = None
        if parts.scheme == "https":
            self._context = ssl.create_default_context(cafile=None if ca is None else str(ca))
            self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        elif parts.hostname not in ("127.0.0.1", "::1", "localhost"):
            raise Unusable("over a network only https: the token would be read by whoever listens")

    def get(self, path: str) -> str:
        """The text at a path. Raises Unusable."""
        return self._ask("GET", path, b"")

    def post(self, path: str, text: str) -> str:
        """Hand a text over. Raises Unusable."""
        return self._ask("POST", path, text.encode())

    def _ask(self, method: str, path: str, body: bytes) -> str:
        host, port = self._parts.hostname or "", self._parts.port
        connection: http.client.HTTPConnection
        if self._context is not None:
            connection = http.client.HTTPSConnection(host, port, timeout=ANSWER_SECONDS_MAX, context=self._context)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=ANSWER_SECONDS_MAX)
        # A timeout of the socket starts anew with every byte: this one does not.
        late = threading.Event()

        def give_up() -> None:
            late.set()
            if connection.sock is not None:
                connection.sock.shutdown(2)

        timer = threading.Timer(ANSWER_SECONDS_MAX, give_up)
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "text/plain"}
        if body:
            headers["Content-Type"] = "text/plain; charset=utf-8"
        timer.start()
        try:
            connection.request(method, _API + path, body or None, headers)
            answer = connection.getresponse()
            raw = answer.read(ANSWER_BYTES_MAX + 1)
        except (OSError, http.client.HTTPException) as error:
            why = "it is too slow" if late.is_set() else str(error) or type(error).__name__
            raise Unusable(f"the server does not answer: {why}") from error
        finally:
            timer.cancel()
            connection.close()
        if late.is_set():
            raise Unusable("the server does not answer: it is too slow")
        if len(raw) > ANSWER_BYTES_MAX:
            raise Unusable("the server's answer is far too long")
        text = raw.decode("utf-8", "replace")
        if answer.status != 200:
            raise Unusable(f"the server answers {answer.status}: {' '.join(text.split())[:300]}")
        return text


def ask(server: Server, state: State) -> Shown:
    """The latest checkpoint, the proof from what is remembered, and the rotations where its key is not the known one.

    Raises Unusable where the server cannot be asked, Refused where it answers what is no answer.
    """
    note = server.get("/checkpoint")
    try:
        found = parse_checkpoint(note)
    except ValueError as error:
        raise Refused(f"what should be a checkpoint is none: {error}") from None
    proof: tuple[bytes, ...] = ()
    if 0 < state.size < found.size:
        proof = parse_proof(server.get(f"/consistency?first={state.size}&second={found.size}"))
    rotations: tuple[str, ...] = ()
    if not found.signed_by(state.key()):
        rotations = tuple(server.get("/keys").splitlines())
    return Shown(note, proof, rotations)


def parse_proof(text: str) -> tuple[bytes, ...]:
    """The hashes of a proof, a line each in base64. Raises Refused."""
    lines = text.splitlines()
    try:
        nodes = tuple(map(_base64, lines))
    except ValueError:
        nodes = (b"",)
    if len(nodes) > PROOF_LINES_MAX or any(len(node) != 32 for node in nodes):
        raise Refused("what should be a proof is none")
    return nodes


def parse_bundle(text: str, state: State) -> Shown:
    """What a file brings: `old SIZE`, the proof, an empty line, the checkpoint (C2SP tlog-witness add-checkpoint).

    Before it may stand rotations of the key, a line each, `rotation …`. Raises Unusable, Refused.
    """
    lines = text.splitlines(keepends=True)
    rotations = []
    while lines and lines[0].startswith("rotation "):
        rotations.append(lines.pop(0).removeprefix("rotation ").rstrip("\n"))
    found = re.fullmatch(r"old (0|[1-9][0-9]{0,15})\n", lines[0]) if lines else None
    if found is None or "\n" not in lines:
        raise Unusable("that is no bundle for a witness; have one written by: custody ledger bundle")
    gap = lines.index("\n")
    if int(found[1]) != state.size:
        raise Unusable(f"the bundle is from size {found[1]}; this witness remembers {state.size}: ask for that one")
    return Shown("".join(lines[gap + 1 :]), parse_proof("".join(lines[1:gap])), tuple(rotations))


# The commands.


def _read(path: Path, what: str) -> str:
    try:
        with path.open("rb") as stream:
            raw = stream.read(ANSWER_BYTES_MAX + 1)
        if len(raw) > ANSWER_BYTES_MAX:
            raise Unusable(f"{path} is far too long for {what}")
        return raw.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"{path} cannot be read as {what}: {error}") from error


def _ledger_key(path: Path) -> Key:
    try:
        return parse_key(_read(path, "the ledger's public key"), _LEDGER)
    except ValueError as error:
        raise Unusable(f"{path} holds no public key of a ledger: {error}") from error


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def init(options: argparse.Namespace, folder: Folder) -> None:
    """A witness is made: its key, and which ledger it watches."""
    try:
        key = folder.create(options.name, _ledger_key(options.ledger_key))
    except ValueError as error:
        raise Unusable(f"{options.name!r} cannot be a witness's name: no blanks, no '+'") from error
    folder.log("made", key=str(key))
    _say(f"{key}\nGive this public key to the system administrator, who adds the witness to the server.")


def show_key(_options: argparse.Namespace, folder: Folder) -> None:
    """The witness's public key."""
    _say(str(folder.private()[1]))


def status(_options: argparse.Namespace, folder: Folder) -> None:
    """What is remembered."""
    state = folder.state()
    _say(f"{state.origin}: {state.size} entries, root {state.root_bytes().hex()}\nledger key {state.ledger_key}")


def trust_key(options: argparse.Namespace, folder: Folder) -> None:
    """Believe a new key of the ledger, on the auditor's own word, because the old one was lost."""
    with folder.held():
        state, key = folder.state(), _ledger_key(options.file)
        if key.name != state.origin:
            raise Unusable(f"{options.file} is the key of {key.name}, not of {state.origin}")
        folder.log("ledger key trusted by hand", old=state.ledger_key, new=str(key))
        folder.remember(replace(state, ledger_key=str(key)))
    _say(f"from now on checkpoints must be signed by {key}")


def cosign(options: argparse.Namespace, folder: Folder) -> None:
    """Cosign what a file shows, and write the cosigned checkpoint to another."""
    with folder.held():
        if options.output.exists():
            raise Unusable(f"{options.output} is already there; name a new file")
        state = folder.state()
        text = _read(options.file, "a bundle")
        if options.consistency is None:
            shown = parse_bundle(text, state)
        else:
            rotations = () if options.keys is None else tuple(_read(options.keys, "rotations").splitlines())
            shown = Shown(text, parse_proof(_read(options.consistency, "a proof")), rotations)
        note = witnessed(folder, shown, int(time.time()))
        options.output.write_text(note, encoding="utf-8")
        _say(f"cosigned at {folder.state().size} entries: {options.output}; hand it back to the server")


def watch(options: argparse.Namespace, folder: Folder) -> None:
    """One round with the server, or one every so many seconds until it is ended or something is refused."""
    with folder.held():
        server = Server(options.server, _read(options.token_file, "a token").strip(), options.ca)
        while True:
            try:
                _round(folder, server)
            except Unusable as error:
                if options.every is None:
                    raise
                folder.log("not answered", why=str(error))
                sys.stderr.write(f"witness: {error}\n")
            if options.every is None:
                return
            time.sleep(options.every)


def _round(folder: Folder, server: Server) -> None:
    state = folder.state()
    try:
        shown = ask(server, state)
    except Refused as refused:
        folder.log("refused", why=str(refused), size=state.size, root=state.root)
        raise
    note = witnessed(folder, shown, int(time.time()))
    server.post("/cosignature", note)
    _say(f"cosigned at {folder.state().size} entries")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="custody-witness", description="Watches a ledger from another machine.")
    parser.add_argument("--state", type=Path, default=Path("witness"), help="the witness's own folder (./witness)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace, Folder], None]) -> argparse.ArgumentParser:
        part = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
        part.set_defaults(run=run)
        return part

    part = command("init", init)
    part.add_argument("--name", required=True, help="its name, such as auditor.example/w1: no blanks")
    part.add_argument("--ledger-key", type=Path, required=True, help="the ledger's public key (custody ledger key)")
    command("key", show_key)
    command("status", status)
    command("trust-key", trust_key).add_argument("file", type=Path, help="the ledger's new public key")
    part = command("watch", watch)
    part.add_argument("--server", required=True, metavar="ADDRESS")
    part.add_argument("--token-file", type=Path, required=True, help="the token that the server gave")
    part.add_argument("--ca", type=Path, help="certificate of the house's own authority (PEM)")
    part.add_argument("--every", type=float, metavar="SECONDS", help="go on, a round every so many seconds")
    part = command("cosign", cosign)
    part.add_argument("file", type=Path, help="the bundle, or the checkpoint alone")
    part.add_argument("consistency", type=Path, nargs="?", help="the proof, where the first file is a checkpoint alone")
    part.add_argument("--keys", type=Path, help="rotations of the key, where the first file is a checkpoint alone")
    part.add_argument("-o", "--output", type=Path, required=True, help="the cosigned checkpoint, a new file")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options, Folder(options.state))
    except Refused as refused:
        line = "!" * 78
        sys.stderr.write(f"{line}\nREFUSED: {refused}.\nTell the secrecy committee, and keep everything.\n{line}\n")
        return 1
    except Unusable as error:
        sys.stderr.write(f"witness: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

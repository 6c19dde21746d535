"""The witness is one file on the auditor's machine: it cosigns what continues what it saw, and nothing else."""

import ast
import http.server
import json
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

import custody.witness
from custody import witness
from custody.ledger import (
    Frontier,
    LedgerKey,
    base64_of,
    consistency_proof,
    cosigned_at,
    leaf_hash,
    parse_checkpoint,
    parse_key,
)
from custody.witness import Folder, Refused, Shown, State, Unusable, continues, followed, judge, parse_bundle

from .builders import ORIGIN, handed_over, key, leaves, note

SOURCE = Path(custody.witness.__file__)
KEY, NEXT, STRANGER = key(1), key(2), key(66)
LEAVES = leaves(40)
NAME = "auditor.example/w1"
SEEN = 17
REWRITTEN = [LEAVES[0].replace(b'"by":7', b'"by":8'), *LEAVES[1:]]


def proof(bodies: list[bytes], first: int) -> tuple[bytes, ...]:
    """What shows that these leaves continue the first so many of them."""
    return consistency_proof([leaf_hash(body) for body in bodies], first)


def seen(bodies: list[bytes], signer: LedgerKey = KEY) -> State:
    """The state of a witness that saw these leaves."""
    root = Frontier().extend(map(leaf_hash, bodies)).root()
    return State(ORIGIN, str(signer.public), len(bodies), base64_of(root) if bodies else "")


def rotations(bodies: list[bytes]) -> tuple[str, ...]:
    """The rotations that these leaves tell, as the server's route has them."""
    facts = [json.loads(body)["fact"] for body in bodies if b'"kind":"key_rotated"' in body]
    names = ("size", "root", "old_key", "new_key", "by_old", "by_new")
    return tuple(" ".join(str(fact[name]) for name in names) for fact in facts)


# Judging.


@pytest.mark.parametrize("size", [17, 18, 31, 32, 33, 40])
def test_what_continues_the_ledger_is_remembered(size: int) -> None:
    shown = Shown(note(LEAVES[:size], KEY), proof(LEAVES[:size], SEEN))
    assert judge(seen(LEAVES[:SEEN]), shown) == seen(LEAVES[:size])


def test_the_first_checkpoint_is_believed_by_its_signature_alone() -> None:
    assert judge(State(ORIGIN, str(KEY.public)), Shown(note(LEAVES, KEY))) == seen(LEAVES)


LIES: dict[str, tuple[Shown, str]] = {
    "rollback": (Shown(note(LEAVES[:16], KEY)), "cut off: it had 17 entries, now 16"),
    "an old checkpoint replayed": (Shown(note(LEAVES[:3], KEY), proof(LEAVES[:17], 3)), "cut off"),
    "nothing left": (Shown(note([], KEY)), "cut off"),
    "a fork at the same size": (Shown(note(REWRITTEN[:17], KEY)), "rewritten: its 17 entries have another root"),
    "a fork that grew": (Shown(note(REWRITTEN, KEY), proof(REWRITTEN, SEEN)), "nothing shows that the ledger at 40"),
    "a fork with the true proof": (Shown(note(REWRITTEN, KEY), proof(LEAVES, SEEN)), "nothing shows"),
    "no proof": (Shown(note(LEAVES, KEY)), "nothing shows"),
    "the proof from another size": (Shown(note(LEAVES, KEY), proof(LEAVES, 16)), "nothing shows"),
    "a proof cut short": (Shown(note(LEAVES, KEY), proof(LEAVES, SEEN)[:-1]), "nothing shows"),
    "a proof with more": (Shown(note(LEAVES, KEY), (*proof(LEAVES, SEEN), bytes(32))), "nothing shows"),
    "a proof where none is needed": (Shown(note(LEAVES[:17], KEY), (bytes(32),)), "nothing shows"),
    "another origin": (Shown(note(LEAVES, key(1, "else.example")), proof(LEAVES, SEEN)), "of another ledger"),
    "an unknown key": (Shown(note(LEAVES, STRANGER), proof(LEAVES, SEEN)), "not signed by the ledger's key"),
    "no signature that fits": (
        Shown(note(LEAVES, KEY).replace(f"— {ORIGIN}", "— else.example"), proof(LEAVES, SEEN)),
        "not signed",
    ),
    "a size that was not signed": (
        Shown(note(LEAVES, KEY).replace("\n40\n", "\n41\n"), proof(LEAVES, SEEN)),
        "not signed by the ledger's key",
    ),
    "garbage": (Shown("<html>"), "should be a checkpoint is none"),
    "nothing": (Shown(""), "should be a checkpoint is none"),
    "half a checkpoint": (Shown(note(LEAVES, KEY)[:60]), "should be a checkpoint is none"),
    "a checkpoint with more": (Shown(note(LEAVES, KEY) + "\n"), "should be a checkpoint is none"),
}


@pytest.mark.parametrize(("shown", "why"), LIES.values(), ids=LIES.keys())
def test_a_lying_server_is_refused(shown: Shown, why: str) -> None:
    with pytest.raises(Refused, match=why):
        judge(seen(LEAVES[:SEEN]), shown)


def test_two_that_were_shown_two_ledgers_cannot_both_go_on() -> None:
    """A split view: each part is consistent in itself, so the witness that saw one refuses the other for ever."""
    for size in range(SEEN, len(LEAVES) + 1):
        for first in range(1, size + 1):
            with pytest.raises(Refused):
                judge(seen(LEAVES[:SEEN]), Shown(note(REWRITTEN[:size], KEY), proof(REWRITTEN[:size], first)))


def test_no_mangled_proof_passes() -> None:
    chance = random.Random(5)
    state, good = seen(LEAVES[:SEEN]), Shown(note(LEAVES, KEY), proof(LEAVES, SEEN))
    assert judge(state, good).size == 40
    for _ in range(400):
        nodes = list(good.proof)
        at = chance.randrange(len(nodes))
        match chance.randrange(4):
            case 0:
                bit = chance.randrange(256)
                nodes[at] = (int.from_bytes(nodes[at], "big") ^ 1 << bit).to_bytes(32, "big")
            case 1:
                del nodes[at]
            case 2:
                nodes.insert(at, chance.choice(nodes))
            case 3:
                nodes[at - 1], nodes[at] = nodes[at], nodes[at - 1]
        if tuple(nodes) != good.proof:
            with pytest.raises(Refused):
                judge(state, replace(good, proof=tuple(nodes)))


def test_its_own_mathematics_are_the_ledgers() -> None:
    hashes = [leaf_hash(body) for body in LEAVES]
    for second in range(1, len(LEAVES) + 1):
        root = Frontier().extend(hashes[:second]).root()
        for first in range(1, second + 1):
            path = consistency_proof(hashes[:second], first)
            old = Frontier().extend(hashes[:first]).root()
            assert continues(first, old, second, root, path)
            assert not continues(first, leaf_hash(b"else"), second, root, path)
            assert first == second or not continues(first, old, second, leaf_hash(b"else"), path)
    assert continues(0, Frontier().root(), 7, bytes(32), ())
    assert not continues(0, bytes(32), 7, bytes(32), ())


ROTATED = handed_over(40, [KEY, NEXT, key(3)], [21, 31])


def test_a_key_that_was_handed_over_is_followed() -> None:
    shown = Shown(note(ROTATED, key(3)), proof(ROTATED, SEEN), rotations(ROTATED))
    after = judge(seen(ROTATED[:SEEN]), shown)
    assert (after.size, after.ledger_key) == (40, str(key(3).public))
    # The proof is demanded all the same.
    with pytest.raises(Refused, match="nothing shows"):
        judge(seen(LEAVES[:39]), replace(shown, proof=proof(ROTATED, 39)))


def test_a_key_that_nobody_handed_over_to_is_not() -> None:
    state = seen(ROTATED[:SEEN])
    shown = Shown(note(ROTATED, STRANGER), proof(ROTATED, SEEN), rotations(ROTATED))
    with pytest.raises(Refused, match="not signed by the ledger's key"):
        judge(state, shown)
    forged = rotations(ROTATED)[0].replace(NEXT.vkey(), STRANGER.vkey())
    with pytest.raises(Refused, match="signatures of both keys"):
        judge(state, replace(shown, rotations=(forged,)))
    with pytest.raises(Refused, match="is none"):
        judge(state, replace(shown, rotations=("gibberish",)))
    elsewhere = handed_over(40, [key(1, "else.example"), key(2, "else.example")], [21])
    assert followed(state, rotations(elsewhere), witness.parse_checkpoint(shown.note)) == state


def test_what_the_old_key_signs_after_its_end_is_refused_once_the_new_one_was_seen() -> None:
    after = judge(seen(ROTATED[:SEEN]), Shown(note(ROTATED[:25], NEXT), proof(ROTATED[:25], SEEN), rotations(ROTATED)))
    with pytest.raises(Refused, match="not signed by the ledger's key"):
        judge(after, Shown(note(ROTATED[:26], KEY), proof(ROTATED[:26], 25), rotations(ROTATED)))


# The file alone, with a server of its own.


def test_it_imports_nothing_but_the_standard_library_and_cryptography() -> None:
    imported = set()
    for node in ast.walk(ast.parse(SOURCE.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add((node.module or "").split(".")[0])
    assert imported - set(sys.stdlib_module_names) == {"cryptography"}


Answer = Callable[[str, dict[str, list[str]]], tuple[int, bytes]]


@contextmanager
def served(answer: Answer) -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers so; its address, and what was posted to it."""
    posted: list[bytes] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            assert self.headers["Authorization"] == "Bearer token"
            self._answer(*answer(parts.path, parse_qs(parts.query)))

        def do_POST(self) -> None:
            posted.append(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(200, b"40\n")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", posted
        finally:
            server.shutdown()
            thread.join()


def honest(bodies: list[bytes], signer: LedgerKey = KEY) -> Answer:
    """A server that shows these leaves as they are."""

    def answer(path: str, query: dict[str, list[str]]) -> tuple[int, bytes]:
        match path.rpartition("/")[2]:
            case "checkpoint":
                return 200, note(bodies, signer).encode()
            case "consistency":
                first, second = int(query["first"][0]), int(query["second"][0])
                nodes = proof(bodies[:second], first)
                return 200, "".join(base64_of(node) + "\n" for node in nodes).encode()
            case "keys":
                return 200, "".join(line + "\n" for line in rotations(bodies)).encode()
        return 404, b""

    return answer


class Desk:
    """The auditor's machine: the file alone, and what it needs to be told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copy(SOURCE, folder / "witness.py")
        (folder / "ledger.pub").write_text(KEY.vkey() + "\n")
        (folder / "token").write_text("token\n")
        assert (
            witness.main(
                ["--state", str(self.state), "init", "--name", NAME, "--ledger-key", str(folder / "ledger.pub")]
            )
            == 0
        )

    @property
    def state(self) -> Path:
        """The witness's own folder."""
        return self.folder / "witness"

    def run(self, *arguments: str) -> tuple[int, str]:
        """Exit code and what was said, by the copied file."""
        done = subprocess.run(
            [sys.executable, "-I", "witness.py", *arguments],
            cwd=self.folder,
            capture_output=True,
            encoding="utf-8",
            env={"PYTHONUTF8": "1"},
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def watch(self, address: str) -> int:
        """One round, in this process; the exit code."""
        token = str(self.folder / "token")
        return witness.main(["--state", str(self.state), "watch", "--server", address, "--token-file", token])

    def logged(self) -> list[dict[str, str]]:
        """What stands in its log."""
        return [json.loads(line) for line in (self.state / "witness.log").read_text("utf-8").splitlines()]


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    made = Desk(tmp_path)
    capsys.readouterr()
    return made


@pytest.mark.process
def test_the_file_alone_watches_a_server(desk: Desk) -> None:
    code, said = desk.run("key")
    public = parse_key(said, witness=True)
    assert (code, public.name) == (0, NAME)
    with served(honest(LEAVES[:SEEN])) as (address, posted):
        assert desk.run("watch", "--server", address, "--token-file", "token") == (0, "cosigned at 17 entries\n")
    with served(honest(LEAVES)) as (address, more):
        assert desk.run("watch", "--server", address, "--token-file", "token") == (0, "cosigned at 40 entries\n")
    for raw, size in zip(posted + more, (SEEN, 40), strict=True):
        given = parse_checkpoint(raw.decode())
        assert (given.size, bool(cosigned_at(given, public))) == (size, True)
    with served(honest(REWRITTEN)) as (address, nothing):
        code, said = desk.run("watch", "--server", address, "--token-file", "token")
    assert (code, nothing) == (1, [])
    assert "REFUSED: the ledger was rewritten: its 40 entries have another root than before." in said
    assert [line["what"] for line in desk.logged()] == ["made", "cosigned", "cosigned", "refused"]
    assert "rewritten" in desk.logged()[-1]["why"]


def test_its_key_and_memory_are_its_own(desk: Desk) -> None:
    assert (desk.state / "witness.key").stat().st_mode & 0o777 == 0o600
    (desk.state / "witness.key").chmod(0o644)
    with served(honest(LEAVES)) as (address, posted):
        assert desk.watch(address) == 2
        (desk.state / "witness.key").chmod(0o600)
        assert desk.watch(address) == 0
        (desk.state / "state.json").write_text("{}")
        assert desk.watch(address) == 2
    assert len(posted) == 1
    assert (
        witness.main(
            ["--state", str(desk.state), "init", "--name", "x", "--ledger-key", str(desk.folder / "ledger.pub")]
        )
        == 2
    )


def test_two_at_once_do_not_share_a_memory(desk: Desk) -> None:
    with Folder(desk.state).held(), served(honest(LEAVES)) as (address, posted):
        assert desk.watch(address) == 2
    assert posted == []


BAD_ANSWERS: dict[str, tuple[Answer, int]] = {
    "an error": (lambda _path, _query: (500, b"broken"), 2),
    "a redirect": (lambda _path, _query: (302, b""), 2),
    "far too much": (lambda _path, _query: (200, b"a" * (witness.ANSWER_BYTES_MAX + 1)), 2),
    "garbage": (lambda _path, _query: (200, b"\xff\xfe\x00garbage"), 1),
    "a garbled proof": (
        lambda path, query: (200, b"%%%\n") if path.endswith("consistency") else honest(LEAVES)(path, query),
        1,
    ),
    "an endless proof": (
        lambda path, query: (
            (200, base64_of(bytes(32)).encode() * 1 + b"\n" + (base64_of(bytes(32)).encode() + b"\n") * 99)
            if path.endswith("consistency")
            else honest(LEAVES)(path, query)
        ),
        1,
    ),
    "an old checkpoint": (honest(LEAVES[:5]), 1),
    "another key": (honest(LEAVES, STRANGER), 1),
}


@pytest.mark.parametrize(("answer", "code"), BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
def test_nothing_is_cosigned_for_a_server_that_answers_so(desk: Desk, answer: Answer, code: int) -> None:
    with served(honest(LEAVES[:SEEN])) as (address, _posted):
        assert desk.watch(address) == 0
    before = (desk.state / "state.json").read_bytes()
    with served(answer) as (address, posted):
        assert desk.watch(address) == code
    assert posted == []
    assert (desk.state / "state.json").read_bytes() == before
    assert (desk.logged()[-1]["what"] == "refused") == (code == 1)


def test_a_server_that_trickles_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness, "ANSWER_SECONDS_MAX", 0.3)
    release = threading.Event()

    def slow(_path: str, _query: dict[str, list[str]]) -> tuple[int, bytes]:
        release.wait(20)
        return 200, b""

    with served(slow) as (address, posted):
        assert desk.watch(address) == 2
        release.set()
    assert posted == []


def test_over_a_network_it_speaks_tls_only(desk: Desk) -> None:
    assert desk.watch("http://192.0.2.1:80") == 2
    assert desk.watch("ftp://127.0.0.1") == 2


def test_a_machine_without_a_network_takes_a_file_and_gives_one(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    def cosign(name: str, first: int, bodies: list[bytes]) -> int:
        nodes = "".join(base64_of(node) + "\n" for node in proof(bodies, first)) if first else ""
        (desk.folder / name).write_text(f"old {first}\n{nodes}\n{note(bodies, KEY)}", encoding="utf-8")
        out = str(desk.folder / f"{name}.cosigned")
        return witness.main(["--state", str(desk.state), "cosign", str(desk.folder / name), "-o", out])

    assert cosign("one", 0, LEAVES[:SEEN]) == 0
    assert cosign("two", SEEN, LEAVES) == 0
    given = parse_checkpoint((desk.folder / "two.cosigned").read_text(encoding="utf-8"))
    assert cosigned_at(given, parse_key(str(Folder(desk.state).private()[1]), witness=True))
    assert cosign("again", SEEN, LEAVES) == 2  # from the size remembered, and no other
    assert "this witness remembers 40" in capsys.readouterr().err
    assert cosign("forked", 40, REWRITTEN) == 1
    assert not (desk.folder / "forked.cosigned").exists()
    assert cosign("two", 40, LEAVES) == 2  # what was given back is never overwritten


def test_a_checkpoint_and_its_proof_may_come_in_two_files(desk: Desk) -> None:
    (desk.folder / "checkpoint").write_text(note(LEAVES, KEY), encoding="utf-8")
    (desk.folder / "proof").write_text("", encoding="utf-8")
    files = [str(desk.folder / name) for name in ("checkpoint", "proof")]
    assert witness.main(["--state", str(desk.state), "cosign", *files, "-o", str(desk.folder / "out")]) == 0
    assert (desk.folder / "out").read_text(encoding="utf-8").startswith(note(LEAVES, KEY))


def test_a_lost_key_is_trusted_by_hand_only(desk: Desk) -> None:
    (desk.folder / "new.pub").write_text(NEXT.vkey() + "\n")
    with served(honest(LEAVES[:SEEN])) as (address, _posted):
        assert desk.watch(address) == 0
    with served(honest(LEAVES, NEXT)) as (address, posted):
        assert desk.watch(address) == 1
        assert witness.main(["--state", str(desk.state), "trust-key", str(desk.folder / "new.pub")]) == 0
        assert desk.watch(address) == 0
    assert len(posted) == 1
    assert desk.logged()[-2]["what"] == "ledger key trusted by hand"


@pytest.mark.parametrize("text", ["", "old\n\n", "old 17\n", "new 17\n\nx", "old 017\n\nx"])
def test_a_file_that_is_no_bundle_is_of_no_use(text: str) -> None:
    with pytest.raises(Unusable):
        parse_bundle(text, seen(LEAVES[:SEEN]))

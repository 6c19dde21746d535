"""What a witness asks of the server: checkpoints and proofs for its token, nothing else for anybody else."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from custody import witness
from custody.ledger import VerifierKey, cosigned_at, parse_checkpoint, verify_consistency
from custody.store import witnessing
from custody.witness import Folder, Refused, Shown, Unusable, judge
from tests.builders import NOW, PEOPLE
from tests.web.front import Front

TOKEN = "a-token-of-the-witness"


class Asked(witness.Server):
    """The witness's own way to the server, by the test's client instead of a socket."""

    def __init__(self, front: Front, token: str = TOKEN) -> None:
        self._http = front.browser().http
        self._headers = {"Authorization": f"Bearer {token}"}

    def _ask(self, method: str, path: str, body: bytes) -> str:
        answer = self._http.request(method, f"/api/v1/witness{path}", content=body, headers=self._headers)
        if answer.status_code != 200:
            raise Unusable(f"the server answers {answer.status_code}: {answer.text}")
        return answer.text


class Watching:
    """A witness that was added to a front's ledger."""

    def __init__(self, front: Front, folder: Path) -> None:
        self.front = front
        self.folder = Folder(folder)
        key = front.archive.books.signing_key().public
        self.public = witness.parse_key(
            str(self.folder.create("auditor.example/w1", witness.Key(key.name, key.public, b"\x01"))), b"\x04"
        )
        with front.archive.books.database.writing() as connection:
            witnessing.add(connection, str(self.public), TOKEN, NOW, by=PEOPLE["admin"])

    def seconds(self) -> int:
        """The time by the witness's clock."""
        return self.front.clock() // 1_000_000

    def round(self, token: str = TOKEN) -> int:
        """One round; the size that was cosigned."""
        server = Asked(self.front, token)
        note = witness.witnessed(self.folder, witness.ask(server, self.folder.state()), self.seconds())
        return int(server.post("/cosignature", note))

    def kept(self) -> list[tuple[int, bool]]:
        """What the server kept: size, and whether the cosignature is good."""
        key = VerifierKey(self.public.name, self.public.public, b"\x04")
        with self.front.archive.books.database.reading() as connection:
            rows = connection.execute(text("SELECT size, line FROM cosignature ORDER BY id")).all()
            notes: dict[int, str] = {
                row.size: row.note for row in connection.execute(text("SELECT size, note FROM checkpoint"))
            }
        found = (parse_checkpoint(f"{notes[size]}{line}\n") for size, line in rows)
        return [(one.size, cosigned_at(one, key) is not None) for one in found]


@pytest.fixture
def watching(signing: Front, tmp_path: Path) -> Watching:
    return Watching(signing, tmp_path / "witness")


def test_a_witness_follows_the_ledger_and_its_word_is_kept(watching: Watching) -> None:
    archive = watching.front.archive
    sizes = []
    for more in (3, 1, 30):
        archive.carriers(more)
        archive.books.checkpoint()
        sizes.append(watching.round())
    assert sizes == sorted(set(sizes))
    assert watching.kept() == [(size, True) for size in sizes]
    watching.round()
    assert len(watching.kept()) == 3  # the same again, so soon after, is not kept again
    watching.front.clock.days(1)
    assert watching.round() == sizes[-1]
    assert watching.kept()[-1] == (sizes[-1], True)
    assert len(watching.kept()) == 4


def test_a_ledger_that_is_cut_off_or_rewritten_behind_the_program_is_refused(watching: Watching) -> None:
    archive, database = watching.front.archive, watching.front.archive.books.database
    archive.carriers(5)
    archive.books.checkpoint()
    watching.round()
    archive.carriers(5)
    with database.writing() as connection:
        connection.execute(
            text("UPDATE entry SET body = (SELECT body FROM entry WHERE sequence = 1) WHERE sequence = 2")
        )
        connection.execute(text("DELETE FROM checkpoint"))
        # Whoever has the key, too, signs the tree that is there now.
        frontier = witnessing.frontier_of(connection, archive.books.position(connection))
        raw = frontier.to_bytes()
        connection.execute(text("UPDATE ledger_state SET frontier = :raw"), {"raw": raw})
    archive.books.checkpoint()
    with pytest.raises(Refused, match="nothing shows that the ledger"):
        watching.round()


def test_proofs_are_the_rfcs_from_whatever_size(watching: Watching) -> None:
    books, database = watching.front.archive.books, watching.front.archive.books.database
    watching.front.archive.carriers(7)
    first = parse_checkpoint(books.checkpoint())
    watching.front.archive.carriers(20)
    second = parse_checkpoint(books.checkpoint())
    with database.writing() as connection:
        assert witnessing.kept_frontier(connection, first.size) is not None
        kept = witnessing.consistency(connection, first.size, second.size)
        # A frontier that was tampered with is not believed: the entries are read instead.
        raw = {"raw": bytes(32 * first.size.bit_count()), "size": first.size}
        connection.execute(text("UPDATE checkpoint SET frontier = :raw WHERE size = :size"), raw)
        assert witnessing.kept_frontier(connection, first.size) is None
        assert witnessing.consistency(connection, first.size, second.size) == kept
        between = witnessing.consistency(connection, first.size + 1, second.size)
        root = witnessing.frontier_of(connection, first.size + 1).root()
    assert verify_consistency(first.size, second.size, first.root, second.root, kept)
    assert verify_consistency(first.size + 1, second.size, root, second.root, between)


def test_a_token_opens_these_routes_and_no_other(watching: Watching) -> None:
    front = watching.front
    front.archive.carriers(3)
    front.archive.books.checkpoint()
    http, headers = front.browser().http, {"Authorization": f"Bearer {TOKEN}"}
    assert http.get("/api/v1/witness/checkpoint", headers=headers).status_code == 200
    assert http.get("/api/v1/witness/keys", headers=headers).text == ""
    for path in ("/api/v1/checkpoint", "/api/v1/places", "/ledger", "/proof", "/api/v1/carriers/1"):
        assert http.get(path, headers=headers).status_code in (303, 401), path
    assert http.post("/api/v1/intake", content=b"{}", headers=headers).status_code == 401
    for wrong in ({}, {"Authorization": "Bearer no"}, {"Authorization": f"Basic {TOKEN}"}):
        for path in ("checkpoint", "consistency?first=1&second=2", "keys"):
            answer = http.get(f"/api/v1/witness/{path}", headers=wrong)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert http.post("/api/v1/witness/cosignature", content=b"x", headers=wrong).status_code == 401
    # Not even whoever is signed in.
    assert front.signed_in("he").get("/api/v1/witness/checkpoint").status_code == 401


def test_a_token_that_was_taken_back_opens_nothing(watching: Watching) -> None:
    front = watching.front
    front.archive.books.checkpoint()
    with front.archive.books.database.writing() as connection:
        witnessing.end(connection, watching.public.name, NOW, by=PEOPLE["admin"])
        with pytest.raises(witnessing.WitnessRefused, match="is or was"):
            witnessing.add(connection, str(watching.public), "another", NOW, by=PEOPLE["admin"])
    with pytest.raises(Unusable, match="401"):
        watching.round()


def test_a_proof_of_what_is_not_there_is_not_had(watching: Watching) -> None:
    watching.front.archive.books.checkpoint()
    http, headers = watching.front.browser().http, {"Authorization": f"Bearer {TOKEN}"}
    for query in ("first=0&second=3", "first=5&second=3", "first=1&second=999999", "first=x&second=1", "first=1"):
        assert http.get(f"/api/v1/witness/consistency?{query}", headers=headers).status_code in (404, 422), query


def test_only_a_good_cosignature_of_this_ledger_is_kept(watching: Watching) -> None:
    front = watching.front
    front.archive.carriers(3)
    note = front.archive.books.checkpoint()
    private, key = watching.folder.private()
    seconds = watching.seconds()
    good = witness.cosigned(note, private, key, seconds)
    bad: dict[str, tuple[Any, str]] = {
        "no checkpoint": ("garbage", "no checkpoint"),
        "not cosigned": (note, "no valid cosignature"),
        "of another size": (good.replace(f"\n{parse_checkpoint(note).size}\n", "\n1\n"), "at 1 reads like that"),
        "from the future": (witness.cosigned(note, private, key, seconds + 3_600), "ahead"),
        "by another key": (
            witness.cosigned(note, Ed25519PrivateKey.generate(), key, seconds),
            "no valid cosignature",
        ),
        "not UTF-8": (b"\xff", "not UTF-8"),
    }
    http, headers = front.browser().http, {"Authorization": f"Bearer {TOKEN}"}
    for what, (content, why) in bad.items():
        answer = http.post("/api/v1/witness/cosignature", content=content, headers=headers)
        assert (answer.status_code, why in answer.json()["detail"]) == (400, True), (what, answer.text)
    assert http.post("/api/v1/witness/cosignature", content=b"x" * 20_000, headers=headers).status_code == 413
    assert watching.kept() == []
    assert http.post("/api/v1/witness/cosignature", content=good, headers=headers).status_code == 200
    assert len(watching.kept()) == 1


def test_what_a_witness_did_stands_in_the_audit_log_and_nothing_secret_with_it(watching: Watching) -> None:
    with watching.front.archive.books.database.reading() as connection:
        rows = connection.execute(text("SELECT detail FROM audit_event WHERE kind = 'witness_added'")).all()
        kept = connection.execute(text("SELECT token_hash FROM witness")).scalar()
    assert len(rows) == 1
    assert str(watching.public) in rows[0].detail
    assert TOKEN not in rows[0].detail + kept


def test_a_bundle_serves_a_machine_without_a_network(watching: Watching) -> None:
    books = watching.front.archive.books
    for more in (3, 9):
        watching.front.archive.carriers(more)
        books.checkpoint()
        state = watching.folder.state()
        auditor = watching.front.signed_in("he")
        text_ = auditor.get(f"/ledger/bundle?first={state.size}").text
        shown: Shown = witness.parse_bundle(text_, state)
        assert judge(state, shown).size > state.size
        note = witness.witnessed(watching.folder, shown, watching.seconds())
        assert auditor.send("/ledger/cosignature", note=note.replace("\n", "\r\n")).status_code == 303
    assert [good for _size, good in watching.kept()] == [True, True]
    assert auditor.get("/ledger/bundle?first=999999").status_code == 404
    assert "no checkpoint" in auditor.send("/ledger/cosignature", note="x").text

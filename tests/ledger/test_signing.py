"""The ledger's key and the checkpoints it signs."""

import base64
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from custody.ledger import Broken, KeyUnusable, LedgerKey, parse_checkpoint, parse_key, verify_signature

from .builders import ORIGIN, key

ROOT = bytes(range(32))
SIGNED = key().sign(7, ROOT)


def test_a_key_is_made_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.key"
    made = LedgerKey.load_or_create(path, ORIGIN)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["ledger.key"]
    assert LedgerKey.load_or_create(path, ORIGIN).vkey() == made.vkey() == LedgerKey.load(path, ORIGIN).vkey()
    assert path.read_text().startswith("-----BEGIN PRIVATE KEY-----\n")


def test_who_comes_at_once_gets_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "ledger.key"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: LedgerKey.load_or_create(path, ORIGIN).vkey(), range(16)))
    assert len(keys) == 1
    assert os.listdir(tmp_path) == ["ledger.key"]


def test_a_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "ledger.key"
    LedgerKey.load_or_create(path, ORIGIN)
    path.chmod(0o640)
    with pytest.raises(KeyUnusable, match="chmod 600"):
        LedgerKey.load(path, ORIGIN)


def test_a_file_that_holds_no_such_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.key"
    path.write_bytes(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    path.chmod(0o600)
    with pytest.raises(KeyUnusable, match="not a private key"):
        LedgerKey.load_or_create(path, ORIGIN)
    another = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(another.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(KeyUnusable, match="Ed25519"):
        LedgerKey.load(path, ORIGIN)


def test_a_missing_key_is_not_made_by_loading(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LedgerKey.load(tmp_path / "ledger.key", ORIGIN)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "{archive}", "line\nfeed", "nul\x00", "wide\u3000blank"])
def test_a_name_that_a_note_cannot_carry_is_refused_before_a_key_is_made(tmp_path: Path, origin: str) -> None:
    with pytest.raises(Broken, match="no origin"):
        LedgerKey.load_or_create(tmp_path / "ledger.key", origin)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("origin", ["archive.example/books", "某局档案室/台账"])
def test_a_checkpoint_reads_back_and_verifies_with_the_public_key(origin: str) -> None:
    signer = key(1, origin)
    found = parse_checkpoint(signer.sign(7, ROOT))
    assert (found.origin, found.size, found.root) == (origin, 7, ROOT)
    assert verify_signature(found, parse_key(signer.vkey()))
    assert not verify_signature(found, key(2, origin).public)
    assert not verify_signature(found, key(1, "another.example").public)


def test_a_cosigned_checkpoint_verifies_with_either_key() -> None:
    auditor = key(9, "auditor.example")
    body = parse_checkpoint(SIGNED).body
    line = parse_checkpoint(auditor.sign(7, ROOT)).signatures[0]
    cosigned = SIGNED + _signature_line(line.name, line.key_id + auditor.signature(body).signature)
    found = parse_checkpoint(cosigned)
    assert verify_signature(found, key().public)
    assert verify_signature(found, auditor.public)


def _signature_line(name: str, raw: bytes) -> str:
    return f"— {name} {base64.b64encode(raw).decode()}\n"


def _changed(line: int, text: str) -> str:
    lines = SIGNED.split("\n")
    lines[line] = text
    return "\n".join(lines)


ROOT_64 = SIGNED.split("\n")[2]
MALFORMED = {
    "empty": ("", "line feed|not a checkpoint"),
    "no line feed at the end": (SIGNED[:-1], "does not end with a line feed"),
    "an empty line at the end": (SIGNED + "\n", "not a signature line"),
    "no signature": (SIGNED.split("—")[0], "not a checkpoint"),
    "no origin": (_changed(0, ""), "no origin"),
    "an origin like a leaf": (_changed(0, "{"), "no origin"),
    "a negative size": (_changed(1, "-7"), "not a size"),
    "a size with a nought in front": (_changed(1, "07"), "not a size"),
    "a size in Arabic-Indic digits": (_changed(1, "٧"), "not a size"),
    "a size beyond all ledgers": (_changed(1, "9007199254740992"), "not a size"),
    "a root too short": (_changed(2, "AAAA"), "3 bytes"),
    "a root that is not base64": (_changed(2, ROOT_64.replace("=", "*")), "not base64"),
    "a root with spare bits set": (_changed(2, ROOT_64[:-2] + "9="), "canonical base64"),
    "a root without padding": (_changed(2, ROOT_64[:-1]), "not base64"),
    "an extension line": (_changed(3, "extension"), "no extension lines"),
    "a hyphen for the dash": (SIGNED.replace("—", "-"), "not a signature line"),
    "a signature without a name": (_changed(4, "— AAAA"), "not a signature line"),
    "a signature too short": (_changed(4, f"— {ORIGIN} AAAAAA=="), "too short"),
    "two blanks": (_changed(4, SIGNED.split("\n")[4].replace(" ", "  ")), "no origin"),
    "carriage returns": (SIGNED.replace("\n", "\r\n"), "no origin"),
}


@pytest.mark.parametrize(("text", "reason"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_checkpoint_is_refused(text: str, reason: str) -> None:
    assert parse_checkpoint(SIGNED).size == 7
    with pytest.raises(Broken, match=reason):
        parse_checkpoint(text)

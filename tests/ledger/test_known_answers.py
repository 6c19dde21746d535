"""Known answers: the reference trees of certificate transparency, and published signed notes."""

from hashlib import sha256

import pytest

from custody.ledger import (
    Broken,
    Checkpoint,
    Frontier,
    NoteSignature,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    parse_checkpoint,
    parse_key,
    verify_consistency,
    verify_inclusion,
    verify_signature,
)

INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
LEAVES = [leaf_hash(bytes.fromhex(given)) for given in INPUTS]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
A = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
B = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
C = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
D = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
E = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
F = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"

INCLUSION = [
    # index, size, proof
    (0, 1, []),
    (0, 8, [A, B, C]),
    (5, 8, [D, E, ROOTS[4]]),
    (2, 3, [ROOTS[2]]),
    (1, 5, [ROOTS[1], B, D]),
]
CONSISTENCY = [
    # first, second, proof
    (1, 1, []),
    (1, 8, [A, B, C]),
    (6, 8, [F, E, ROOTS[4]]),
    (2, 5, [B, D]),
]


def test_the_roots_of_the_reference_trees() -> None:
    assert [Frontier().extend(LEAVES[:size]).root().hex() for size in range(9)] == ROOTS


@pytest.mark.parametrize(("index", "size", "proof"), INCLUSION)
def test_the_inclusion_proofs_of_the_reference_trees(index: int, size: int, proof: list[str]) -> None:
    assert [node.hex() for node in inclusion_proof(LEAVES[:size], index)] == proof
    nodes = [bytes.fromhex(node) for node in proof]
    assert verify_inclusion(LEAVES[index], index, size, nodes, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("first", "second", "proof"), CONSISTENCY)
def test_the_consistency_proofs_of_the_reference_trees(first: int, second: int, proof: list[str]) -> None:
    assert [node.hex() for node in consistency_proof(LEAVES[:second], first)] == proof
    nodes = [bytes.fromhex(node) for node in proof]
    assert verify_consistency(first, second, bytes.fromhex(ROOTS[first]), bytes.fromhex(ROOTS[second]), nodes)


PUBLISHED_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PUBLISHED_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PUBLISHED_SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="


def published_signature(text: str) -> NoteSignature:
    """The published note's signature, read by way of a checkpoint that carries it."""
    root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    return parse_checkpoint(f"x\n0\n{root}\n\n— PeterNeumann {text}\n").signatures[0]


def test_a_published_note_verifies_and_not_a_letter_besides() -> None:
    key = parse_key(PUBLISHED_KEY + "\n")
    signature = published_signature(PUBLISHED_SIGNATURE)
    assert verify_signature(Checkpoint("x", 0, b"", PUBLISHED_TEXT, (signature,)), key)
    assert not verify_signature(Checkpoint("x", 0, b"", PUBLISHED_TEXT[:-2] + "!\n", (signature,)), key)
    assert not verify_signature(Checkpoint("x", 0, b"", PUBLISHED_TEXT, ()), key)


@pytest.mark.parametrize(
    "known", [PUBLISHED_KEY, "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"]
)
def test_published_keys_have_the_hash_that_they_say(known: str) -> None:
    assert str(parse_key(known)) == known


def test_no_mangled_key_is_taken() -> None:
    for start in range(len(PUBLISHED_KEY)):
        for end in range(start + 1, len(PUBLISHED_KEY) + 1):
            if (start, end) != (0, len(PUBLISHED_KEY)):
                with pytest.raises(Broken):
                    parse_key(PUBLISHED_KEY[start:end])
    for at, letter in enumerate(PUBLISHED_KEY):
        other = "B" if letter != "B" else "C"
        with pytest.raises(Broken):
            parse_key(PUBLISHED_KEY[:at] + other + PUBLISHED_KEY[at + 1 :])


def test_the_hash_of_an_empty_tree_is_that_of_nothing() -> None:
    assert Frontier().root() == sha256(b"").digest()

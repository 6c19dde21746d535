"""One tree: whatever way it is built, it is the tree that RFC 9162 section 2.1 defines."""

from functools import cache
from hashlib import sha256
from typing import Any

import pymerkle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custody.ledger import (
    Broken,
    Frontier,
    consistency_between,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from custody.witness import continues
from tests.prove.record import WHOLE, proof

SIZES = 300
LEAVES = [leaf_hash(b"%d" % number) for number in range(SIZES)]


def split_of(count: int) -> int:
    """The largest power of two smaller than `count`."""
    split = 1
    while split * 2 < count:
        split *= 2
    return split


@cache
def tree(start: int, end: int) -> bytes:
    """MTH of section 2.1.1, word for word."""
    if start == end:
        return sha256(b"").digest()
    if end - start == 1:
        return LEAVES[start]
    middle = start + split_of(end - start)
    return node_hash(tree(start, middle), tree(middle, end))


def path(index: int, start: int, end: int) -> list[bytes]:
    """PATH of section 2.1.3.1, word for word; `index` counts from `start`."""
    if end - start == 1:
        return []
    split = split_of(end - start)
    if index < split:
        return [*path(index, start, start + split), tree(start + split, end)]
    return [*path(index - split, start + split, end), tree(start, start + split)]


def subproof(first: int, start: int, end: int, whole: bool) -> list[bytes]:
    """SUBPROOF of section 2.1.4.1, word for word."""
    if first == end - start:
        return [] if whole else [tree(start, end)]
    split = split_of(end - start)
    if first <= split:
        return [*subproof(first, start, start + split, whole), tree(start + split, end)]
    return [*subproof(first - split, start + split, end, False), tree(start, start + split)]


def test_the_root_of_every_size_is_the_one_the_rfc_defines() -> None:
    frontier = Frontier()
    for size in range(SIZES + 1):
        assert frontier.size == size
        assert frontier.root() == tree(0, size)
        assert Frontier().extend(LEAVES[:size]) == frontier
        assert Frontier.from_bytes(size, frontier.to_bytes()) == frontier
        if size < SIZES:
            frontier = frontier.append(LEAVES[size])


@settings(max_examples=60, deadline=None)
@given(total=st.integers(0, 5000), cut=st.integers(0, 5000))
def test_it_does_not_matter_in_how_many_portions_leaves_come(total: int, cut: int) -> None:
    many = [number.to_bytes(32, "big") for number in range(total)]
    at = min(cut, total)
    in_two = Frontier().extend(many[:at]).extend(many[at:])
    assert in_two == Frontier().extend(many)
    one_by_one = Frontier()
    for leaf in many[: min(at, 200)]:
        one_by_one = one_by_one.append(leaf)
    assert one_by_one.extend(many[min(at, 200) :]) == in_two


@pytest.mark.parametrize(("size", "raw"), [(1, b""), (0, bytes(32)), (3, bytes(32)), (4, bytes(31)), (-1, bytes(32))])
def test_a_frontier_of_another_size_is_refused(size: int, raw: bytes) -> None:
    with pytest.raises(Broken, match="not the frontier"):
        Frontier.from_bytes(size, raw)


def test_inclusion_proofs_of_every_leaf_are_the_rfcs_and_verify() -> None:
    for size in [*range(1, 40), 63, 64, 65, 127, 128, 129, 255, 256, 257, SIZES]:
        root = tree(0, size)
        some = range(size) if size < 40 else sorted({0, 1, size // 3, size // 2, size - 2, size - 1})
        for index in some:
            proof = inclusion_proof(LEAVES[:size], index)
            assert list(proof) == path(index, 0, size)
            assert verify_inclusion(LEAVES[index], index, size, proof, root)


def test_consistency_proofs_of_every_pair_are_the_rfcs_and_verify() -> None:
    for second in [*range(1, 40), 63, 64, 65, 127, 128, 129, 255, 256, 257, SIZES]:
        some = range(1, second + 1) if second < 40 else sorted({1, 2, 31, 32, 33, second // 2, second - 1, second})
        for first in some:
            proof = consistency_proof(LEAVES[:second], first)
            assert list(proof) == subproof(first, 0, second, True)
            assert verify_consistency(first, second, tree(0, first), tree(0, second), proof)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_an_inclusion_proof_of_anything_else_fails(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, SIZES))
    index = data.draw(st.integers(0, size - 1))
    root, leaf = tree(0, size), LEAVES[index]
    proof = inclusion_proof(LEAVES[:size], index)
    other = data.draw(st.integers(0, SIZES - 1).filter(lambda n: n != index))
    assert not verify_inclusion(LEAVES[other], index, size, proof, root)
    assert not verify_inclusion(leaf, other, size, proof, root)
    assert not verify_inclusion(leaf, index, size, proof, leaf_hash(b"another"))
    assert not verify_inclusion(leaf, index, size, (*proof, root), root)
    assert not verify_inclusion(leaf, -1, size, proof, root)
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        changed = (*proof[:at], leaf_hash(proof[at]), *proof[at + 1 :])
        assert not verify_inclusion(leaf, index, size, changed, root)
        assert not verify_inclusion(leaf, index, size, proof[:-1], root)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_consistency_proof_of_another_history_fails(data: st.DataObject) -> None:
    second = data.draw(st.integers(2, SIZES))
    first = data.draw(st.integers(1, second - 1))
    old, new = tree(0, first), tree(0, second)
    proof = consistency_proof(LEAVES[:second], first)
    assert not verify_consistency(first, second, leaf_hash(b"rewritten"), new, proof)
    assert not verify_consistency(first, second, old, leaf_hash(b"rewritten"), proof)
    assert not verify_consistency(first, second, old, new, (*proof, new))
    assert not verify_consistency(first, second, old, new, proof[:-1])
    assert not verify_consistency(first, second, old, new, ())
    at = data.draw(st.integers(0, len(proof) - 1))
    changed = (*proof[:at], leaf_hash(proof[at]), *proof[at + 1 :])
    assert not verify_consistency(first, second, old, new, changed)


@pytest.mark.parametrize(("first", "second"), [(0, 5), (6, 5), (-1, 5)])
def test_there_is_no_consistency_with_nothing_or_with_the_future(first: int, second: int) -> None:
    with pytest.raises(ValueError, match="continues none"):
        consistency_proof(LEAVES[:second], first)
    assert not verify_consistency(first, second, tree(0, 5), tree(0, 5), ())


def test_equal_trees_are_consistent_without_a_proof_only() -> None:
    assert verify_consistency(5, 5, tree(0, 5), tree(0, 5), ())
    assert not verify_consistency(5, 5, tree(0, 5), tree(0, 4), ())
    assert not verify_consistency(5, 5, tree(0, 5), tree(0, 5), (tree(0, 5),))


@pytest.mark.parametrize(("size", "index"), [(0, 0), (5, 5), (5, -1)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(size: int, index: int) -> None:
    with pytest.raises(ValueError, match="there is no leaf"):
        inclusion_proof(LEAVES[:size], index)


# Against others: an implementation that we did not write, and the RFC's own recursive definition above.


@pytest.fixture(scope="module")
def theirs() -> Any:
    """The same leaves in pymerkle's tree: its roots and inclusion proofs are RFC 9162's."""
    made = pymerkle.InmemoryTree(algorithm="sha256")
    for number in range(SIZES):
        made.append_entry(b"%d" % number)
    return made


@pytest.mark.prove
def test_roots_and_inclusion_proofs_of_all_sizes_are_those_of_another_implementation(theirs: Any) -> None:
    with proof("tree against pymerkle: roots, inclusion of all leaves, all sizes to 300") as row:
        compared = 0
        for size in range(1, SIZES + 1):
            root = Frontier().extend(LEAVES[:size]).root()
            assert theirs.get_root(size) == root == tree(0, size)
            for index in range(size) if WHOLE else {0, size // 3, size - 1}:
                own = inclusion_proof(LEAVES[:size], index)
                other = [bytes.fromhex(node) for node in theirs.prove_inclusion(index + 1, size).serialize()["path"]]
                # Theirs begins with the leaf itself.
                assert (LEAVES[index], *own) == tuple(other)
                assert verify_inclusion(LEAVES[index], index, size, own, root)
                compared += 1
        row.held = f"{SIZES} roots and {compared:,} proofs, all the same"


@pytest.mark.prove
def test_consistency_proofs_of_all_pairs_of_sizes_are_those_of_the_rfcs_definition() -> None:
    # pymerkle's consistency proofs are not RFC 9162's: the second implementation is `subproof`, word for word.
    with proof("tree against the RFC's definition: consistency of all pairs of sizes to 300") as row:
        compared = 0
        for second in range(1, SIZES + 1):
            for first in range(1, second + 1) if WHOLE else sorted({1, second // 2 or 1, second - 1 or 1, second}):
                told = subproof(first, 0, second, True)
                assert list(consistency_between(Frontier().extend(LEAVES[:first]), LEAVES[first:], second)) == told
                assert verify_consistency(first, second, tree(0, first), tree(0, second), told)
                assert continues(first, tree(0, first), second, tree(0, second), told)
                compared += 1
        row.held = f"{compared:,} proofs, all the same"


def test_a_proof_needs_the_leaves_behind_the_first_tree_and_no_more() -> None:
    old = Frontier().extend(LEAVES[:100])
    read = iter(LEAVES[100:])
    assert consistency_between(old, read, 200) == consistency_proof(LEAVES[:200], 100)
    assert next(read) == LEAVES[200]
    with pytest.raises(ValueError, match="fewer than 300"):
        consistency_between(old, LEAVES[100:299], 300)
    for size in (99, 0):
        with pytest.raises(ValueError, match="continues none"):
            consistency_between(old, [], size)
    with pytest.raises(ValueError, match="continues none"):
        consistency_between(Frontier(), LEAVES, 5)

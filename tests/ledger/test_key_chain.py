"""A ledger may change its key: the verifier follows the key it was given, and says how far its word goes."""

import io

import pytest

from custody.ledger import LedgerKey, parse_checkpoint, verify_export
from custody.verify import Checkpoint, VerifierKey, cosigned_at

from .builders import ORIGIN, cosigned, exported, handed_over, handover, key, leaves, note, signed_text, witness_key

FIRST, SECOND, THIRD = key(1), key(2), key(3)
STRANGER = key(66)
ROTATED = handed_over(30, [FIRST, SECOND, THIRD], [11, 21])
LOST = handed_over(30, [FIRST, SECOND, THIRD], [11, 21], frozenset({21}))
WITNESS = witness_key()


def judged(
    bodies: list[bytes],
    signer: LedgerKey,
    given: LedgerKey | None,
    outside: str = "",
    witness: VerifierKey | None = None,
) -> str:
    """The verdict in words."""
    held: Checkpoint | None = parse_checkpoint(outside) if outside else None
    public = given.public if given else None
    return str(verify_export(io.BytesIO(signed_text(bodies, signer)), public, held, witness))


@pytest.mark.parametrize("given", [FIRST, SECOND, THIRD], ids=["first", "second", "third"])
def test_every_key_that_the_ledger_ever_had_authenticates_all_of_it(given: LedgerKey) -> None:
    said = judged(ROTATED, THIRD, given)
    assert said.startswith(f"consistent and authenticated: {ORIGIN}, 30 entries")
    assert said.endswith("the key changed 2 times")


@pytest.mark.parametrize(("size", "signer"), [(7, FIRST), (10, FIRST), (11, SECOND), (20, SECOND), (21, THIRD)])
def test_a_checkpoint_of_any_time_serves_if_the_key_of_its_time_signed_it(size: int, signer: LedgerKey) -> None:
    held = note(ROTATED[:size], signer)
    assert judged(ROTATED, THIRD, FIRST, held).startswith("consistent and authenticated")
    for other in {FIRST, SECOND, THIRD} - {signer}:
        assert "not signed by the key given" in judged(ROTATED, THIRD, FIRST, note(ROTATED[:size], other))


def test_nobody_else_takes_the_ledger_over() -> None:
    # A key of one's own at the end, as if it had been handed over to: the old key's signature is missing.
    forged = handed_over(30, [FIRST, STRANGER], [11])
    assert judged(forged, STRANGER, FIRST).startswith(
        "consistent and authenticated"
    )  # with FIRST's signature it is one
    stolen = ROTATED[10].replace(SECOND.vkey().encode(), STRANGER.vkey().encode())
    assert "line 11: the change of key is not signed by" in judged(
        [*ROTATED[:10], stolen, *leaves(30)[11:]], STRANGER, None
    )
    # The whole tree made anew with keys of one's own: consistent, but not by the key given.
    own = handed_over(30, [STRANGER, key(67)], [11])
    assert judged(own, key(67), None).startswith("consistent, not authenticated")
    assert "not signed by the key given" in judged(own, key(67), FIRST)


def test_a_handover_stands_where_it_was_signed_and_nowhere_else() -> None:
    moved = ROTATED[10].replace(b'"sequence":11,', b'"sequence":13,')
    bodies = [*leaves(12), moved, *leaves(30)[13:]]
    assert "line 13: the change of key does not suit its place" in judged(bodies, SECOND, None)
    other = [leaves(1)[0].replace(b'"by":7', b'"by":8'), *ROTATED[1:11]]
    assert "line 11: the change of key was signed over another ledger" in judged(other, SECOND, None)
    twice = [*leaves(10), handover(leaves(10), FIRST, SECOND)]
    twice.append(handover(twice, FIRST, THIRD))
    assert "line 12: the change of key does not begin with the key of its time" in judged(twice, THIRD, None)
    assert "not signed by the key that the ledger names last" in judged(ROTATED, FIRST, None)


def test_a_lost_key_vouches_for_no_more_than_it_signed() -> None:
    # The present key authenticates all; the key from before the loss what it signed when it came.
    assert judged(LOST, THIRD, THIRD).startswith("consistent and authenticated")
    said = judged(LOST, THIRD, FIRST)
    assert said.startswith(
        "consistent, authenticated only by the key given, which was lost and replaced, up to size 10"
    )
    held = note(LOST[:17], SECOND)
    assert "lost and replaced, up to size 17" in judged(LOST, THIRD, FIRST, held)
    # What the lost key signs afterwards (it may have been stolen) says nothing.
    assert "not signed by the key given" in judged(LOST, THIRD, FIRST, note(LOST[:25], SECOND))


def test_a_lost_first_key_demands_a_checkpoint_from_outside() -> None:
    bodies = handed_over(20, [FIRST, SECOND], [11], frozenset({11}))
    assert judged(bodies, SECOND, FIRST).startswith("broken: line 11: the key given was lost and replaced here")
    assert "up to size 9" in judged(bodies, SECOND, FIRST, note(bodies[:9], FIRST))
    seen = cosigned(note(bodies[:15], SECOND))
    assert f"authenticated only by the witness {WITNESS.name} up to size 15" in judged(
        bodies, SECOND, FIRST, seen, WITNESS
    )


def test_a_witness_alone_vouches_for_what_it_saw() -> None:
    seen = cosigned(note(ROTATED[:25], THIRD))
    said = judged(ROTATED, THIRD, None, seen, WITNESS)
    assert said.startswith(f"consistent, authenticated only by the witness {WITNESS.name} up to size 25")
    assert "cosigned 2026-05-28 20:26:40 UTC" in said
    assert judged(ROTATED[:24], THIRD, None, seen, WITNESS).startswith("broken: line 25: cut off at 24")
    rewritten = [leaves(1)[0].replace(b'"by":7', b'"by":8'), *leaves(30)[1:]]
    assert judged(rewritten, THIRD, None, seen, WITNESS).startswith("broken: rewritten")


@pytest.mark.parametrize(
    "seen",
    [
        note(ROTATED[:25], THIRD),
        cosigned(note(ROTATED[:25], THIRD), seed=78),
        cosigned(note(ROTATED[:25], THIRD), name="else.example"),
        cosigned(note(ROTATED[:25], THIRD)).replace("\n25\n", "\n24\n"),
    ],
    ids=["without a cosignature", "of another key", "of another name", "of another size"],
)
def test_a_cosignature_that_is_none_is_refused(seen: str) -> None:
    assert f"no checkpoint held outside that {WITNESS.name} cosigned" in judged(ROTATED, THIRD, THIRD, seen, WITNESS)
    assert "no checkpoint held outside" in judged(ROTATED, THIRD, THIRD, "", WITNESS)


def test_the_time_of_a_cosignature_is_signed_too() -> None:
    good = cosigned(note(leaves(5), FIRST), seconds=1_700_000_000)
    assert cosigned_at(parse_checkpoint(good), WITNESS) == 1_700_000_000
    line = parse_checkpoint(good).signatures[-1]
    later = (1_700_000_001).to_bytes(8, "big") + line.signature[8:]
    moved = Checkpoint(ORIGIN, 5, b"", parse_checkpoint(good).body, (type(line)(line.name, line.key_id, later),))
    assert cosigned_at(moved, WITNESS) is None


def test_an_export_with_a_changed_key_is_verified_byte_for_byte() -> None:
    raw = exported(ROTATED[:12], SECOND)
    held = parse_checkpoint(note(ROTATED[:11], SECOND))
    assert verify_export(io.BytesIO(raw), FIRST.public, held).consistent
    start = raw.index(b'"kind":"key_rotated"') - 700
    for at in range(start, start + 900, 3):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        assert not verify_export(io.BytesIO(changed), FIRST.public, held).consistent, at

"""Whatever is done to an export, the verifier says so and where."""

import io
import random
from collections.abc import Callable
from typing import BinaryIO

import pytest

from custody.ledger import Broken, LedgerKey, export, parse_checkpoint, verify_export
from custody.verify import LEAF_BYTES_MAX, NOTE_BYTES_MAX
from tests.prove.record import WHOLE, proof

from .builders import entry, exported, key, leaves, note, signed_text

KEY = key()
LEAVES = leaves(40)
EXPORT = exported(LEAVES, KEY)
OUTSIDE = parse_checkpoint(note(LEAVES[:23], KEY))
LATEST = parse_checkpoint(note(LEAVES, KEY))

MUTATIONS = 20_000 if WHOLE else 700


def judged(raw: bytes, *, with_key: bool = True, outside: bool = True) -> str:
    """The verdict in words."""
    return str(verify_export(io.BytesIO(raw), KEY.public if with_key else None, OUTSIDE if outside else None))


def test_a_sound_export_is_authenticated_by_the_key_given() -> None:
    verdict = verify_export(io.BytesIO(EXPORT), KEY.public, OUTSIDE)
    assert verdict.consistent
    assert verdict.authenticated
    assert (verdict.size, verdict.outside, verdict.root) == (40, 23, LATEST.root)
    assert str(verdict).startswith("consistent and authenticated: archive.example/books, 40 entries")


def test_without_a_key_it_is_consistent_and_no_more() -> None:
    assert judged(EXPORT, with_key=False, outside=False).startswith("consistent, not authenticated")
    assert "continues the checkpoint held outside, at 23" in judged(EXPORT, with_key=False)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 1023, 1024, 1025, 3000])
def test_exports_of_any_length_verify(count: int) -> None:
    bodies = leaves(count)
    verdict = verify_export(io.BytesIO(exported(bodies, KEY)), KEY.public)
    assert (verdict.consistent, verdict.size) == (True, count)


def test_lines_may_fall_anywhere_in_the_portions_read() -> None:
    class Trickle(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or -1, 7))

    assert verify_export(Trickle(EXPORT), KEY.public, OUTSIDE).consistent


def test_an_export_is_not_written_with_a_checkpoint_over_something_else() -> None:
    with pytest.raises(Broken, match="not over these 40"):
        export(LEAVES, note(LEAVES[:39], KEY), io.BytesIO())
    with pytest.raises(Broken, match="not canonical"):
        export([b'{"a":\n1}'], note([b'{"a":\n1}'], KEY), io.BytesIO())


# What an outsider does who cannot sign.


def _flip(raw: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(raw))
    return raw[:at] + bytes([raw[at] ^ (1 << chance.randrange(8))]) + raw[at + 1 :]


def _drop_bytes(raw: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(raw))
    return raw[:at] + raw[at + chance.randint(1, 40) :]


def _insert_bytes(raw: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(raw) + 1)
    return raw[:at] + chance.choice([b" ", b"\n", b"\r", b"\x00", b"a", b"{}\n", b'"', b"=", b"\xe2"]) + raw[at:]


def _drop_lines(raw: bytes, chance: random.Random) -> bytes:
    lines = raw.splitlines(keepends=True)
    at = chance.randrange(len(lines))
    del lines[at : at + chance.randint(1, 3)]
    return b"".join(lines)


def _swap_lines(raw: bytes, chance: random.Random) -> bytes:
    lines = raw.splitlines(keepends=True)
    one, two = chance.sample(range(len(lines)), 2)
    lines[one], lines[two] = lines[two], lines[one]
    return b"".join(lines)


def _repeat_line(raw: bytes, chance: random.Random) -> bytes:
    lines = raw.splitlines(keepends=True)
    lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
    return b"".join(lines)


def _truncate(raw: bytes, chance: random.Random) -> bytes:
    return raw[: chance.randrange(len(raw))]


def _truncate_at_line(raw: bytes, chance: random.Random) -> bytes:
    lines = raw.splitlines(keepends=True)
    return b"".join(lines[: chance.randrange(len(lines))])


def _append(raw: bytes, chance: random.Random) -> bytes:
    return raw + chance.choice([b"\n", b" ", raw, raw.splitlines(keepends=True)[-1], b"x\n"])


# What one does who signs: with a key of his own, or with the ledger's, after the auditor took his checkpoint.


def _resigned(raw: bytes, chance: random.Random) -> bytes:
    return signed_text(LEAVES, key(chance.randrange(2, 255)))


def _rewritten_and_signed_by_another(raw: bytes, chance: random.Random) -> bytes:
    return _rewritten_by(key(chance.randrange(2, 255)), chance.randrange(len(LEAVES)))


def _cut_and_the_last_checkpoint_withheld(raw: bytes, chance: random.Random) -> bytes:
    return _earlier(chance.randrange(23))


def _swap_bytes(raw: bytes, chance: random.Random) -> bytes:
    one, two = sorted(chance.sample(range(len(raw)), 2))
    return raw[:one] + raw[two : two + 1] + raw[one + 1 : two] + raw[one : one + 1] + raw[two + 1 :]


def _rewritten_and_resigned(raw: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(23)
    forged = LEAVES[at].replace(b'"by":7', b'"by":8')
    return signed_text([*LEAVES[:at], forged, *LEAVES[at + 1 :]], KEY)


def _cut_and_another_tail(raw: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(22)
    tail = [body.replace(b'"act":"J', b'"act":"X') for body in LEAVES[at:]]
    return signed_text([*LEAVES[:at], *tail], KEY)


ATTACKS: list[Callable[[bytes, random.Random], bytes]] = [
    _flip,
    _drop_bytes,
    _insert_bytes,
    _drop_lines,
    _swap_lines,
    _repeat_line,
    _truncate,
    _truncate_at_line,
    _append,
    _swap_bytes,
    _resigned,
    _rewritten_and_signed_by_another,
    _cut_and_the_last_checkpoint_withheld,
    _rewritten_and_resigned,
    _cut_and_another_tail,
]


@pytest.mark.prove
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__.strip("_"))
def test_every_change_is_detected(attack: Callable[[bytes, random.Random], bytes]) -> None:
    chance = random.Random(attack.__name__)
    assert judged(EXPORT).startswith("consistent and authenticated")
    detected = 0
    with proof(f"ledger export attacked: {attack.__name__.strip('_').replace('_', ' ')}") as row:
        for _ in range(MUTATIONS // len(ATTACKS)):
            changed = attack(EXPORT, chance)
            if changed == EXPORT:
                continue
            assert judged(changed).startswith("broken: "), changed
            detected += 1
        row.held = f"{detected:,} changes, all detected"


def test_every_single_bit_counts() -> None:
    bodies = [b'{"sequence":1}', b'{"sequence":2}']
    short = exported(bodies, KEY)
    outside = parse_checkpoint(note(bodies[:1], KEY))
    for at in range(len(short)):
        for bit in range(8):
            changed = short[:at] + bytes([short[at] ^ (1 << bit)]) + short[at + 1 :]
            assert not verify_export(io.BytesIO(changed), KEY.public, outside).consistent, (at, bit)


def _earlier(size: int) -> bytes:
    """The export as it was at an earlier size: its end cut off, and the later checkpoint withheld."""
    return exported(LEAVES[:size], KEY)


def _rewritten_by(signer: LedgerKey, at: int) -> bytes:
    """The whole tree made anew with an entry changed, and signed."""
    forged = LEAVES[at].replace(b'"by":7', b'"by":8')
    return signed_text([*LEAVES[:at], forged, *LEAVES[at + 1 :]], signer)


UNDETECTED: dict[str, tuple[bytes, tuple[str, str, str, str]]] = {
    # What was done -> what is said with nothing, with the key, with the checkpoint at 23 besides, with that at 40.
    "nothing": (EXPORT, ("passes", "passes", "passes", "passes")),
    "an entry changed": (EXPORT.replace(b'"by":7', b'"by":8', 1), ("broken", "broken", "broken", "broken")),
    "an entry taken out": (EXPORT.replace(LEAVES[30] + b"\n", b""), ("broken", "broken", "broken", "broken")),
    "made anew by a stranger": (_rewritten_by(key(2), 3), ("passes", "broken", "broken", "broken")),
    "made anew by the keeper of the key, before 23": (_rewritten_by(KEY, 3), ("passes", "passes", "broken", "broken")),
    "made anew by the keeper of the key, after 23": (_rewritten_by(KEY, 30), ("passes", "passes", "passes", "broken")),
    "cut off before 23, the rest withheld": (_earlier(20), ("passes", "passes", "broken", "broken")),
    "cut off after 23, the rest withheld": (_earlier(30), ("passes", "passes", "passes", "broken")),
}
"""What only something from outside shows; the table stands in docs/how-to/verify.md."""


@pytest.mark.parametrize(("raw", "said"), UNDETECTED.values(), ids=UNDETECTED.keys())
def test_what_is_not_detected_without_a_key_and_a_checkpoint_from_outside(
    raw: bytes, said: tuple[str, str, str, str]
) -> None:
    # This is why checkpoints are printed and cosigned: the holder of the key could sign another past.
    given = ((None, None), (KEY.public, None), (KEY.public, OUTSIDE), (KEY.public, LATEST))
    verdicts = [verify_export(io.BytesIO(raw), public, held) for public, held in given]
    assert tuple("passes" if verdict.consistent else "broken" for verdict in verdicts) == said


def _with_leaf(at: int, body: bytes) -> bytes:
    return signed_text([*LEAVES[:at], body, *LEAVES[at + 1 :]], KEY)


LAST = len(LEAVES) + 1
REASONS = {
    "nothing at all": (b"", "line 1: the export ends without a checkpoint"),
    "a checkpoint alone, of another size": (note(LEAVES, KEY).encode(), "line 2: the checkpoint is over 40 leaves"),
    "no checkpoint": (b"".join(b + b"\n" for b in LEAVES), f"line {LAST}: the export ends without a checkpoint"),
    "a leaf missing": (EXPORT.replace(LEAVES[4] + b"\n", b""), "line 5: sequence 6 where 5 must stand"),
    "a leaf twice": (EXPORT.replace(LEAVES[4], LEAVES[4] + b"\n" + LEAVES[4]), "line 6: sequence 5 where 6 must stand"),
    "a leaf changed": (
        EXPORT.replace(LEAVES[4], LEAVES[4].replace(b'"by":7', b'"by":8')),
        f"line {LAST + 2}: the root",
    ),
    "a blank in a leaf": (EXPORT.replace(LEAVES[4], LEAVES[4].replace(b":", b": ", 1)), "line 5: the leaf is not"),
    "a sequence as text": (_with_leaf(0, b'{"sequence":"1"}'), "line 1: the leaf has no sequence"),
    "a sequence as truth": (_with_leaf(0, b'{"sequence":true}'), "line 1: the leaf has no sequence"),
    "no sequence": (_with_leaf(0, b"{}"), "line 1: the leaf has no sequence"),
    "a sequence further in": (_with_leaf(0, b'{"a":{"sequence":1}}'), "line 1: the leaf has no sequence"),
    "not JSON": (_with_leaf(2, b"{"), "line 3: not JSON"),
    "an empty line": (EXPORT.replace(LEAVES[4], LEAVES[4] + b"\n"), "line 6: neither a leaf nor the checkpoint"),
    "Windows line ends": (EXPORT.replace(b"\n", b"\r\n"), "line 1: the leaf is not"),
    "not signed by the key": (signed_text(LEAVES, key(2)), f"line {LAST + 4}: the checkpoint is not signed"),
    "another origin": (signed_text(LEAVES, key(1, "else.example")), f"line {LAST + 4}: the checkpoint is not signed"),
    "a second signature": (
        EXPORT + EXPORT.splitlines(keepends=True)[-1],
        f"line {LAST + 5}: the export's checkpoint has more than one signature",
    ),
    "a long tail": (EXPORT + b"x" * NOTE_BYTES_MAX, f"line {LAST}: neither a leaf nor the checkpoint"),
    "not UTF-8 at the end": (EXPORT + b"\xff\n", f"line {LAST}: the checkpoint is not UTF-8"),
}


@pytest.mark.parametrize(("raw", "reason"), REASONS.values(), ids=REASONS.keys())
def test_it_says_where_and_why(raw: bytes, reason: str) -> None:
    assert judged(raw, outside=False).startswith(f"broken: {reason}")


def test_a_checkpoint_held_outside_must_itself_be_signed_by_the_key() -> None:
    forged = parse_checkpoint(note(LEAVES[:23], key(2)))
    verdict = verify_export(io.BytesIO(EXPORT), KEY.public, forged)
    assert str(verdict) == "broken: the checkpoint held outside is not signed by the key given"


def test_a_checkpoint_of_another_ledger_does_not_serve() -> None:
    other = parse_checkpoint(note(LEAVES[:23], key(1, "else.example")))
    assert "the checkpoint held outside of else.example" in str(verify_export(io.BytesIO(EXPORT), None, other))


class Endless(io.RawIOBase):
    """A line that never ends; counts what was read of it."""

    def __init__(self) -> None:
        self.given = 0

    def read(self, size: int = -1, /) -> bytes:
        """`size` bytes more."""
        self.given += size
        return (b"{" if self.given == size else b"a") + b"a" * (size - 1)


def test_an_endless_line_is_given_up() -> None:
    endless = Endless()
    stream: BinaryIO = endless  # type: ignore[assignment]
    assert str(verify_export(stream)).startswith("broken: line 1: a line is longer than")
    assert endless.given <= 4 * LEAF_BYTES_MAX


def test_a_leaf_too_long_is_refused_even_when_it_ends() -> None:
    long = b'{"a":"' + b"a" * LEAF_BYTES_MAX + b'","sequence":1}'
    assert "a line is longer" in str(verify_export(io.BytesIO(signed_text([long], KEY))))


def test_leaves_of_every_kind_and_many_shapes_are_read() -> None:
    # More shapes than the verifier keeps patterns of; each must still be judged.
    bodies = [b'{"key%d":[{"a":1},{"b":2}],"kind":"k%d","sequence":%d}' % (n, n % 7, n) for n in range(1, 900)]
    assert verify_export(io.BytesIO(signed_text(bodies, KEY)), KEY.public).consistent
    wrong = [*bodies[:-1], bodies[-1].replace(b'"a":1', b'"a":01')]
    assert str(verify_export(io.BytesIO(signed_text(wrong, KEY)), KEY.public)).startswith("broken: line 899: not JSON")


def test_the_builders_ledger_is_in_sequence() -> None:
    assert [entry(n).sequence for n in (1, 2, 40)] == [1, 2, 40]

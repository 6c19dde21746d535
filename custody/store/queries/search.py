"""What a text in the search box means: words of title and number, an EPC, a holder's name or number."""

import re

from sqlalchemy import ColumnElement, Connection, Select, and_, false, func, or_, select

from custody.store import schema as t
from custody.store.grams import number_forms, number_pieces, title_pieces, words
from custody.store.schema import storable

_EPC = re.compile(r"[0-9A-Fa-f]{8,}")
_RARE_BELOW = 2_000
"""A piece found in fewer carriers than this leads the search; else the list's own order does."""
_PIECES_COUNTED = 24
_NUMBERED_MAX = 500
WORDS_MAX = 8
"""Words of a query beyond these are not asked."""


def text_condition(connection: Connection, text: str) -> ColumnElement[bool] | None:
    """Which carriers a text means; None where it says nothing."""
    text = storable(text)
    asked = words(text)[:WORDS_MAX]
    if not asked:
        return None
    ways: list[ColumnElement[bool]] = [and_(*(_word(connection, word) for word in asked))]
    holders = _holders(connection, text.strip())
    if holders:
        ways.append(t.CARRIER.c.holder.in_(holders))
    epc = "".join(text.split()).upper()
    if _EPC.fullmatch(epc):
        carrier = connection.execute(select(t.TAG.c.carrier).where(t.TAG.c.epc == epc)).scalar()
        if carrier is not None:
            ways.append(t.CARRIER.c.id == carrier)
    numbered = _numbered(connection, text)
    if numbered:
        ways.append(t.CARRIER.c.id.in_(numbered))
    return or_(*ways)


def _numbered(connection: Connection, text: str) -> list[int]:
    """Carriers of a number that was typed otherwise than it is written; those written so are found by its pieces."""
    c = t.CARRIER.c
    forms = number_forms(text)[1:]
    if not forms:
        return []
    return list(connection.execute(select(c.id).where(c.control_number.in_(forms)).limit(_NUMBERED_MAX)).scalars())


def _holders(connection: Connection, text: str) -> list[int]:
    h = t.PERSON.c
    named = or_(h.number == text, h.name == text, func.lower(h.name_en) == text.lower())
    return list(connection.execute(select(h.id).where(named)).scalars())


def _word(connection: Connection, word: str) -> ColumnElement[bool]:
    c = t.CARRIER.c
    if len(word) == 1:
        return or_(c.control_number.icontains(word, autoescape=True), c.title.icontains(word, autoescape=True))
    # Pieces found apart are not the word: a longer one is looked for as it stands.
    number = _kept_in(connection, number_pieces(word), c.control_number.icontains(word, autoescape=True))
    title = _kept_in(connection, title_pieces(word), _stands_in_title(word) if len(word) > 2 else None)
    return or_(number, title)


def _kept_in(connection: Connection, wanted: list[str], whole: ColumnElement[bool] | None) -> ColumnElement[bool]:
    """Carriers under all these pieces: the rarest leads, unless it is too common to."""
    leader, held = _rarest(connection, wanted)
    if not held:
        return false()
    rare = held < _RARE_BELOW
    leading = select(t.GRAM.c.carrier).where(t.GRAM.c.gram == leader)
    found: ColumnElement[bool] = t.CARRIER.c.id.in_(leading) if rare else _has(leader)
    others = [_has(piece) for piece in wanted if piece != leader]
    return and_(found, *others, *([] if whole is None else [whole]))


def _rarest(connection: Connection, wanted: list[str]) -> tuple[str, int]:
    """The piece found in the fewest carriers, and in how many, counted to _RARE_BELOW."""
    counted = []
    for piece in wanted[:_PIECES_COUNTED]:
        some: Select[tuple[int]] = select(t.GRAM.c.carrier).where(t.GRAM.c.gram == piece).limit(_RARE_BELOW)
        count = connection.execute(select(func.count()).select_from(some.subquery())).scalar_one()
        if count == 0:
            return piece, 0
        counted.append((count, piece))
    count, piece = min(counted)
    return piece, count


def leading_piece(connection: Connection, text: str) -> str | None:
    """A common piece under which everything stands that a text of one word means; None where it means more.

    What is counted to so many and no further is counted from here: whatever stands under the piece, not the register.
    """
    text = storable(text)
    asked = words(text)
    if len(asked) != 1 or len(asked[0]) < 2 or _EPC.fullmatch(asked[0]):
        return None
    if _rarest(connection, number_pieces(asked[0]))[1] or _holders(connection, text.strip()):
        return None
    leader, held = _rarest(connection, title_pieces(asked[0]))
    return leader if held >= _RARE_BELOW else None


def _has(piece: str) -> ColumnElement[bool]:
    return select(t.GRAM.c.carrier).where(t.GRAM.c.gram == piece, t.GRAM.c.carrier == t.CARRIER.c.id).exists()


def _stands_in_title(word: str) -> ColumnElement[bool]:
    """The word as it is, or in full width: the pieces were taken from the folded title, this looks at the title."""
    title = t.CARRIER.c.title
    wide = "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in word)
    ways = [title.icontains(word, autoescape=True)]
    if wide != word:
        ways += [title.contains(form, autoescape=True) for form in (wide, wide.upper())]
    return or_(*ways)

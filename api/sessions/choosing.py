"""Whether a new pass-phrase may be chosen: long enough, not the owner's own particulars, and not soon guessed.

No rule says which kinds of characters it needs, and blanks count. How soon it is guessed is estimated by zxcvbn (its
lists are English) with the habits of `api.sessions.habits` beside them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from api.sessions.habits import habits, in_pinyin
from api.sessions.passwords import PASSWORD_CHARACTERS_MAX, PASSWORD_CHARACTERS_MIN, normalised
from custody.register import Directory
from custody.scheme import Scheme
from custody.values import Person

CHARACTERS_JUDGED = 72
"""The estimate's cost grows with the square of the length: it sees so many characters."""
GUESSES_MIN = 10.0**10
OWN_LETTERS_MIN = 4
OBJECTIONS = ("length", "too_long", "own", "habit", "repeated", "listed", "weak")
"""What may be said against a pass-phrase; each has its words in the catalogue, `password.<objection>`."""
_PATTERNS = {"repeat": "repeated", "sequence": "repeated", "spatial": "repeated", "date": "habit", "regex": "habit"}
_estimating = Lock()


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose it is to be: what anybody in the house knows of him. `names`: of the person, the unit, the organisation."""

    number: str
    names: tuple[str, ...]

    def particulars(self) -> tuple[str, ...]:
        """Number and names, these also in pinyin, without blanks, in small letters; too short ones left out."""
        found = [_squeezed(self.number)]
        for name in self.names:
            found += [_squeezed(name), _squeezed(in_pinyin(name)), _squeezed("".join(reversed(name.split())))]
        return tuple(dict.fromkeys(one for one in found if len(one) >= (OWN_LETTERS_MIN if one.isascii() else 2)))

    def parts(self) -> tuple[str, ...]:
        """The words of the names, each alone."""
        words = [word for name in self.names for word in (*name.split(), *in_pinyin(name).split())]
        return tuple(dict.fromkeys(_squeezed(word) for word in words if len(word) > 2))


def own_particulars(person: Person, scheme: Scheme, directory: Directory) -> Owner:
    """What anybody in the house knows of a person: no pass-phrase is made of it."""
    unit = directory.units.get(person.unit or 0)
    names = [person.name, person.name_en, scheme.organisation_zh, scheme.organisation_en]
    names += [unit.name, unit.name_en] if unit else []
    return Owner(person.number, tuple(name for name in names if name))


def objection(password: str, owner: Owner) -> str:
    """What stands against a pass-phrase, one of OBJECTIONS; empty where nothing does."""
    phrase = normalised(password)
    if len(phrase) < PASSWORD_CHARACTERS_MIN:
        return "length"
    if len(password) > PASSWORD_CHARACTERS_MAX:
        return "too_long"
    particulars = owner.particulars()
    if _holds(phrase, particulars):
        return "own"
    worst = min(
        (_estimate(form, (*particulars, *owner.parts())) for form in dict.fromkeys((phrase, in_pinyin(phrase)))),
        key=lambda found: float(found["guesses"]),
    )
    return "" if worst["guesses"] >= GUESSES_MIN else _why(worst["sequence"])


def _squeezed(text: str) -> str:
    return "".join(text.casefold().split())


def _holds(phrase: str, particulars: Iterable[str]) -> bool:
    forms = {_squeezed(phrase), _squeezed(in_pinyin(phrase))}
    return any(one in form for one in particulars for form in forms)


def _estimate(phrase: str, own: Iterable[str]) -> dict[str, Any]:
    from zxcvbn import zxcvbn  # its lists are read only where a pass-phrase is chosen

    # The library keeps the words that it is given in a dictionary of its own, which all threads share.
    with _estimating:
        found: dict[str, Any] = zxcvbn(phrase[:CHARACTERS_JUDGED], user_inputs=[*own, *habits()])
    return found


def _why(sequence: Iterable[dict[str, Any]]) -> str:
    """What the phrase mostly is: the pattern that covers most of it."""
    covered: dict[str, int] = {}
    for part in sequence:
        why = _PATTERNS.get(part["pattern"], "weak")
        if part["pattern"] == "dictionary":
            why = "habit" if part["dictionary_name"] == "user_inputs" else "listed"
        covered[why] = covered.get(why, 0) + len(part["token"])
    return max(covered, key=lambda why: covered[why])

"""What the help says, one file a topic and language: `texts/<language>/<topic>.toml`.

    title, for      what the page is called, and what it is for
    steps           what one does there, in order
    [words]         key of the catalogue = what the word means on this page
    [refuses]       clause = what is not done there, and the way out
    [role.<role>]   `for` and `steps` of a role that does something else there; its own stand in place of the others

`{key}` in a text is the word of that key in the catalogue, so that the help names a thing as the page does.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "texts"
QUOTED = re.compile(r"\{([a-z_]+(?:\.[a-z0-9_]+)+)\}")


@dataclass(frozen=True, slots=True)
class Told:
    """What is said to a role, or to everybody: what the page is for, and what is done there."""

    what: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A topic in one language."""

    title: str
    told: Told
    words: Mapping[str, str] = field(default_factory=dict)
    refuses: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, Told] = field(default_factory=dict)

    def to(self, role: str) -> tuple[str, Told]:
        """What is said to somebody of this role, and as which; empty: as anybody."""
        if role not in self.roles:
            return "", self.told
        own = self.roles[role]
        return role, Told(own.what or self.told.what, own.steps or self.told.steps)

    def sentences(self) -> Iterator[str]:
        """Everything that is said."""
        for told in (self.told, *self.roles.values()):
            yield told.what
            yield from told.steps
        yield from self.words.values()
        yield from self.refuses.values()


def _told(found: Mapping[str, Any]) -> Told:
    return Told(found.get("for", ""), tuple(found.get("steps", ())))


@cache
def text(language: str, topic: str) -> Text:
    """A topic's text. Raises OSError where there is none, KeyError where it has no title."""
    found = tomllib.loads((_FOLDER / language / f"{topic}.toml").read_text(encoding="utf-8"))
    roles = {role: _told(one) for role, one in found.get("role", {}).items()}
    return Text(found["title"], _told(found), found.get("words", {}), found.get("refuses", {}), roles)


@cache
def marks(language: str) -> Mapping[str, str]:
    """What each mark of `topics.MARKS` means."""
    found: dict[str, str] = tomllib.loads((_FOLDER / language / "marks.toml").read_text(encoding="utf-8"))
    return found


def written(language: str) -> frozenset[str]:
    """The topics that there are files of."""
    return frozenset(path.stem for path in (_FOLDER / language).glob("*.toml")) - {"marks"}

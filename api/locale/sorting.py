"""Names in the order in which people look for them: Chinese by pinyin, English by its letters."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol, TypeVar

from custody.values import Person

SURNAMES = {
    "单": "shan",
    "仇": "qiu",
    "解": "xie",
    "曾": "zeng",
    "区": "ou",
    "查": "zha",
    "朴": "piao",
    "盖": "ge",
    "缪": "miao",
    "翟": "zhai",
    "乐": "yue",
    "覃": "qin",
    "员": "yun",
    "秘": "bi",
    "繁": "po",
    "召": "shao",
    "种": "chong",
    "尉迟": "yu chi",
    "万俟": "mo qi",
    "长孙": "zhang sun",
}
"""Characters that are read otherwise as a family name than in any other word."""


class Named(Protocol):
    """Something with a name, and with an English one where it has one."""

    @property
    def name(self) -> str:
        """The name."""

    @property
    def name_en(self) -> str:
        """The English name; may be empty."""


N = TypeVar("N", bound=Named)


@lru_cache(maxsize=20_000)
def pinyin(name: str, *, person: bool = False) -> str:
    """A name by its sounds, `zhou min`; with `person` the family name as a family name is read."""
    from pypinyin import lazy_pinyin  # its dictionary takes most of a second to read

    surname = next(
        (known for known in sorted(SURNAMES, key=len, reverse=True) if person and name.startswith(known)), ""
    )
    rest = " ".join(lazy_pinyin(name.removeprefix(surname))).casefold()
    return f"{SURNAMES[surname]} {rest}" if surname else rest


def by_name(things: Iterable[N], language: str) -> list[N]:
    """Persons, units or bodies by the name that the language shows. For what fits into a list to choose from."""

    def key(one: N) -> tuple[str, str]:
        shown = one.name_en if language == "en" and one.name_en else ""
        return (shown.casefold() or pinyin(one.name, person=isinstance(one, Person)), one.name)

    return sorted(things, key=key)

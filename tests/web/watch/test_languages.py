"""Two languages, complete: a page in one says nothing in the other, whoever opens it, wherever links lead.

What people have written (titles, reasons, posts, places without an English name) stands as it was written. What may
not be there is a word of the other catalogue, and the Chinese name of whoever has an English one.
"""

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser

import pytest

from api.locale import LANGUAGES, texts
from api.locale.sorting import by_name, pinyin
from api.web.job_words import SAID, said
from custody.values import Person, Unit
from tests.builders import PERSONS, PLACES, UNITS
from tests.journeys.crawl import kind_of
from tests.slices import WHOLE
from tests.web.watch.house import House, Troubled, Visitor, business

FILES = re.compile(r"\.(xlsx|json|csv|toml|svg)|^/sign-out|^/ledger/(checkpoints|key|bundle)|^/api/|^/events")
HAN = re.compile(r"[\u3400-\u9fff]")
WALKED = ("clerk", "secrecy", "sun", "chen", "admin", "ma") if WHOLE else ("clerk",)
PAGES_MAX = 90 if WHOLE else 26
VOID = frozenset("area base br col hr img input link meta path rect circle line use wbr".split())  # noqa: SIM905
SPOKEN = ("title", "placeholder", "aria-label", "alt")


class Said(HTMLParser):
    """What a page says to a reader or to a screen reader, and where it leads. What is marked as of the other language
    is left out.
    """

    def __init__(self, language: str) -> None:
        super().__init__()
        self.language, self.texts, self.links = language, [""], [""]
        self.open: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        own = named.get("lang") or (self.open[-1][1] if self.open else "")
        if tag == "a":
            self.links.append(named.get("href") or "")
        if self._mine(own):
            self.texts += [named[name] or "" for name in SPOKEN if named.get(name)]
        if tag not in VOID:
            self.open.append((tag, own))

    def handle_endtag(self, tag: str) -> None:
        at = [name for name, _ in self.open]
        if tag in at:
            del self.open[len(at) - 1 - at[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        if data.strip() and self._mine(self.open[-1][1] if self.open else ""):
            self.texts.append(" ".join(data.split()))

    def _mine(self, lang: str) -> bool:
        return not lang or lang.startswith(self.language)


@cache
def foreign(language: str) -> re.Pattern[str]:
    """Everything that the other catalogue says and this one does not, blanks standing for anything."""
    other = LANGUAGES[1 - LANGUAGES.index(language)]
    own = set(texts(language).values())
    found = set()
    for text in texts(other).values():
        bare = re.sub(r"\{[^}]*\}", "", text)
        enough = len(HAN.findall(bare)) >= 2 if other == "zh" else len(re.findall("[a-z]", bare)) >= 6
        if enough and text not in own:
            # Blanks that stand alone must not swallow a whole sentence of somebody's own.
            found.add("".join(re.escape(part) if at % 2 == 0 else r"\S{1,40}" for at, part in enumerate(_parts(text))))
    return re.compile("|".join(sorted(found)))


def _parts(text: str) -> list[str]:
    return re.split(r"(\{[^}]*\})", text)


def walk(visitor: Visitor, language: str) -> Iterator[tuple[str, Said]]:
    """One page of each kind that links lead to."""
    waiting, met = ["/overview", "/me", "/help/findings"], {"/overview?", "/me?"}
    for path in waiting:
        answer = visitor.get(path)
        if answer.status_code != 200 or "html" not in answer.headers["content-type"]:
            continue
        page = Said(language)
        page.feed(answer.text)
        yield path, page
        for link in page.links:
            if (
                link.startswith("/")
                and not FILES.search(link)
                and kind_of(link) not in met
                and len(waiting) < PAGES_MAX
            ):
                met.add(kind_of(link))
                waiting.append(link)


@pytest.mark.parametrize("who", WALKED)
def test_no_page_says_a_word_of_the_other_language(house: House, troubled: Troubled, who: str) -> None:
    if WHOLE:
        business(house.scene)
    names = {one.name for one in (*PERSONS, *UNITS) if one.name_en}
    wrong = set()
    # In `make test` one language: the other has only ever been left behind in what machines write.
    for language in LANGUAGES if WHOLE else ("en",):
        visitor, words = house.client(who, language), foreign(language)
        pages = 0
        for path, page in walk(visitor, language):
            pages += 1
            for text in page.texts:
                # What has no letter of the other language needs no look.
                if bool(HAN.search(text)) is (language == "en") and text not in TOLD:
                    named = language == "en" and any(name in text for name in names)
                    wrong |= {(language, text[:80], path)} if named or words.fullmatch(text) else set()
        assert pages > 12, f"{who} was led nowhere"
    assert wrong == set()


TOLD = frozenset({"English", "中文", *(place.name for place in PLACES), *(person.post for person in PERSONS)})
"""What stands in its own language on purpose: the names of the languages, and what has been written in one alone."""


def test_the_walk_would_see_a_foreign_word() -> None:
    assert foreign("en").fullmatch("在库")
    assert foreign("en").fullmatch("24 小时报告时限已过（FC-1）")
    assert foreign("zh").fullmatch("Registry clerk")
    assert not foreign("zh").fullmatch("Excel")


class TestNames:
    """Names stand in the order in which they are looked for."""

    def test_chinese_by_pinyin_english_by_letters(self) -> None:
        some = [PERSONS[at] for at in (0, 1, 2, 3)]  # 周敏, 吴桐, 宋临, 陈国栋
        assert [one.name for one in by_name(some, "zh")] == ["陈国栋", "宋临", "吴桐", "周敏"]
        assert [one.name_en for one in by_name(some, "en")] == ["Chen Guodong", "Song Lin", "Wu Tong", "Zhou Min"]

    def test_a_family_name_is_read_as_one(self) -> None:
        assert pinyin("单雄", person=True).startswith("shan")
        assert pinyin("单位", person=False).startswith("dan")
        ordered = by_name([Person(1, "1", "曾毅"), Person(2, "2", "陈明"), Person(3, "3", "赵云")], "zh")
        assert [one.name for one in ordered] == ["陈明", "曾毅", "赵云"]

    def test_who_has_no_english_name_is_sorted_by_sound_among_those_who_have(self) -> None:
        units = [Unit(1, "A", "机要室"), Unit(2, "B", "研究部", "Research"), Unit(3, "C", "规划部", "Planning")]
        assert [one.code for one in by_name(units, "en")] == ["A", "C", "B"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_job_did_is_said_in_words(language: str) -> None:
    results = [
        *("opened 2, cleared 1", "sent 3", "made 1", "took in 4", "sealed 3 logs", "forgot 12 slots", "not due"),
        *("nothing new from 40 tags, 2 weak", "version 3 from 40 tags, 2 weak", "0 differences at 1200 entries"),
        *("goes on", "as it was", "went back by 310 s"),
    ]
    shown = [said(one, language) for one in results]
    assert len({next(key for pattern, key in SAID.items() if re.fullmatch(pattern, one)) for one in results}) == len(
        SAID
    )
    assert all(bool(HAN.search(one)) == (language == "zh") for one in shown)
    assert said("custody.yuanshan.demo 12", language) == "custody.yuanshan.demo 12"

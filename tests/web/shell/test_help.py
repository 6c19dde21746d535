"""The help: every page has a topic, every topic is told in both languages, and what it quotes is there."""

import re

import pytest

from api.locale import LANGUAGES, blanks, texts
from api.web.help.texts import QUOTED, marks, text, written
from api.web.help.topics import GENERAL, MARKS, TOPICS, topic_of
from custody.access import Role
from custody.regulations import BY_ID
from tests.trust.asking import routes
from tests.web.front import Front, words

NO_PAGE = re.compile(
    r"^/api/v1/|\.(xlsx|toml|svg|json|txt|csv|js)$|/state$|/files/\{|^/(events|beat)$|^/ledger/(checkpoints/|bundle)"
)
"""What is answered and is no page: files, figures of a page that is open, the interface for programs."""
PAGES = sorted({one.path for one in routes() if "GET" in one.methods and not NO_PAGE.search(one.path)})


def test_every_page_has_a_topic_of_its_own() -> None:
    without = [path for path in PAGES if topic_of(path) == GENERAL and not path.startswith(("/help", "/components"))]
    assert without == [], "name them in api/web/help/topics.py, and say what they are for in its texts"


def test_every_topic_is_of_some_page() -> None:
    assert {topic_of(path) for path in PAGES} >= set(TOPICS)


def test_a_page_without_a_topic_falls_back_on_the_general_one() -> None:
    assert topic_of("/nowhere/{identifier}") == GENERAL
    assert topic_of("") == GENERAL
    assert topic_of("/rounds/{number}/lines") == "sweep"
    assert topic_of("/roundsabout") == GENERAL


def test_both_languages_tell_the_same_topics_in_the_same_parts() -> None:
    assert written("zh") == written("en") == set(TOPICS)
    for name in TOPICS:
        zh, en = text("zh", name), text("en", name)
        assert (list(zh.words), list(zh.refuses)) == (list(en.words), list(en.refuses)), name
        assert {role: (bool(one.what), len(one.steps)) for role, one in zh.roles.items()} == {
            role: (bool(one.what), len(one.steps)) for role, one in en.roles.items()
        }, name
        assert len(zh.told.steps) == len(en.told.steps) > 0, name
        assert [QUOTED.findall(one) for one in zh.sentences()] == [QUOTED.findall(one) for one in en.sentences()], name
    assert marks("zh").keys() == marks("en").keys() == MARKS.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_help_quotes_is_there(language: str) -> None:
    known = texts(language)
    for name, topic in TOPICS.items():
        said = text(language, name)
        assert said.title
        assert said.told.what, name
        keys = {key for one in said.sentences() for key in QUOTED.findall(one)} | said.words.keys()
        keys |= {key for _pressed, key in topic.keys} | {MARKS[mark].word for mark in topic.marks}
        assert keys <= known.keys(), f"{name}: {keys - known.keys()}"
        assert not [key for key in keys if blanks(known[key])], name
        assert said.refuses.keys() <= BY_ID.keys(), name
        assert said.roles.keys() <= {role.value for role in Role}, name
        assert not [one for one in said.sentences() if "{" in QUOTED.sub("", one)], name


def test_the_link_leads_to_the_help_of_this_page_and_back(front: Front) -> None:
    browser = front.signed_in("clerk")
    page = browser.get("/rounds").text
    assert 'href="/help/rounds?back=%2Frounds"' in page
    told = browser.get("/help/rounds?back=%2Frounds").text
    assert 'href="/rounds"' in told
    assert text("en", "rounds").told.what in words(told)
    assert "/evil" not in browser.get("/help/rounds?back=//evil.example/").text
    assert browser.get("/help/nothing").status_code == 404


def test_everybody_is_told_in_the_words_of_the_own_role(front: Front) -> None:
    said = text("en", "findings")
    told = {who: words(front.signed_in(who).get("/help/findings").text) for who in ("clerk", "manager", "secrecy")}
    assert said.roles["manager"].what in told["manager"]
    assert said.roles["secrecy_office"].what in told["secrecy"]
    assert said.told.what in told["clerk"]
    assert said.told.what not in told["manager"]


def test_the_search_finds_by_any_word_and_says_when_there_is_nothing(front: Front) -> None:
    browser = front.signed_in("chen", "zh")
    found = browser.send("/help", help_q="传阅 转")
    assert "/help/holdings" in found.text
    assert "/help/backups" not in found.text
    assert "没有找到" in browser.send("/help", help_q="qqqq").text
    assert "qqqq" not in found.headers.get("location", "")


def test_the_door_is_explained_to_those_outside(front: Front) -> None:
    outside = front.browser()
    assert "/help/sign-in" in outside.get("/sign-in").text
    assert text("zh", "sign_in").told.what in words(outside.get("/help/sign-in").text)
    assert outside.get("/help/rounds").status_code == 303

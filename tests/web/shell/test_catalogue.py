"""The catalogue: both languages say the same things, every word shown comes from it, and none lies there unused."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import nodes

import api
from api.locale import LANGUAGES, TextMissing, blanks, texts, translate
from api.web.refusals import refusal_words
from api.web.render import STATIC, environment
from api.workbook import ERROR_CODES, FILE_CODES, NOTE_CODES
from custody.entries import FACTS
from custody.life_cycle import Status
from custody.matters.entry import COVERAGES
from custody.procedures import CODES
from custody.rules import Refusal
from tests.builders import SCHEME

ROOT = Path(api.__file__).parent
TEMPLATES = sorted(environment.list_templates(extensions=["html"]))
HOLE = "\ufffc"
UNITS = re.compile(r"\bdBm\b")
"""Symbols of units are the same in every language; so are the single letters of keys."""
VISIBLE = {"title", "placeholder", "aria-label", "alt"}


@cache
def trees() -> tuple[tuple[Path, ast.Module], ...]:
    """The faces' own code, parsed."""
    return tuple((path, ast.parse(path.read_text(encoding="utf-8"))) for path in ROOT.rglob("*.py"))


@cache
def template_calls() -> tuple[tuple[str, str | None, str], ...]:
    """(template, literal key or None, literal prefix) of every `t(…)`."""
    return tuple(_template_calls())


def _template_calls() -> Iterator[tuple[str, str | None, str]]:
    for name in TEMPLATES:
        source = environment.loader.get_source(environment, name)[0]  # type: ignore[union-attr]
        for call in environment.parse(source).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "t" and call.args:
                for key, prefix in _keys(call.args[0]):
                    yield name, key, prefix


def _keys(node: nodes.Expr) -> Iterator[tuple[str | None, str]]:
    match node:
        case nodes.Const(value=str(key)):
            yield key, key
        case nodes.CondExpr():
            yield from _keys(node.expr1)
            if node.expr2 is not None:
                yield from _keys(node.expr2)
        case nodes.Concat(nodes=[nodes.Const(value=str(prefix)), *_]):
            yield None, prefix


@cache
def python_strings() -> tuple[tuple[Path, str, bool], ...]:
    """(file, text, whether it is only the beginning of a key) of every text in the faces' own code."""
    return tuple(_python_strings())


def _python_strings() -> Iterator[tuple[Path, str, bool]]:
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield path, node.value, False
            elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                yield path, str(node.values[0].value), True


def python_keys() -> Iterator[tuple[Path, str]]:
    """Literal keys given to `t`, `translate` and `error`."""
    at = {"t": 0, "translate": 1, "error": 1}
    for path, tree in trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in at and len(node.args) > at[name]:
                key = node.args[at[name]]
                if isinstance(key, ast.Constant) and isinstance(key.value, str) and "." in key.value:
                    yield path, key.value


def test_both_languages_have_the_same_keys_and_blanks() -> None:
    zh, en = texts("zh"), texts("en")
    assert set(zh) == set(en)
    assert {key: blanks(zh[key]) for key in zh} == {key: blanks(en[key]) for key in en}
    assert all(text.strip() for language in LANGUAGES for text in texts(language).values())


def test_every_key_of_a_template_is_there() -> None:
    known = texts("zh")
    lacking = {(name, key) for name, key, _ in template_calls() if key is not None and key not in known}
    empty = {(n, p) for n, key, p in template_calls() if key is None and not any(k.startswith(p) for k in known)}
    assert not lacking
    assert not empty


def test_every_key_of_the_code_is_there() -> None:
    assert not {(str(path), key) for path, key in python_keys() if key not in texts("zh")}


def test_no_text_lies_unused() -> None:
    used = {key for _, key, _ in template_calls() if key is not None}
    used |= {text for _, text, begins in python_strings() if not begins}
    prefixes = {prefix for _, key, prefix in template_calls() if key is None}
    prefixes |= {text for _, text, begins in python_strings() if begins and re.fullmatch(r"[a-z_]+(\.[a-z_]*)+", text)}
    # Keys made of a table's value and a name, `{table[name]}.{value}`.
    heads = {key[: dot.start()] for key in texts("zh") for dot in re.finditer(r"\.", key)}
    prefixes |= {f"{text}." for text in used & heads}
    unused = {key for key in texts("zh") if key not in used and not key.startswith(tuple(prefixes))}
    assert not unused


class Shown(HTMLParser):
    """Collects what a reader would see that did not come out of the catalogue."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.quiet = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.quiet += tag == "kbd"
        self.found += [f"{name}={value}" for name, value in attrs if name in VISIBLE and _letters(value or "")]

    def handle_endtag(self, tag: str) -> None:
        self.quiet -= tag == "kbd"

    def handle_data(self, data: str) -> None:
        if not self.quiet and _letters(data):
            self.found.append(data.strip())


def _letters(text: str) -> bool:
    return len(text.strip()) > 1 and any(letter.isalpha() for letter in UNITS.sub("", text))


def written(name: str) -> str:
    """A template's own text, with a hole for whatever is filled in."""
    source = environment.loader.get_source(environment, name)[0]  # type: ignore[union-attr]
    found = []
    tree = environment.parse(source)
    # The block `body` is a class, not a text.
    classes = {
        id(x) for block in tree.find_all(nodes.Block) if block.name == "body" for x in block.find_all(nodes.Output)
    }
    for output in tree.find_all(nodes.Output):
        if id(output) in classes:
            continue
        found += [part.data if isinstance(part, nodes.TemplateData) else HOLE for part in output.nodes]
    return "".join(found)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_shows_no_word_of_its_own(name: str) -> None:
    reader = Shown()
    reader.feed(written(name))
    assert not reader.found


def test_the_scan_for_words_would_find_one() -> None:
    reader = Shown()
    reader.feed('<p title="Hello">你好 <kbd>g</kbd></p>')
    assert reader.found == ["title=Hello", "你好"]


@pytest.mark.parametrize("path", sorted(STATIC.rglob("*.js")), ids=lambda path: path.name)
def test_scripts_hold_no_chinese(path: Path) -> None:
    assert not re.search(r"[\u4e00-\u9fff]", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_has_its_words(language: str) -> None:
    samples: dict[str, str | int] = {
        "act": "borrowed",
        "status": "on_loan",
        "level": "secret",
        "rating": "",
        "field": "title",
        "kind": "person",
        "period": "years",
        "day": "2026-11-20",
        "matter": "transfer",
        "matter_status": "transfer.draft",
        "line_state": "transfer.listed",
        "step": "unit",
        "equipment": "phone",
        "ownership": "state",
        "activity": "production",
    }
    for code, names in CODES.items():
        refusal = Refusal("c.5", code, {name: samples.get(name, "7") for name in names})
        said = refusal_words(refusal, lambda key, **params: translate(language, key, **params), SCHEME, language)
        assert said.message


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_a_workbooks_errors_is_there(language: str) -> None:
    plain = ("sheet", "row", "column", "value", "cell")
    for code, names in ERROR_CODES.items():
        assert translate(language, f"import.error.{code}", **dict.fromkeys((*plain, *names), "7"))
    for code, names in NOTE_CODES.items():
        assert translate(language, f"import.note.{code}", **dict.fromkeys(("sheet", *names), "7"))
    for code, (names, _) in FILE_CODES.items():
        assert translate(language, f"import.file.{code}", **dict.fromkeys(names, "7"))


def test_every_state_and_fact_has_its_word() -> None:
    wanted = {f"status.{status.value}" for status in Status} | {f"act.{kind}" for kind in FACTS}
    wanted |= {key for cover in COVERAGES for key in (f"rooms.coverage.{cover}", f"meeting.{cover}_there")}
    assert wanted <= set(texts("zh"))


class TestFilling:
    """Blanks are filled once, by name."""

    def test_numbers_are_grouped_and_count_their_noun(self) -> None:
        assert translate("en", "carriers.pages", n=1) == "1 page"
        assert translate("en", "carriers.pages", n=12_000) == "12,000 pages"
        assert translate("zh", "carriers.pages", n=12_000) == "12,000 页"

    def test_a_value_is_never_read_for_blanks(self) -> None:
        assert translate("en", "carriers.held_by", name="{name}") == "{name} holds it"

    def test_a_missing_key_or_blank_fails_here(self) -> None:
        with pytest.raises(TextMissing, match=r"no\.such"):
            translate("zh", "no.such")
        with pytest.raises(TextMissing, match="name"):
            translate("zh", "carriers.held_by")


MARKED_UP = re.compile(
    r"\bt\([^{}]*?=\s*(?:day|when|short_day|clock|ago)\((?:[^()]|\([^()]*\))*\)(?!\s*\|\s*striptags)"
)
"""A text whose blank is filled with a `<time>` element: t() escapes it, and its marks would be read as they stand."""


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_day_stands_in_a_text_as_words(name: str) -> None:
    source, _path, _uptodate = environment.loader.get_source(environment, name)  # type: ignore[union-attr]
    assert MARKED_UP.findall(source) == []

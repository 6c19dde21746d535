"""The tokens: every text and every edge can be told from its ground, in both themes (WCAG 2.2, 1.4.3 and 1.4.11).

And no state is colour alone: each has an icon and a word in both languages, and its texture where nobody listened.
"""

import re

import pytest

from api.locale import translate
from api.web.render import STATIC, environment, st
from api.web.words import STATUS
from reconcile.checks import KINDS

TEXT, TEXT_FIRST, EDGE = 4.5, 7.0, 3.0
"""Least contrast of text, of the text that is read most, and of what is no text: edges of fields, the focus."""
GROUNDS = ("sheet", "paper", "well")
STATES = ("ok", "due", "bad", "odd", "mute", "act")
PAIRS = (
    *(("ink", ground, TEXT_FIRST) for ground in GROUNDS),
    *((ink, ground, TEXT) for ink in ("ink-2", "ink-3", "act", "act-2") for ground in (*GROUNDS, "act-ground")),
    *((state, f"{state}-ground", TEXT) for state in STATES),
    *((state, ground, TEXT) for state in STATES for ground in ("sheet", "paper")),
    *(("on-strong", state, TEXT) for state in STATES),
    *(("ink", f"{state}-ground", TEXT_FIRST) for state in STATES),
    *(("ink-2", f"{state}-ground", TEXT) for state in STATES),
    ("on-act", "act", TEXT),
    ("on-act", "act-2", TEXT),
    ("on-seal", "seal", TEXT),
    ("seal", "sheet", TEXT),
    ("sheet", "bad", TEXT),
    ("on-board", "board", TEXT),
    ("bad", "due-ground", TEXT),
    *(("edge", ground, EDGE) for ground in ("sheet", "paper")),
    *(("focus", ground, EDGE) for ground in (*GROUNDS, "act-ground")),
    ("bar-3", "sheet", EDGE),
)
"""What is written or drawn on what, and how much it must differ."""


def themes() -> dict[str, dict[str, str]]:
    """The colours of each block of tokens, by what the block is for."""
    text = (STATIC / "css" / "tokens.css").read_text(encoding="utf-8")
    blocks = re.findall(r"(:root[^{]*)\{\s*color-scheme: (?:light|dark);([^}]*)\}", text)
    return {name.strip(): dict(re.findall(r"--([a-z0-9-]+):\s*(#[0-9a-f]{6})", body)) for name, body in blocks}


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_is_the_standards_own() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_there_are_two_themes_and_the_chosen_one_is_the_one_of_the_system() -> None:
    light, dark, chosen = (
        themes()[name] for name in (":root", ':root:not([data-theme="light"])', ':root[data-theme="dark"]')
    )
    assert light.keys() == dark.keys()
    assert chosen == dark
    assert light != dark


@pytest.mark.parametrize("theme", list(themes()))
def test_everything_can_be_told_from_its_ground(theme: str) -> None:
    colours = themes()[theme]
    low = [
        f"{ink} on {ground}: {contrast(colours[ink], colours[ground]):.2f}, not {least}"
        for ink, ground, least in PAIRS
        if contrast(colours[ink], colours[ground]) < least
    ]
    assert not low, "\n".join(low)


def test_a_state_is_drawn_with_its_icon_and_its_word() -> None:
    drawn = str(st("bad", "lost", "未见"))
    assert '<use href="#i-lost"/>' in drawn
    assert "未见</span>" in drawn
    assert 'aria-hidden="true"' in drawn


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_two_states_share_their_word_and_none_is_without(language: str) -> None:
    icons = environment.get_template("_icons.html").render()
    for table, prefix in ((STATUS, "status"), (KINDS, "finding_kind")):
        words = [translate(language, f"{prefix}.{getattr(one, 'value', one)}") for one in table]
        assert all(word.strip() for word in words)
        assert len(set(words)) == len(words)
    for _colour, icon in STATUS.values():
        assert f'id="i-{icon}"' in icons, icon
    # In one colour, icons tell the states apart.
    told = [(colour, icon) for colour, icon in STATUS.values()]
    assert len({icon for _, icon in told}) >= len(told) - 3


def test_where_nobody_listened_is_a_texture_and_no_colour() -> None:
    base = (STATIC / "css" / "base.css").read_text(encoding="utf-8")
    deaf = re.search(r"\.st\.k-deaf \{([^}]*)\}", base)
    assert deaf
    assert "repeating-linear-gradient" in deaf[1]

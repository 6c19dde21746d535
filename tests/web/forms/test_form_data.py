"""A form as data: the mark over all that is listed, the hash over all that is read, the code that says it."""

import base64
import json
import re
from dataclasses import replace

import pytest
import rfc8785
import segno
from hypothesis import given
from hypothesis import strategies as st

from api.forms import (
    QR_BYTES_MAX,
    Cell,
    Column,
    Mark,
    Paper,
    SignBox,
    as_json,
    cell_lines,
    code_text,
    highest,
    paper_hash,
    qr_code,
    sign_lines,
)
from custody.scheme import SchemeInvalid, scheme_from
from custody.values import Period

RANKS = {"internal": 0, "confidential": 1, "secret": 2, "top_secret": 3}
SECRET = Mark("secret", Period("maximum"), "机密★20年")
SHORT = Mark("secret", Period("years", "5"), "机密★5年")
LOW = Mark("confidential", Period("maximum"), "秘密★10年")
INTERNAL = Mark("internal", Period("none"), "内部")

PAPER = Paper(
    size="A4",
    heading="移架单",
    cells=(Cell("经手人", "周敏"), Cell("用途", "论证", wide=True)),
    columns=(Column("编号", "no"), Column("密级", "mark")),
    rows=(("YS-2026-00001", SECRET), ("YS-2026-00002", LOW)),
    duties=("用毕即还（c.5）。",),
    signs=(SignBox("经手人", "周敏 口令 10:00:00", "abcd1234"), SignBox("复核人")),
    copies=("第一联",),
    remarks=("附件另装",),
    number="YD-2026-0001",
    office="机要室",
    mark=SECRET,
)


@pytest.mark.parametrize(
    ("listed", "on_top"),
    [
        ((), None),
        ((INTERNAL,), "内部"),
        ((LOW, SECRET, INTERNAL), "机密★20年"),
        ((SECRET, SECRET), "机密★20年"),
        ((SHORT, LOW), "机密★5年"),
        # Two periods of one level: unmarked, which means the maximum.
        ((SHORT, SECRET), "机密"),
        # A level that the scheme no longer has is not taken for a low one.
        ((SECRET, Mark("old", None, "特密")), "特密"),
    ],
)
def test_the_mark_on_top_is_the_highest_of_all_that_is_listed(listed: tuple[Mark, ...], on_top: str | None) -> None:
    found = highest(listed, RANKS)
    assert (found.text if found else None) == on_top


def test_a_row_has_one_value_a_column() -> None:
    with pytest.raises(ValueError, match="row 2 has 1 values for 2 columns"):
        Paper("A4", "单", columns=(Column("a"), Column("b")), rows=(("1", "2"), ("3",)))


CHANGES = {
    "size": replace(PAPER, size="A5"),
    "heading": replace(PAPER, heading="移架单2"),
    "cell": replace(PAPER, cells=(Cell("经手人", "周敏1"), PAPER.cells[1])),
    "label": replace(PAPER, cells=(Cell("经办人", "周敏"), PAPER.cells[1])),
    "row": replace(PAPER, rows=(PAPER.rows[0], ("YS-2026-00003", LOW))),
    "mark of a row": replace(PAPER, rows=(PAPER.rows[0], ("YS-2026-00002", SECRET))),
    "order": replace(PAPER, rows=PAPER.rows[::-1]),
    "duty": replace(PAPER, duties=()),
    "signature": replace(PAPER, signs=(PAPER.signs[1],)),
    "remark": replace(PAPER, remarks=()),
    "number": replace(PAPER, number="YD-2026-0002"),
    "mark": replace(PAPER, mark=LOW),
    "part": replace(PAPER, part="第 2 册"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_of_anything_read_on_the_paper_changes_its_hash(what: str) -> None:
    assert paper_hash(CHANGES[what]) != paper_hash(PAPER)
    assert paper_hash(replace(PAPER)) == paper_hash(PAPER)


@given(st.text(), st.text())
def test_the_hash_is_over_canonical_json(label: str, value: str) -> None:
    try:
        paper = Paper("A5", "单", cells=(Cell(label, value),))
        canonical = rfc8785.dumps(as_json(paper))
    except rfc8785.CanonicalizationError:
        return
    assert json.dumps(as_json(paper), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == canonical


@given(st.lists(st.booleans(), max_size=12))
def test_the_cells_keep_their_order_and_a_wide_one_its_line(wide: list[bool]) -> None:
    cells = tuple(Cell(str(at), "", wide=one) for at, one in enumerate(wide))
    lines = cell_lines(cells)
    assert tuple(cell for line in lines for cell in line) == cells
    assert all(len(line) == 1 or not (line[0].wide or line[1].wide) for line in lines)
    assert all(len(line) == 1 for line in lines if line[0].wide)


def test_the_boxes_stand_three_a_line() -> None:
    boxes = tuple(SignBox(str(at)) for at in range(7))
    assert [len(line) for line in sign_lines(boxes)] == [3, 3, 1]


def a_note(origin: str = "custody.yuanshan") -> str:
    """A note of the usual shape; its signature is nobody's."""
    root = base64.b64encode(bytes(32)).decode()
    return f"{origin}\n128406\n{root}\n\n— {origin} {base64.b64encode(bytes(68)).decode()}\n"


def test_the_code_says_the_checkpoint_first_then_act_entry_and_hash() -> None:
    said = code_text(a_note(), "JY-2026-0001", 128405, "ab" * 32)
    assert "".join(f"{line}\n" for line in said.split("\n")[:5]) == a_note()
    assert said.removeprefix(a_note()).split("\n") == [
        "",
        "act JY-2026-0001",
        "entry 128405",
        f"form sha256 {'ab' * 32}",
        "",
    ]


def test_a_note_too_long_for_the_code_is_left_to_size_and_root() -> None:
    said = code_text(a_note("archive." * 40), "JY-2026-0001", 7, "ab" * 32)
    assert len(said.encode()) <= QR_BYTES_MAX
    assert said.startswith("checkpoint 128406 AAAA")
    assert "entry 7" in said


def test_without_a_checkpoint_the_code_still_bears_act_and_hash() -> None:
    assert code_text(None, "GH-2026-0003", 7, "cd" * 32) == f"act GH-2026-0003\nentry 7\nform sha256 {'cd' * 32}\n"


@pytest.mark.parametrize("text", ["act GH-2026-0003\n", code_text(a_note(), "JY-2026-0001", 128405, "ab" * 32)])
def test_the_path_draws_the_very_modules_of_the_code(text: str) -> None:
    code = qr_code(text)
    dark = set()
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", code.path):
        dark |= {(int(x) + step, int(y)) for step in range(int(width))}
    expected = segno.make(text, error="m", micro=False, boost_error=False, encoding="utf-8").matrix_iter(border=4)
    rows = [list(row) for row in expected]
    assert code.side == len(rows)
    assert dark == {(x, y) for y, row in enumerate(rows) for x, module in enumerate(row) if module}


@pytest.mark.parametrize(("config", "printed"), [({}, False), ({"forms": {"titles_on_slips": True}}, True)])
def test_the_configuration_says_whether_titles_stand_on_slips(
    config: dict[str, dict[str, bool]], printed: bool
) -> None:
    assert scheme_from(config).titles_on_slips is printed


@pytest.mark.parametrize("wrong", [{"titles_on_slips": "no"}, {"titles": True}])
def test_a_wrong_configuration_of_forms_is_named(wrong: dict[str, object]) -> None:
    with pytest.raises(SchemeInvalid, match=r"forms\.titles"):
        scheme_from({"forms": wrong})

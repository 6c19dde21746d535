"""No export holds a text that a spreadsheet would run, by whatever way it goes out."""

import io
import re
from collections.abc import Iterator
from typing import Any

import openpyxl
import pytest
from fastapi import APIRouter

from api import rest, web
from api.reports import safe_text
from tests.web.front import Front

HOSTILE = (
    "=1+1",
    "=cmd|'/C calc'!A0",
    "+1+1",
    "-1+cmd|'x'!A0",
    "@SUM(1,1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1+1",
    "\u00a0=1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(1)",
    "%0A=1",
    "|calc",
    '=HYPERLINK("file:///etc/hostname","x")',
    '=DDE("cmd";"/C calc";"x")',
)
HARMLESS = ("总体技术方案", "YS-2026-00001", "A-1", "3+4", "", "e@x", "1=1", "“=”")
RUN = re.compile(r"[\s\u200b-\u200f\u2060\ufeff\u00ad]*[=+\-@|%＝＋－＠]|[\t\r\n]")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_that_could_run_is_made_a_text(text: str) -> None:
    assert safe_text(text).startswith("'")


@pytest.mark.parametrize("text", HARMLESS)
def test_an_ordinary_text_stays_as_it_is(text: str) -> None:
    assert safe_text(text) == text


def workbooks() -> Iterator[str]:
    """Every address of the application that gives a workbook."""
    routers: tuple[APIRouter, ...] = (*web.ROUTERS, *rest.ROUTERS)
    for router in routers:
        for route in router.routes:
            path: str = route.path  # type: ignore[attr-defined]
            if path.endswith(".xlsx"):
                yield re.sub(r"\{[^}]*\}", "1", path)


def cells(data: bytes) -> Iterator[Any]:
    """Every cell of a workbook."""
    for sheet in openpyxl.load_workbook(io.BytesIO(data)).worksheets:
        for row in sheet.iter_rows():
            yield from row


def test_every_workbook_of_a_hostile_archive_is_harmless(front: Front) -> None:
    """Titles, purposes, places and persons that begin like formulas go out by every address, to who may have it."""
    archive = front.archive
    for number, text in enumerate(HOSTILE):
        carrier = archive.carrier(title=f"{text} {number}".strip() if text.strip() else text)
        if number % 2:
            archive.borrow(carrier, "chen", days=2)
    front.clock.days(3)
    given, seen = set(), 0
    for who in ("clerk", "secrecy", "he", "leader"):
        browser = front.signed_in(who)
        for address in workbooks():
            answer = browser.get(address)
            assert answer.status_code in (200, 403, 404, 409, 422), (address, answer.status_code)
            if answer.status_code != 200:
                continue
            given.add(address)
            for cell in cells(answer.content):
                assert cell.data_type != "f", (address, cell.coordinate)
                if isinstance(cell.value, str):
                    seen += cell.value.startswith("'")
                    assert not RUN.match(cell.value), (address, cell.coordinate, cell.value)
    assert {"/reports/carriers.xlsx", "/reports/overdue.xlsx", "/api/v1/reports/overdue.xlsx"} <= given
    assert seen >= len(HOSTILE)

"""Lawful ways through letter j: a visitor in and out with two escorts, a room cleaned, a text issued and signed."""

from collections.abc import Callable, Mapping

from custody.entries.entry import Acknowledged, EscortChanged, InstructionIssued
from tests.builders import CLERK, PEOPLE, SECRECY_OFFICE, Archive
from tests.custody.entry.scene import INSPECTOR, TECHNICIAN, a_visit, answered_for, cleaning, goes_in, goes_out

STORE = 3
"""The strong room: no meeting is held there, and nothing lies about."""


def _visit(archive: Archive) -> None:
    answered_for(archive, STORE)
    matter = goes_in(archive, a_visit(archive, TECHNICIAN, INSPECTOR, place=STORE))
    goes_out(archive, matter, 2, last=False)
    archive.enter(CLERK, [EscortChanged(matter, PEOPLE["leader"], "另有会议")], "visit_escort", "leader")
    goes_out(archive, matter, 1)


def _cleaning(archive: Archive) -> None:
    answered_for(archive, STORE)
    matter = goes_in(archive, cleaning(archive, place=STORE))
    goes_out(archive, matter, 1)


def _signing(archive: Archive) -> None:
    text = f"提醒 {archive.matter()}。"
    archive.enter(SECRECY_OFFICE, [InstructionIssued("reminder", text)], "instruction")
    archive.enter(SECRECY_OFFICE, [Acknowledged(PEOPLE["chen"], "reminder", text)], "acknowledge", "chen")


PATHS: Mapping[str, Callable[[Archive], None]] = {"visit": _visit, "cleaning": _cleaning, "signing": _signing}

"""A finding about a carrier that is seen names no matter that is not."""

import json

from custody.access import Role
from tests.builders import READING, SECRECY_OFFICE, subject
from tests.custody.disposition.scenes import transfer_list
from tests.reconcile.findings.scene import Scene

LOW = subject("ma", Role.SECRECY_OFFICE)
"""Answers for the whole house, and is cleared to confidential."""


def test_a_finding_tells_the_matter_to_whom_it_exists_and_to_nobody_else(scene: Scene) -> None:
    """Given a confidential carrier on a secret list, found astray, then who may not know of the list is not told."""
    carrier = scene.archive.carrier(level="confidential")
    matter = transfer_list(scene.archive, [carrier], "secret")
    number = scene.archive.the_matter(matter).number
    scene.wait(3_600)
    scene.heard(carrier, READING, seconds=120)
    scene.check()
    told, untold = scene.only(subject=SECRECY_OFFICE).line, scene.only(subject=LOW).line
    assert (told.kind, told.matter, told.matter_number) == (untold.kind, matter, number)
    assert (untold.matter, untold.matter_number, untold.matter_kind) == (None, None, None)
    assert number in json.dumps(told.evidence, ensure_ascii=False)
    assert number not in json.dumps(untold.evidence, ensure_ascii=False)
    assert scene.found(LOW, matter=matter) == []
    assert [item.line.number for item in scene.found(matter=matter)] == [told.number]

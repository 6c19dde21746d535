"""What the product is made of: listed, licensed, and free of addresses."""

import json
import re
from importlib import metadata
from pathlib import Path

import pytest

from tools.dependencies import BILL, NOT_EVERYWHERE, PAGE, bill, is_allowed, libraries, page, pins

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = libraries(ROOT)


@pytest.mark.parametrize(("path", "made"), [(PAGE, page), (BILL, bill)])
def test_the_list_is_current(path: str, made: object) -> None:
    said = (ROOT / path).read_text(encoding="utf-8")
    assert said == made(ROOT), f"{path} is stale; run: python -m tools.make_docs"  # type: ignore[operator]
    assert not re.search(r"https?:|www\.|pypi\.org", said)


def test_every_library_is_pinned_installed_and_under_a_licence_that_may_be_passed_on() -> None:
    wrong = [one.name for one in LIBRARIES if not is_allowed(one.licence)]
    assert wrong == []
    assert {one.key for one in LIBRARIES} == set(pins(ROOT))
    here = [one for one in LIBRARIES if one.key not in NOT_EVERYWHERE]
    assert [one.name for one in here if metadata.version(one.name) != one.version] == []


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("Apache-2.0 OR BSD-3-Clause", True),
        ("BSD-3-Clause AND 0BSD AND MIT", True),
        ("Proprietary OR MIT", True),
        ("MIT AND Proprietary", False),
        ("AGPL-3.0-only", False),
        ("GPL-2.0-only", False),
        ("", False),
    ],
)
def test_the_rule_of_licences(licence: str, allowed: bool) -> None:
    assert is_allowed(licence) is allowed


def test_the_bill_of_materials_is_whole_in_itself() -> None:
    document = json.loads(bill(ROOT))
    refs = {one["bom-ref"] for one in document["components"]} | {document["metadata"]["component"]["bom-ref"]}
    assert {one["ref"] for one in document["dependencies"]} == refs
    assert {need for one in document["dependencies"] for need in one["dependsOn"]} <= refs
    assert all(one["version"] and one["licenses"] for one in document["components"])
    required = {one["name"] for one in document["components"] if one["scope"] == "required"}
    assert "fastapi" in required
    assert "schemathesis" not in required

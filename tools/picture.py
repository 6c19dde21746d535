"""The README's picture: the demo's story played to its end, and the overview as the clerk sees it.

    python -m tools.picture [docs/overview.png]

Needs Debian's chromium and fonts-noto-cjk, as the browser tests do.
"""

import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser import CHROMIUM, CHROMIUM_ARGUMENTS

STORY_SECONDS = 80
ROOT = Path(__file__).resolve().parents[1]


def _address(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            return found[0]
    raise RuntimeError("the demo did not start")


def take(target: Path) -> None:
    """Play the demo and take the picture."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "api.cli", "demo", "--port", "0", "--data", f"{folder}/data"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        try:
            address = _address(process)
            time.sleep(STORY_SECONDS)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
                page = browser.new_page(viewport={"width": 1440, "height": 940}, locale="en-GB")
                page.goto(f"{address}/sign-in?lang=en")
                page.fill("input[name=number]", "1001")
                page.fill("input[name=password]", "yuanshan-1001")
                page.click("button.b-main")
                page.wait_for_url(lambda url: "sign-in" not in url)
                page.goto(f"{address}/overview")
                page.screenshot(path=str(target))
                browser.close()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


if __name__ == "__main__":
    take(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "overview.png")

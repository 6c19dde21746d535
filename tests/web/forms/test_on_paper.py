"""The printed sheets in a real Chromium: their size, their pages, and the print dialogue opened once."""

import re
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from custody.entries import Moved
from tests.browser import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.builders import CLERK, SHELF_2
from tests.web.front import PASSWORD, Front, number_of

pytestmark = pytest.mark.browser
LONG = "关于进一步加强新型试验装置研制过程中涉密载体全寿命周期管理并开展专项清查整改与责任落实工作的若干意见" * 2
A5_ACROSS, A4 = (595, 420), (595, 842)
"""Points, ISO 216."""
COUNT_PRINTS = "window.printed = 0; window.print = () => { window.printed += 1; };"
OUTSIDE = """() => [...document.querySelectorAll(".paper td, .paper th")]
  .filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.outerHTML.slice(0, 120))"""


@pytest.fixture
def origin(front: Front) -> Iterator[str]:
    """The application, really served."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(front.app, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        sock.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all of these."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, origin: str) -> Iterator[Page]:
    """The clerk's window; what the page complains of fails the test."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script(COUNT_PRINTS)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(f"{origin}/sign-in?lang=zh")
    opened.fill("#number", number_of("clerk"))
    opened.fill("#password", PASSWORD)
    opened.click("button[type=submit]")
    opened.wait_for_url(lambda address: "sign-in" not in address)
    yield opened
    context.close()
    assert complaints == []


def sheets(page: Page) -> list[tuple[int, int]]:
    """Size in points of every page that the printer would give."""
    pdf = page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    return [(round(float(width)), round(float(height))) for width, height in boxes]


def test_a_slip_is_one_sheet_of_a5_a_copy_and_is_sent_to_the_printer_once(
    front: Front, page: Page, origin: str
) -> None:
    act = front.archive.borrow(front.archive.carrier(title=LONG), "chen").act
    page.goto(f"{origin}/acts/{act}/form")
    assert page.evaluate("window.printed") == 0
    page.click("main button.b-main")
    page.wait_for_url("**/form?print=1")
    assert page.evaluate("window.printed") == 1
    assert sheets(page) == [A5_ACROSS, A5_ACROSS]
    page.reload()
    assert page.evaluate("window.printed") == 0


def test_a_long_list_flows_over_pages_and_nothing_leaves_its_cell(front: Front, page: Page, origin: str) -> None:
    carriers = front.archive.carriers(60, title=LONG)
    act = front.archive.books.enter(CLERK, [Moved(one, SHELF_2) for one in carriers], act="move").act
    page.goto(f"{origin}/acts/{act}/form")
    page.emulate_media(media="print")
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate("getComputedStyle(document.querySelector('.paper-list thead')).display") == (
        "table-header-group"
    )
    found = sheets(page)
    assert set(found) == {A4}
    assert len(found) > 3
    for hidden in (".top", ".side", ".screen-only"):
        assert not page.locator(hidden).first.is_visible()

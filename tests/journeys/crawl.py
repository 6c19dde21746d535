"""Walking through every page that a person's links lead to, one of each kind, and looking at each."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

from tests.journeys.watchful import WIDTHS, Visitor

PAGES_MAX = 200
"""More kinds than there are: a walk that meets so many is lost among addresses of one kind, and says so."""
_FILES = re.compile(r"\.(xlsx|json|csv|toml)$|^/ledger/(checkpoints|key)")

# What has no place in a page under its policy: scripts and styles of its own, and handlers in attributes.
INLINE = """() => [...document.querySelectorAll("script:not([src]), style, [style]")].map((one) => one.outerHTML)
  .concat([...document.querySelectorAll("*")].flatMap((one) => [...one.attributes])
    .filter((attribute) => attribute.name.startsWith("on")).map((attribute) => attribute.name))"""
TOO_WIDE = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return "";
  const beyond = (one) => one.getBoundingClientRect().right > root.clientWidth && !one.closest(".t-scroll, .sr");
  const out = [...document.querySelectorAll("main *")].find(beyond);
  return `${root.scrollWidth} > ${root.clientWidth}: ${out ? out.outerHTML.slice(0, 160) : "?"}`;
}"""
# A link within a drawing has no plain text for its address.
LINKS = """() => [...document.querySelectorAll("a[href]")]
  .map((one) => new URL(one.getAttribute("href"), document.baseURI).href)"""
FOCUS = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return "nothing";
  const style = getComputedStyle(at);
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return ring || style.boxShadow !== "none" ? "seen" : at.outerHTML.slice(0, 160);
}"""


def kind_of(address: str) -> str:
    """Two addresses of one kind are drawn by the same template: identifiers and values of queries do not count."""
    parts = urlsplit(address)
    path = re.sub(r"/[0-9]+(?=/|$)", "/#", parts.path)
    path = re.sub(r"^/(acts|findings|rounds|readers|help)/[^/]+", r"/\1/#", path)
    return f"{path}?{','.join(sorted({name for name, _ in parse_qsl(parts.query)} & {'mode'}))}"


def walk(visitor: Visitor, start: str = "/overview") -> Iterator[str]:
    """Open one page of each kind that links lead to, breadth first; gives each while it is open."""
    waiting, met = [start, "/me"], {kind_of(start), kind_of("/me")}
    for path in waiting:
        answer = visitor.open(path)
        assert answer.status == 200, f"{path}: {answer.status}"
        yield path
        found: list[str] = visitor.page.evaluate(LINKS)
        for address in found:
            parts = urlsplit(address)
            beyond = f"{parts.scheme}://{parts.netloc}" != visitor.house.url or _FILES.search(parts.path)
            kind = kind_of(address)
            if not beyond and kind not in met:
                assert len(waiting) < PAGES_MAX, f"{address}: {waiting}"
                met.add(kind)
                waiting.append(f"{parts.path}?{parts.query}" if parts.query else parts.path)


def faults(visitor: Visitor) -> list[str]:
    """What is wrong with the page that is open."""
    page = visitor.page
    found = [f"inline: {one}" for one in page.evaluate(INLINE)]
    if not page.title().strip():
        found.append("it has no title")
    if (headings := page.locator("h1").count()) != 1:
        found.append(f"it has {headings} h1")
    page.keyboard.press("Tab")
    if (focus := page.evaluate(FOCUS)) != "seen":
        found.append(f"the focus is not seen: {focus}")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 940})
        if too_wide := page.evaluate(TOO_WIDE):
            found.append(f"at {width} it scrolls sideways: {too_wide}")
    return found + [f"stopped by the policy: {one}" for one in visitor.stopped()]

"""axe-core on the page that is open: what it holds against it, in a line each.

The script comes with a wheel (axe-playwright-python, for tests alone) and is handed to the page by the browser's own
debugger, which no policy of the page stops and which asks nobody for anything.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

GRAVE = ("serious", "critical")
"""What no page may have."""
OF_COLOURS = ("color-contrast",)
"""The rules that a theme decides: the other theme changes nothing else."""
_RUN = """async ([type, values]) => {
  const found = await axe.run(document, {resultTypes: ["violations"], runOnly: {type, values}});
  return found.violations.map((one) => ({
    rule: one.id, impact: one.impact, nodes: one.nodes.length,
    where: one.nodes[0].html.slice(0, 160),
    why: one.nodes[0].failureSummary.replace(/\\s+/g, " ").slice(0, 240),
  }));
}"""
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


def violations(page: Page, *, impacts: Iterable[str] = GRAVE, rules: Sequence[str] = ()) -> list[str]:
    """What axe-core holds against the page, of these impacts: rule, how grave, how often, where first, and why.

    `rules`: these alone; without them all of TAGS.
    """
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    found: list[dict[str, Any]] = page.evaluate(_RUN, ["rule", list(rules)] if rules else ["tag", list(TAGS)])
    wanted = set(impacts)
    return [
        f"{one['rule']} ({one['impact']}, {one['nodes']} times): {one['where']} — {one['why']}"
        for one in found
        if one["impact"] in wanted
    ]

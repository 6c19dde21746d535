"""`make bench`: all figures, or those whose group is named: python -m bench [llrp] [intake] [reconcile] … (GROUPS).

`--write`: what has a page in docs/reference is written there.
"""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from bench import books, intake, llrp, pages, reconciliation, sweep, workbook
from bench.harness import Figure, keep, show

GROUPS: dict[str, Callable[[], Iterator[Figure]]] = {
    "llrp": llrp.figures,
    "intake": intake.figures,
    "reconcile": reconciliation.figures,
    "books": books.figures,
    "sweep": sweep.figures,
    "pages": pages.figures,
    "workbook": workbook.figures,
}


def main(names: list[str]) -> int:
    """Measure and print; exit 1 where a figure is not reached."""
    write = "--write" in names
    names = [name for name in names if name != "--write"]
    groups = GROUPS | {"pages": partial(pages.figures, write=write)}
    unknown = set(names) - set(GROUPS)
    if unknown:
        print(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(GROUPS)}", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    for name in names or list(groups):
        for figure in groups[name]():
            print(f"measured: {figure.name}", file=sys.stderr, flush=True)
            figures.append(figure)
    print(show(figures))
    keep(figures, Path(".bench"))
    return 0 if all(figure.reached for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

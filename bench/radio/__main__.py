"""`python -m bench.radio [SEEDS]`: the study of places, written to docs/reference/presence-study.md.

With a number of seeds so many of the days, to standard output, and nothing is written.
"""

import sys
from pathlib import Path

from bench.radio.study import STUDIED, study, text

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "presence-study.md"


def main(arguments: list[str]) -> int:
    """Run it; the cost is printed beside."""
    seeds = list(STUDIED)[: int(arguments[0])] if arguments else list(STUDIED)
    found = study(seeds)
    page = text(found, seeds)
    if arguments:
        print(page)
    else:
        PAGE.write_text(page, encoding="utf-8")
    print(
        f"{found.sightings} sightings folded at {1e6 * found.seconds / max(1, found.sightings):.0f} us each, "
        f"{found.bytes_a_tag:.0f} bytes a tag",
        file=sys.stderr,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

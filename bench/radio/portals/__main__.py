"""`python -m bench.radio.portals [FILE]`: write the page of the portals, docs/reference/portal-study.md or FILE."""

import sys
from pathlib import Path

from bench.radio.portals.study import REPORT, report

Path(sys.argv[1] if len(sys.argv) > 1 else REPORT).write_text(report(), encoding="utf-8")

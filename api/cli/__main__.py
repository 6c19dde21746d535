"""`python -m api.cli`, the same as `custody`."""

import sys

from api.cli import main

sys.exit(main())

"""SQLite without its syncs, for tests in whose process the power is never cut: they write as quickly as they may.

What a power cut does is proved by processes of their own, with the pragmas as they are shipped.
"""

from custody import database

AS_SHIPPED = database._PRAGMAS_WRITING


def without_syncs() -> None:
    """From now on, in this process alone."""
    database._PRAGMAS_WRITING = tuple(one.replace("=FULL", "=OFF") for one in AS_SHIPPED)

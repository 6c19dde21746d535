"""Counts of meetings, checks of rooms, weighing in."""

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Nothing yet."""

"""What the filter of presence learns of the site, and what late reports revise."""

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Nothing yet."""

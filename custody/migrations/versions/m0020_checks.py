"""What the checks keep: cursors in a table that there is, and findings. Nothing of their own."""

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Nothing to be changed."""

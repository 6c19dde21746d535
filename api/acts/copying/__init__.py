"""Letter d for the faces: from the application to copy to the last copy, and their recall."""

from api.acts.copying.showing import VIEWS
from api.acts.copying.table import ACTS

__all__ = ["ACTS", "VIEWS"]

"""Letter g for the faces: a batch of destruction, from the request to the certificate."""

from api.acts.destruction.showing import VIEWS
from api.acts.destruction.table import ACTS

__all__ = ["ACTS", "VIEWS"]

"""Letter f as rows: transfer, return to the issuer, change of level, declassification, review, loss."""

from api.acts.disposition import lists, losses, secrecy
from api.acts.model import Act, View

ACTS: tuple[Act, ...] = (*lists.ACTS, *secrecy.ACTS, *losses.ACTS)
VIEWS: tuple[View, ...] = (*lists.VIEWS, *secrecy.VIEWS, *losses.VIEWS)

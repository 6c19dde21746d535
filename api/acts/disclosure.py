"""Letter i for the faces: provision to another body with its prolongation (i.1), disclosure reviews (i.2, rule 1)."""

from api.acts import providing, reviewing
from api.acts.model import Act, View

ACTS: tuple[Act, ...] = (*providing.ACTS, *reviewing.ACTS)
VIEWS: tuple[View, ...] = (*providing.VIEWS, *reviewing.VIEWS)

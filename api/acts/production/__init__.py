"""Letter a: production orders on the pages and by REST."""

from api.acts.model import Act, View
from api.acts.production import making, ordering, showing

ACTS: tuple[Act, ...] = (*ordering.ACTS, *making.ACTS)
VIEWS: tuple[View, ...] = showing.VIEWS

"""Letter b: receiving, sending, distribution, and the widening of a scope on the pages and by REST."""

from api.acts.dispatch import distributing, receiving, sending, showing
from api.acts.model import Act, View

ACTS: tuple[Act, ...] = (*receiving.ACTS, *sending.ACTS, *distributing.ACTS)
VIEWS: tuple[View, ...] = showing.VIEWS

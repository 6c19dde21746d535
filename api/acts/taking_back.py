"""An import taken back: a compensating entry for each of its carriers that nobody has dealt with since."""

from collections.abc import Iterable
from itertools import islice

from api import import_records as records
from api.acts.loans import signs_beside
from api.acts.model import Act, Field, Ground, Unfit, Values
from custody.access import Permission
from custody.entries import Fact, ImportTakenBack
from custody.life_cycle import Status
from custody.rules import NotFound
from custody.store.projection import load_states
from custody.store.taking_over import carriers_of_acts, last_entries_untouched

RUNS_OFFERED = 50
TAKEN_MAX = 20_000
"""Carriers in one act: what is signed is one text, and is read by people. What is left is taken back by the next."""


def runs_of(ground: Ground) -> Iterable[tuple[str, str]]:
    """Imports of which something is left to take back, the newest first."""
    with ground.reading() as connection:
        found = records.runs(connection, None, RUNS_OFFERED)
    for run in found:
        if run.taken_back < run.carriers:
            yield str(run.id), ground.t("import.run_words", day=ground.day_of(run.at), acts=run.acts[0], n=run.carriers)


def untouched(ground: Ground, run: records.Run) -> dict[int, int]:
    """Its carriers that can be taken back, with their last entry."""
    with ground.services.database.reading() as connection:
        last = last_entries_untouched(connection, carriers_of_acts(connection, run.acts))
        states = load_states(connection, last)
    there = (Status.IN_PLACE, Status.ON_LOAN)
    return {carrier: entry for carrier, entry in last.items() if states[carrier].status in there}


def _facts(ground: Ground, values: Values) -> list[Fact]:
    with ground.reading() as connection:
        run = records.run_numbered(connection, int(values["run"]))
    if run is None:
        raise NotFound
    found = untouched(ground, run)
    if not found:
        raise Unfit("run", "import.nothing_left")
    part = islice(sorted(found.items()), TAKEN_MAX)
    return [ImportTakenBack(one, entry, values["second"], values["reason"]) for one, entry in part]


def _probe(ground: Ground) -> Fact | None:
    """Only where there is something to take back."""
    if not list(runs_of(ground)):
        raise NotFound
    return None


ACTS: tuple[Act, ...] = (
    Act(
        "take_back_import",
        "import_taken_back",
        "undo",
        Permission.TAKE_IN,
        _facts,
        _probe,
        on="house",
        fields=(
            Field("run", "choice", options=runs_of),
            Field("reason", "area"),
            Field("second", "person"),
        ),
        cosigners=lambda ground, values: signs_beside(ground, "ask.take_back_import.second", values.get("second")),
        grave=True,
    ),
)

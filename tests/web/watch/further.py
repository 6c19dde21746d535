"""One finding of each kind that takes nights, months or two of a thing: as its check opens it, of cases made here."""

from dataclasses import replace

from custody.values import DAY, SECOND
from reconcile.checks import RADIO_CHECKS, BooksSay, CarrierCase, MatterSays, RadioSays, Spot, Thresholds, Verdict
from reconcile.checks.housekeeping import (
    BooksCase,
    ClockCase,
    KeeperCase,
    OrderCase,
    SweepCase,
    hand_over_due,
    ledger_check_failed,
    production_excess,
    reader_clock_wrong,
    sweep_due,
)
from reconcile.checks.incidents import HeardAtCase, passed_on
from reconcile.checks.matters import MatterCase, matter_verdict
from reconcile.checks.nights import Night, left_out_overnight
from reconcile.checks.pairs import (
    HeardAt,
    Swapped,
    TagsCase,
    TwoPlacesCase,
    tags_swapped,
    two_places_at_once,
    two_tags_apart,
)
from reconcile.checks.rooms import ExposedCase, Room, Watched, exposed
from reconcile.checks.silences import Laid, SilentCase, lost_track, never_met
from reconcile.store.findings import open_findings
from tests.builders import CORRIDOR, PEOPLE, READING, SCHEME, SHELF, SHELF_2
from tests.custody.production import scene as production
from tests.reconcile.findings.scene import Scene

SHELF_SPOT = Spot(SHELF, "B1-01-1", "shelf", "/1/2/3/4/5/", storage=True, rating_rank=3)
OTHER_SPOT = Spot(SHELF_2, "B1-01-2", "shelf", "/1/2/3/4/6/", storage=True, rating_rank=3)
ROOM = Spot(READING, "B1-reading", "room", "/1/2/7/", rating_rank=2)
BARE = Spot(CORRIDOR, "B1-corridor", "room", "/1/2/9/")


def verdicts(scene: Scene) -> list[Verdict]:
    """As of the scene's present."""
    now, limits = scene.now, Thresholds.of(SCHEME)
    one, other = scene.archive.carriers(2, title="远山八号 附件")
    order = production.approved_order(scene.archive, quantity=1, control_number="F-1")
    batch = production.approved_order(scene.archive, quantity=1, control_number="F-2")
    chen, began = PEOPLE["chen"], now - 100 * DAY

    def heard(epc: str, at: Spot) -> RadioSays:
        return RadioSays(epc, at, "confirmed", now - DAY, now, now, "reader-9-place", 1, -50.0, 9)

    lent = CarrierCase(one, BooksSay("on_loan", "secret", 2, 1, None, SHELF, chen, None, began))
    standing = CarrierCase(one, BooksSay("in_place", "secret", 2, 1, SHELF_SPOT, SHELF, None, None, began))
    beside = CarrierCase(other, BooksSay("in_place", "secret", 2, 1, OTHER_SPOT, SHELF_2, None, None, began))
    silent = SilentCase(lent, began + DAY, began, Laid(ROOM, began, began + DAY, 99 * DAY))
    night = Night(now - 10 * 3_600 * SECOND, now - 2 * 3_600 * SECOND)
    at_night = replace(lent, radio=heard("A1", ROOM))
    leg = MatterSays(batch, "CY-1", "circulation", "going", "with_reader", chen, at=now - 2 * DAY)
    rows = tuple(
        HeardAt(now - 60 * SECOND, now, place, place.id, 2, 1, f"reader-{place.id}-place", 1, 9, -50.0)
        for place in (SHELF_SPOT, ROOM)
    )
    watched = Watched(Room(ROOM, (), (), None), batch, "FK-1", "visit", "entry", now - SECOND, chen)
    found = [
        RADIO_CHECKS["used_in_unprotected_place"](replace(lent, radio=heard("A1", BARE)), now, limits),
        left_out_overnight(at_night, night, (), limits),
        lost_track(silent, now, limits),
        never_met(silent, now, limits),
        two_places_at_once(TwoPlacesCase("A1", one, standing.books, rows), now, limits),
        two_tags_apart(TagsCase(standing, (heard("A1", SHELF_SPOT), heard("A2", ROOM))), now, limits),
        tags_swapped(
            Swapped(replace(standing, radio=heard("A1", OTHER_SPOT)), replace(beside, radio=heard("B1", SHELF_SPOT))),
            now,
            limits,
        ),
        passed_on(
            HeardAtCase(
                replace(at_night, books=replace(lent.books, status="in_circulation"), matter=leg),
                PEOPLE["sun"],
                (chen, PEOPLE["sun"]),
            ),
            now,
            limits,
        ),
        production_excess(
            OrderCase(MatterSays(order, "ZZ-1", "production", "approved"), 1, 2, 1, 1, 1, {"L1": now}), now, limits
        ),
        matter_verdict(
            "destruction_overdue",
            MatterCase(batch, "XH-1", "destruction", "approved", 1, 2, chen, began, now - DAY),
            now,
            limits,
        ),
        sweep_due(SweepCase(SHELF_SPOT, now - DAY, "QC-1", began), now, limits),
        sweep_due(SweepCase(OTHER_SPOT, now - DAY), now, limits),
        hand_over_due(KeeperCase(PEOPLE["sun"], 3, now - DAY, "not_cleared"), now, limits),
        hand_over_due(KeeperCase(PEOPLE["lin"], 4, now - DAY, "left"), now, limits),
        reader_clock_wrong(ClockCase("reader-5-place", 2 * SECOND, now), now, limits),
        ledger_check_failed(BooksCase(7, now, 4_000, 3), now, limits),
        exposed(ExposedCase(watched, replace(standing, radio=heard("A1", ROOM)), "open", "covered"), now),
    ]
    assert None not in found
    return [one for one in found if one is not None]


def opened(scene: Scene) -> list[str]:
    """Open them; their numbers."""
    told = verdicts(scene)
    with scene.database.writing() as connection:
        return [one.number for one in open_findings(connection, told, scene.now, SCHEME.timezone, ())]

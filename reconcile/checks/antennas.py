"""An antenna whose connection lives, and that hears nothing all the same: its reference tag has fallen silent. Pure.

A cable that is off, an antenna turned to the wall, a cabinet put before it: the reader says that all is well. Only a
tag that must always be heard tells otherwise.
"""

from collections.abc import Iterator

from custody.values import SECOND, Instant
from reconcile.checks.cases import AntennaCase, Ending, ReaderCase, Thresholds, Verdict
from reconcile.checks.kinds import KINDS
from reconcile.checks.verdicts import rule

KIND = "antenna_deaf"


def about(reader: str, antenna: int) -> str:
    """What a finding of an antenna is about."""
    return f"antenna:{reader}/{antenna}"


def deaf_since(antenna: AntennaCase, limits: Thresholds) -> Instant | None:
    """When a reference tag was last heard, where it has been silent for too long; None where all is well.

    Only the time counts in which the connection lived without a break: a reader that was off, and whose coverage
    comes before what it hears, is not deaf.
    """
    if not antenna.references or antenna.through_at is None:
        return None
    last = max(antenna.heard_at or 0, antenna.references_since)
    silent = antenna.through_at - max(last, antenna.alive_since or 0)
    return last if silent > limits.reference_silent_after else None


def antennas_deaf(case: ReaderCase, now: Instant, limits: Thresholds) -> Iterator[Verdict]:
    """A verdict for each antenna that hears its reference tags no more, and whose reader is in use."""
    quiet = KINDS[KIND].reopen_after_seconds * SECOND
    for antenna in case.antennas if case.enabled else ():
        last = deaf_since(antenna, limits)
        settled = case.deaf_settled.get(antenna.number)
        if last is None or (settled is not None and now - settled < quiet):
            continue
        params = {
            "reader": case.name,
            "antenna": antenna.number,
            "after_seconds": limits.reference_silent_after // SECOND,
        }
        yield Verdict(
            kind=KIND,
            about=about(case.name, antenna.number),
            happened_at=last,
            evidence={
                "clause": "",
                "rule": rule(KIND, params),
                "books": None,
                "radio": {
                    "reader": case.name,
                    "antenna": antenna.number,
                    "place": antenna.place,
                    "references": list(antenna.references),
                    "heard_at": antenna.heard_at,
                },
                "not_covered": [
                    {"antenna": antenna.number, "place": antenna.place, "through_at": antenna.heard_at},
                ],
            },
            reader=case.name,
        )


def antenna_ended(case: ReaderCase | None, number: int, happened_at: Instant, limits: Thresholds) -> Ending | None:
    """A reference tag was heard again; or nobody expects it any more. A connection made anew alone ends nothing."""
    antenna = next((one for one in case.antennas if one.number == number), None) if case is not None else None
    if case is None or not case.enabled or antenna is None or not antenna.references:
        return Ending("reader_not_in_use")
    heard = antenna.heard_at is not None and antenna.heard_at > happened_at
    return Ending("heard_again") if heard and deaf_since(antenna, limits) is None else None

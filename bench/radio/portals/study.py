"""The tables of portals, from the held-out seeds: the same again, byte for byte, with the same seeds."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.radio.portals.hearing import Heard, hear
from bench.radio.portals.peers import PEERS
from bench.radio.portals.removals import MISSING_AFTER, WITHIN, removals
from bench.radio.portals.scoring import Door, Outcome, at_the_guard, at_the_server
from bench.radio.portals.walks import BARRIER, KINDS, walks
from readers.portal import MODEL
from reconcile.trials import interval

SEED = 2000
REPORT = Path(__file__).parents[3] / "docs" / "reference" / "portal-study.md"
COUNTS: Mapping[str, int] = {
    "exit": 4000,
    "parked, then out": 600,
    "exit, another enters": 1000,
    "trolley out": 60,
    "parallel inside": 10_000,
    "parallel outside": 10_000,
    "U-turn": 3000,
    "entry": 4000,
    "entry, another goes out": 1000,
    "parallel inside, another goes out": 1000,
    "parallel outside, another goes out": 1000,
    "parked inside": 400,
    "parked outside": 400,
}
SPOILT = 800
"""Exits of each kind of trouble: a metal case, a foil, a dead antenna, a clock apart."""


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of passage: what was heard, and what each method told."""

    kind: str
    heard: Sequence[Heard]
    beam: Sequence[Outcome]
    plain: Sequence[Outcome]

    @property
    def taken(self) -> bool:
        """Whether it leaves."""
        return self.heard[0].walk.taken


def rows(seed: int, counts: Mapping[str, int]) -> list[Row]:
    """Every kind, each by a generator of its own; U-turns by how far they went."""
    found: list[Row] = []
    for number, (kind, count) in enumerate(counts.items()):
        random = np.random.default_rng([seed, number])
        all_of_it = hear(random, walks(random, kind, count))
        for name, some in _parted(kind, all_of_it):
            found.append(
                Row(
                    name,
                    some,
                    [at_the_guard(one) for one in some],
                    [at_the_guard(one, Door(beam=False)) for one in some],
                )
            )
    return found


def _parted(kind: str, heard: Sequence[Heard]) -> Iterable[tuple[str, Sequence[Heard]]]:
    if kind != "U-turn":
        return [(kind, heard)]
    return [
        ("U-turn before the door", [one for one in heard if one.walk.xs.max() <= -BARRIER]),
        ("U-turn in the door", [one for one in heard if -BARRIER < one.walk.xs.max() <= BARRIER]),
        ("U-turn behind the door", [one for one in heard if one.walk.xs.max() > BARRIER]),
    ]


Said = Callable[[Outcome], bool]


def alarmed(outcome: Outcome) -> bool:
    """At alarm level."""
    return outcome.alarm_at is not None


def suspected(outcome: Outcome) -> bool:
    """At suspect level at the least."""
    return outcome.suspected


def share(values: Sequence[bool], taken: bool) -> str:
    """A share with its interval: of exits in hundredths, of the others in 10,000."""
    found = interval(sum(values), len(values))
    if taken:
        return f"{100 * found.share:.1f} ({100 * found.low:.1f}–{100 * found.high:.1f})"
    return f"{1e4 * found.share:.0f} ({1e4 * found.low:.0f}–{1e4 * found.high:.0f})"


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table of the page."""
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *lines))


def found_table(found: Sequence[Row], taken: bool) -> str:
    """Exits found in %, or false ones in 10,000, each kind, by each method."""
    lines = []
    for row in found:
        if row.taken is not taken:
            continue
        mine = [
            share([say(one) for one in told], taken) for told in (row.beam, row.plain) for say in (alarmed, suspected)
        ]
        lines.append([row.kind, str(len(row.heard)), *mine, *(_peer(row, method) for method in PEERS.values())])
    head = ["passage", "n", "alarm, beam", "suspect, beam", "alarm, no beam", "suspect, no beam", *PEERS]
    return table(head, lines)


def _peer(row: Row, method: Callable[[Heard], bool]) -> str:
    values = [method(one) for one in row.heard]
    return f"{(100 if row.taken else 1e4) * sum(values) / len(values):.{1 if row.taken else 0}f}"


def ceiling_lines(row: Row) -> list[str]:
    """What can be found of plain exits at all, and what is."""
    both = [one.both for one in row.heard]
    anything = [bool(one.reads) for one in row.heard]
    of_both = [alarmed(told) for one, told in zip(row.heard, row.beam, strict=True) if one.both]
    return [
        f"- Read at all: {share(anything, True)} %; by both antennas: {share(both, True)} %.",
        f"- At alarm level: {share([alarmed(one) for one in row.beam], True)} % of all, {share(of_both, True)} % of "
        f"those that both antennas heard; "
        f"at suspect level {share([suspected(one) for one in row.beam], True)} % of all.",
    ]


def passers_line(found: Sequence[Row]) -> str:
    """False alarms of whoever only walks along the wall, inside and outside together."""
    values = [alarmed(one) for row in found if row.kind in ("parallel inside", "parallel outside") for one in row.beam]
    return f"- False alarms of {len(values)} parallel passages, inside and outside: {share(values, False)} in 10,000."


def delays(row: Row, told: Sequence[Outcome]) -> str:
    """Seconds from the door to the alarm: median, 95 of 100, the longest."""
    waits = sorted(
        one.alarm_at - 100.0 - heard.walk.crossed_at
        for heard, one in zip(row.heard, told, strict=True)
        if one.alarm_at is not None and heard.walk.crossed_at is not None
    )
    at = [waits[int(part * (len(waits) - 1))] for part in (0.5, 0.95, 1.0)]
    return " / ".join(f"{one:.1f}" for one in at)


def spoilt(seed: int, count: int) -> list[list[str]]:
    """Exits where something is wrong."""
    troubles: list[tuple[str, float, Door]] = [
        ("nothing wrong", 0.0, Door()),
        ("a metal case, 12 dB", 12.0, Door()),
        ("a foil, 40 dB", 40.0, Door()),
        ("the inside antenna dead and not known to be", 0.0, Door(dead=0)),
        ("the outside antenna dead and not known to be", 0.0, Door(dead=1)),
    ]
    troubles += [(f"the beam's clock {late:g} s late", 0.0, Door(beam_late=late)) for late in (0.2, 0.5, 1.0, 2.0)]
    troubles += [("the beam's clock 1 s early", 0.0, Door(beam_late=-1.0))]
    lines = []
    for number, (name, extra, door) in enumerate(troubles):
        random = np.random.default_rng([seed, 50 + (number if extra else 0)])
        told = [at_the_guard(one, door) for one in hear(random, walks(random, "exit", count), extra_db=extra)]
        lines.append([name, share([alarmed(one) for one in told], True), share([suspected(one) for one in told], True)])
    return lines


def at_servers(seed: int, count: int) -> list[list[str]]:
    """The same exits, read by read at the guard and through the smoothing at the server."""
    random = np.random.default_rng([seed, 70])
    heard = hear(random, walks(random, "exit", count))
    told = [("the guard, read by read", [at_the_guard(one) for one in heard])]
    told += [(f"the server, a sighting every {p:g} s", at_the_server(heard, p)) for p in (0.5, 10.0)]
    return [[name, *(share([say(one) for one in of], True) for say in (alarmed, suspected))] for name, of in told]


def report(seed: int = SEED, counts: Mapping[str, int] = COUNTS, spoilt_count: int = SPOILT) -> str:
    """The whole page."""
    found = rows(seed, counts)
    exits = found[0]
    whole = removals(seed, counts["exit"])
    either = interval(whole.either, whole.tried)
    others = [alarmed(one) for row in found if row.kind.startswith("trolley") for one in row.beam]
    parts = [
        "# Portals: what a simulation finds",
        f"Model `{MODEL}`; `python -m bench.radio.portals` writes this page, the same again with the same seeds. "
        "Shares stand with their exact interval of 95 % (Clopper-Pearson). Weights were found on seeds from "
        "1000, this is "
        f"measured on those from {seed}.",
        "## What must not be claimed from it",
        "- **Nothing of a building.** Walks, bodies, walls and tags are simulated, and the weights were found on the "
        "same kind of simulation. It ranks methods, and shows what a portal can do at best; what yours does, its site "
        "trials show.\n- It is **not** said that a portal finds every removal. What no antenna reads is not "
        "found there: a foil "
        "hides all, a metal case most.\n- The silence of a place finds only tags that can be read at home, "
        "where somebody "
        "listens.\n- An alarm of a passage in which somebody else goes out at the same moment may be of the wrong tag.",
        "## Plain exits",
        "\n".join((*ceiling_lines(exits), passers_line(found))),
        f"- Seconds from the door to the alarm (median / 95 of 100 / longest): with a beam "
        f"{delays(exits, exits.beam)}, "
        f"without {delays(exits, exits.plain)}.",
        "## Exits found, in 100",
        found_table(found, True),
        f"Of a trolley each tag is counted; {sum(others)} of {len(others)} tags sounded.",
        "## False, in 10,000 passages of each kind",
        "A suspicion sounds nothing. Where another goes out at the same moment, a beam cannot tell who carries "
        "the tag. "
        "Others go through the door thirty times an hour in all of these.",
        found_table(found, False),
        "## Where something is wrong",
        table(["exits, with a beam", "alarm %", "suspect %"], spoilt(seed, spoilt_count)),
        "A dead antenna that is known of is no quiet portal: it is shown as not watching.",
        "## Guard and server",
        table(["the same exits", "alarm %", "suspect %"], at_servers(seed, spoilt_count)),
        f"## Portal and silence together, within {WITHIN / 60:.0f} minutes",
        f"Of {whole.tried} removals of tags readable at home the portal told {whole.portal} (alarm or suspicion), "
        f"{MISSING_AFTER / 60:.0f} minutes of silence at home {whole.missing}, either {whole.either}: "
        f"{100 * either.share:.2f} % ({100 * either.low:.2f}–{100 * either.high:.2f}). Home readers are out of "
        "order 2 % "
        f"of the time. Not counted are the {100 * whole.unreadable / whole.tried:.1f} % of tags that can hardly "
        "be read at "
        "home; they are shown as weak, and found by a sweep.",
        "## The simulation",
        "Kinds: " + "; ".join(KINDS) + ". Its figures stand in `bench/radio/physics.py` and `bench/radio/portals/`, "
        "written down before the score.",
    ]
    return "\n\n".join(parts) + "\n"

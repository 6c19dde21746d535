"""The topics of the help: which pages each is of, the marks that are seen there, its keys, and whom to ask."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from api.web.words import STATUS
from custody.access import Role


@dataclass(frozen=True, slots=True)
class Mark:
    """Something drawn: a state (`colour`, `icon`, its word's key), or one line of the drawing grammar (`line`)."""

    word: str
    colour: str = ""
    icon: str = ""
    line: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    """`paths`: beginnings of routes, by whole parts; of several the longest decides. `marks`: of MARKS, in the order
    drawn. `keys`: what is pressed, and the text that says what it does. `ask`: whose role answers questions.
    """

    paths: tuple[str, ...]
    ask: Role
    marks: tuple[str, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    findings: bool = False
    """Whether every kind of finding is explained there."""


MARKS: Mapping[str, Mark] = {
    "said": Mark("legend.said", line="said"),
    "heard": Mark("legend.heard", line="heard"),
    "deaf": Mark("legend.deaf", line="deaf"),
    **{f"status.{one.value}": Mark(f"status.{one.value}", *STATUS[one]) for one in STATUS},
    "whereabouts.present": Mark("whereabouts.present", "ok", "wave"),
    "whereabouts.absent": Mark("whereabouts.absent", "bad", "lost"),
    "whereabouts.not_covered": Mark("whereabouts.not_covered", "deaf", "deaf"),
    "whereabouts.unconfirmed": Mark("whereabouts.unconfirmed", "mute", "ask"),
    "rounds.last.present": Mark("rounds.last.present", "ok", "ok"),
    "rounds.last.repeated": Mark("rounds.last.repeated", "mute", "ok"),
    "rounds.last.elsewhere": Mark("rounds.last.elsewhere", "odd", "swap"),
    "rounds.last.on_loan": Mark("rounds.last.on_loan", "odd", "in"),
    "rounds.last.unknown": Mark("rounds.last.unknown", "due", "ask"),
    "bucket.not_covered": Mark("bucket.not_covered", "deaf", "deaf"),
}
"""What may be drawn; what each means is said in `marks.toml`."""

_GRAMMAR = ("said", "heard", "deaf")
_BOOKS = tuple(f"status.{one.value}" for one in STATUS)
_RADIO = ("whereabouts.present", "whereabouts.absent", "whereabouts.not_covered", "whereabouts.unconfirmed")
_SWEPT = tuple(name for name in MARKS if name.startswith("rounds.last."))
_ROWS = (("j k", "keys.move"), ("Enter", "help.key.open"))
R = Role

TOPICS: Mapping[str, Topic] = {
    "overview": Topic(("/", "/overview"), R.SECRECY_OFFICE, (*_GRAMMAR, *_BOOKS)),
    "today": Topic(("/today",), R.SECRECY_OFFICE, _GRAMMAR, _ROWS),
    "inbox": Topic(("/inbox", "/messages"), R.SECRECY_OFFICE),
    "search": Topic(("/search",), R.CLERK, (), (("/", "keys.search"), *_ROWS)),
    "carriers": Topic(("/carriers",), R.CLERK, (*_BOOKS, *_RADIO), (*_ROWS, ("t", "keys.titles"))),
    "carrier": Topic(
        ("/carriers/{identifier}", "/carriers/{identifier}/descent"),
        R.CLERK,
        (*_GRAMMAR, *_RADIO),
        (("t", "keys.titles"), ("r", "help.key.return")),
    ),
    "act": Topic(("/carriers/{identifier}/{key}", "/acts", "/acts/{number}/undo"), R.CLERK),
    "seen": Topic(("/carriers/{identifier}/seen", "/people/{identifier}/seen"), R.SECRECY_OFFICE),
    "paper": Topic(("/acts/{number}/form", "/verify-print", "/cases/{number}/paper", "/labels"), R.CLERK),
    "take_in": Topic(("/take-in",), R.CLERK),
    "desk": Topic(("/desk",), R.CLERK, ("status.in_place", "status.on_loan")),
    "holdings": Topic(("/me/holdings",), R.CLERK, ("status.on_loan", "status.in_circulation", "status.in_meeting")),
    "out": Topic(("/out",), R.CLERK, ("status.carried_out", "status.provided_outside", "status.in_transit")),
    "findings": Topic(
        ("/findings",),
        R.SECRECY_OFFICE,
        _GRAMMAR,
        (("j k", "help.key.finding"), ("a", "help.key.take_up"), ("e", "help.key.raise"), ("n", "help.key.note")),
        findings=True,
    ),
    "cases": Topic(("/cases",), R.SECRECY_OFFICE),
    "commissioning": Topic(("/commissioning",), R.CLERK),
    "rounds": Topic(("/rounds",), R.SECRECY_OFFICE, ("bucket.not_covered",)),
    "sweep": Topic(
        ("/rounds/{number}",),
        R.CLERK,
        (*_SWEPT, "bucket.not_covered"),
        (("1 2", "help.key.walked"),),
    ),
    "handhelds": Topic(("/handhelds",), R.SYSTEM_ADMINISTRATOR, _SWEPT),
    "approvals": Topic(("/approvals", "/delegations"), R.SECRECY_OFFICE, (), _ROWS),
    "business": Topic(("/business", "/matters", "/entering"), R.CLERK, (), _ROWS),
    "destruction": Topic(("/weighing",), R.CLERK, ("status.awaiting_destruction", "status.destroyed")),
    "production": Topic(("/production",), R.CLERK),
    "meetings": Topic(("/meetings",), R.MEETING_SECRETARY, ("status.in_meeting",)),
    "meeting_board": Topic(
        ("/meetings/{identifier}/board", "/meetings/{identifier}/handing"),
        R.MEETING_SECRETARY,
        ("status.in_meeting", "whereabouts.not_covered"),
    ),
    "disclosures": Topic(("/disclosures",), R.SECRECY_OFFICE),
    "review": Topic(("/review",), R.SECRECY_OFFICE, ("status.declassified",)),
    "entries": Topic(("/entries",), R.CLERK),
    "rooms": Topic(("/rooms",), R.SECRECY_OFFICE, ("whereabouts.not_covered",)),
    "undertakings": Topic(("/undertakings",), R.SECRECY_OFFICE),
    "emergency": Topic(("/emergency",), R.SECRECY_OFFICE),
    "registers": Topic(("/registers",), R.CLERK, ("status.in_transit", "status.returned_to_issuer")),
    "balance": Topic(("/balance",), R.CLERK, _BOOKS),
    "reports": Topic(("/reports",), R.CLERK),
    "ledger": Topic(("/ledger",), R.AUDITOR),
    "proof": Topic(("/proof",), R.AUDITOR),
    "places": Topic(("/places",), R.CLERK, (*_GRAMMAR, "status.in_place", "whereabouts.not_covered")),
    "people": Topic(("/people",), R.SECRECY_OFFICE),
    "organisations": Topic(("/organisations",), R.SECRECY_OFFICE),
    "regulations": Topic(("/regulations",), R.SECRECY_OFFICE),
    "readers": Topic(
        ("/readers", "/presence", "/devices"), R.SYSTEM_ADMINISTRATOR, ("heard", "deaf", "whereabouts.not_covered")
    ),
    "portals": Topic(("/portals",), R.SYSTEM_ADMINISTRATOR, ("heard", "deaf")),
    "set_up": Topic(("/set-up",), R.SECRECY_OFFICE),
    "import": Topic(("/import",), R.CLERK),
    "audit": Topic(("/audit",), R.AUDITOR),
    "exports": Topic(("/exports",), R.AUDITOR),
    "system": Topic(("/system", "/jobs"), R.SYSTEM_ADMINISTRATOR),
    "backups": Topic(("/backups",), R.SYSTEM_ADMINISTRATOR),
    "accounts": Topic(("/accounts",), R.SECURITY_ADMINISTRATOR),
    "me": Topic(("/me",), R.SECRECY_OFFICE),
    "sign_in": Topic(("/sign-in", "/confirm"), R.SECRECY_OFFICE),
    "help": Topic(("/help", "/components", "/api/v1/docs"), R.SECRECY_OFFICE),
}
"""Every topic; a page that nothing here begins with has the topic `help`, which explains the pages in general."""
del R

GENERAL = "help"


@cache
def topic_of(route: str) -> str:
    """The topic of a route's path, its blanks included; GENERAL where there is none."""
    found = {path: name for name, topic in TOPICS.items() for path in topic.paths if _begins(route, path)}
    return found[max(found, key=len)] if found else GENERAL


def _begins(route: str, path: str) -> bool:
    return route == path or (path != "/" and route.startswith(f"{path}/"))

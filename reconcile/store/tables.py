"""Tables of the comparison: what the readers said, what was concluded, what was found, what people did about it.

Times are microseconds UTC, event time unless the name says `received_at` or `opened_at`.
"""

from typing import Any

from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

import reconcile.store.case_tables as _cases  # declares its own
import reconcile.store.count_tables as _counts  # declares its own
import reconcile.store.covered as _covered  # says how they are covered
import reconcile.store.delivery_tables as _deliveries  # declares its own
import reconcile.store.hand_over_tables as _hand_overs  # declares its own
import reconcile.store.handheld_tables as _handhelds  # declares its own
import reconcile.store.plan_tables as _plans  # declares its own
import reconcile.store.presence_tables as _presence  # declares its own
import reconcile.store.round_tables as _rounds  # declares its own
import reconcile.store.trial_tables as _trials  # declares its own
import reconcile.store.watch_tables as _watch  # declares its own
from custody.store.tables import Int64

_ = _cases, _counts, _covered, _deliveries, _hand_overs, _handhelds, _plans, _presence, _rounds, _trials, _watch


def _key(**more: Any) -> Any:
    return Field(primary_key=True, sa_type=Int64, sa_column_kwargs={"autoincrement": False}, **more)


def _auto() -> Any:
    return Field(default=None, primary_key=True, sa_type=Int64)


def _int64(default: Any = ..., **more: Any) -> Any:
    return Field(default=default, sa_type=Int64, **more)


class DeviceRow(SQLModel, table=True):
    """An edge daemon (or other device) that may send; only the hash of its token is kept."""

    __tablename__ = "device"
    name: str = Field(primary_key=True)
    token_hash: str = Field(unique=True)
    revoked: bool = False
    created_at: int = _int64()
    last_seen_at: int | None = _int64(None)
    token_at: int | None = _int64(None)
    """Since when it has its present token."""
    old_token_hash: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """The token before it, which is taken until `old_until_at`: time to bring the new one to the device."""
    old_until_at: int | None = _int64(None)


class OutboxRow(SQLModel, table=True):
    """How full a device's spool is, as it said last; `lost` since the device's start."""

    __tablename__ = "outbox"
    device: str = Field(primary_key=True)
    told_at: int = _int64()
    waiting: int = _int64()
    bytes: int = _int64()
    bytes_max: int = _int64()
    rejected: int = _int64()
    lost: int = _int64()


class ReaderRow(SQLModel, table=True):
    """A reader: who serves it, what it last said of itself, until when it was heard listening."""

    __tablename__ = "reader"
    name: str = Field(primary_key=True)
    device: str = ""
    title_zh: str = ""
    title_en: str = ""
    enabled: bool = True
    enabled_at: int | None = _int64(None)
    """When it was put to work: before that, and for a moment after, its silence means nothing."""
    state: str = "unknown"
    state_at: int | None = _int64(None)
    detail: str = ""
    model: str | None = None
    firmware: str | None = None
    clock_offset_us: int | None = _int64(None)
    through_at: int | None = _int64(None)


class AntennaRow(SQLModel, table=True):
    """An antenna and what it hears. `role`: place (its `place`), or inside / outside of the portal `place`."""

    __tablename__ = "antenna"
    __table_args__ = (Index("ix_antenna_place", "place"),)
    reader: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    place: int = _int64()
    role: str = "place"


class SourceRow(SQLModel, table=True):
    """One boot of one daemon. `acknowledged`: through this sequence everything is here."""

    __tablename__ = "source"
    __table_args__ = (UniqueConstraint("daemon", "boot", name="uq_source"),)
    id: int | None = _auto()
    daemon: str
    boot: str
    acknowledged: int = _int64(0)
    ahead: str = "[]"
    """Received beyond `acknowledged`: JSON intervals `[[first, last], …]`, so that each record is taken once."""
    first_received_at: int = _int64()


class SightingRow(SQLModel, table=True):
    """A sighting as received, each once: (source, sequence). `id` is the order of arrival, for the fold's cursor."""

    __tablename__ = "sighting"
    __table_args__ = (
        UniqueConstraint("source", "sequence", name="uq_sighting"),
        Index("ix_sighting_epc", "epc", "last_at"),
    )
    id: int | None = _auto()
    source: int = _int64()
    sequence: int = _int64()
    epc: str
    tid: str | None = None
    reader: str
    antenna: int
    first_at: int = _int64()
    last_at: int = _int64()
    count: int
    strongest_dbm: float | None = None
    mean_dbm: float | None = None
    received_at: int = _int64()
    """When the server had it on disk."""


class CoverageRow(SQLModel, table=True):
    """An interval in which an antenna was truly listening; touching intervals are merged."""

    __tablename__ = "coverage"
    __table_args__ = (Index("ix_coverage_antenna", "reader", "antenna", "through_at"),)
    id: int | None = _auto()
    reader: str
    antenna: int
    since_at: int = _int64()
    through_at: int = _int64()


class ReferenceTagRow(SQLModel, table=True):
    """A tag fixed where this antenna hears it: while it is heard, the antenna hears. It is nobody's carrier."""

    __tablename__ = "reference_tag"
    reader: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    epc: str = Field(primary_key=True)
    since_at: int = _int64()
    """Since when its silence counts."""
    heard_at: int | None = _int64(None)
    """Last heard by this antenna (event time)."""


class AntennaAliveRow(SQLModel, table=True):
    """Of antennas with a reference tag: when the connection lived, as told. `coverage` has what the tags bear out."""

    __tablename__ = "antenna_alive"
    __table_args__ = (Index("ix_antenna_alive", "reader", "antenna", "through_at"),)
    id: int | None = _auto()
    reader: str
    antenna: int
    since_at: int = _int64()
    through_at: int = _int64()


class AntennaTitleRow(SQLModel, table=True):
    """What people call an antenna."""

    __tablename__ = "antenna_title"
    reader: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    title: str


class ReaderSetupRow(SQLModel, table=True):
    """How a device reaches a reader: what its configuration is written from."""

    __tablename__ = "reader_setup"
    reader: str = Field(primary_key=True)
    device: str
    kind: str
    options: str = "{}"
    """JSON: the keys of `[[reader]]` in the daemon's configuration, without name and kind."""


class ReaderMinuteRow(SQLModel, table=True):
    """What an antenna heard within a minute of event time, in figures: how much and how loud, nothing of what."""

    __tablename__ = "reader_minute"
    reader: str = Field(primary_key=True)
    minute: int = _key()
    """Start of the minute, microseconds UTC."""
    antenna: int = Field(primary_key=True)
    reads: int = _int64(0)
    sightings: int = _int64(0)
    loudness: str = "{}"
    """JSON: of each strength in dBm, rounded, how many sightings had it on average."""


class ReaderEventRow(SQLModel, table=True):
    """What happened to a reader or a spool: state changes and losses, kept for the page and the enquiry."""

    __tablename__ = "reader_event"
    __table_args__ = (
        UniqueConstraint("source", "sequence", name="uq_reader_event"),
        Index("ix_reader_event", "reader", "at"),
    )
    id: int | None = _auto()
    source: int = _int64()
    sequence: int = _int64()
    reader: str
    state: str
    at: int = _int64()
    detail: str = ""


class ReaderInputRow(SQLModel, table=True):
    """An input of a reader changed (a beam, a door contact), each once: (source, sequence)."""

    __tablename__ = "reader_input"
    __table_args__ = (
        UniqueConstraint("source", "sequence", name="uq_reader_input"),
        Index("ix_reader_input", "reader", "port", "at"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = _auto()
    source: int = _int64()
    sequence: int = _int64()
    reader: str
    port: int
    active: bool
    at: int = _int64()
    received_at: int = _int64()


class DoorAlarmRow(SQLModel, table=True):
    """What the guard at a portal concluded by itself, each once: (source, sequence). Evidence, kept as it came."""

    __tablename__ = "door_alarm"
    __table_args__ = (
        UniqueConstraint("source", "sequence", name="uq_door_alarm"),
        Index("ix_door_alarm", "epc", "at"),
        # A daemon that was killed in the middle of an alarm tells it again: it is one.
        Index("uq_door_alarm_once", "reader", "portal", "epc", "at", unique=True),
        Index("ix_door_alarm_new", "id", postgresql_where=text("outcome = ''"), sqlite_where=text("outcome = ''")),
        {"sqlite_autoincrement": True},
    )
    id: int | None = _auto()
    source: int = _int64()
    sequence: int = _int64()
    reader: str
    portal: str
    epc: str
    at: int = _int64()
    direction: str
    score: float
    level: str
    reason: str
    door_list: int = _int64()
    outputs: str = ""
    parts: str = "{}"
    received_at: int = _int64()
    """When the server had it on disk."""
    outcome: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """What the server made of it: `joined` or `opened` a finding, `lawful`, `retired`; empty: not judged yet."""
    finding: str | None = None


class PortalRow(SQLModel, table=True):
    """The beam of a portal: two light barriers at one reader's inputs. Its antennas are rows of `antenna`."""

    __tablename__ = "portal"
    place: int = _key()
    beam_reader: str
    beam_inside: int
    beam_outside: int
    """Inputs of the inner and of the outer barrier."""
    beam_broken: bool = True
    """Whether an active input says that the barrier is broken."""


class LyingRow(SQLModel, table=True):
    """A tag that lies at a portal, not passing: one row a stay, lengthened while it goes on."""

    __tablename__ = "lying"
    __table_args__ = (
        UniqueConstraint("epc", "portal", "since_at", name="uq_lying"),
        Index("ix_lying_until", "until_at"),
    )
    id: int | None = _auto()
    epc: str
    portal: int = _int64()
    since_at: int = _int64()
    until_at: int = _int64()
    """Last heard there."""
    sides: str
    """`inside`, `outside`, or both with a blank between."""
    reader: str
    antenna: int
    strongest_dbm: float | None = None


class DoorListRow(SQLModel, table=True):
    """A list of what may pass, as it was signed for the guards; the same content is signed again when it ages."""

    __tablename__ = "door_list"
    __table_args__ = ({"sqlite_autoincrement": True},)
    number: int | None = _auto()
    made_at: int = _int64()
    expires_at: int = _int64()
    position: int = _int64()
    """Size of the ledger that it was made from."""
    count: int = _int64()
    salt: str
    content: str
    """SHA-256 of what may pass, in hexadecimal."""


class TapRow(SQLModel, table=True):
    """A card or label held to a desk's reader, in the order of arrival at that reader (`id`)."""

    __tablename__ = "tap"
    __table_args__ = (
        Index("ix_tap_reader", "reader", "id"),
        Index("ix_tap_uid", "uid", "id"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = _auto()
    reader: str
    antenna: int
    uid: str
    """What its chip says of itself: an EPC, or a UID in hexadecimal."""
    at: int = _int64()
    received_at: int = _int64()
    """When the server had it on disk."""


class BadgeUseRow(SQLModel, table=True):
    """A tap that confirmed who signs an act: each tap at most once."""

    __tablename__ = "badge_use"
    __table_args__ = (
        UniqueConstraint("tap", name="uq_badge_use_tap"),
        Index("ix_badge_use_act", "act"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = _auto()
    tap: int = _int64()
    uid: str
    person: int = _int64()
    reader: str
    tapped_at: int = _int64()
    at: int = _int64()
    """When the act was entered."""
    act: str


class PresenceRow(SQLModel, table=True):
    """Where each tag was last heard: the fold of its sightings (never a fact about the carrier's contents)."""

    __tablename__ = "presence"
    __table_args__ = (
        Index("ix_presence_place", "place"),
        Index(
            "ix_presence_due",
            "due_at",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
        Index(
            "ix_presence_silent",
            "place",
            "silent_at",
            postgresql_where=text("silent_at IS NOT NULL"),
            sqlite_where=text("silent_at IS NOT NULL"),
        ),
        Index(
            "ix_presence_firm",
            "here_at",
            postgresql_where=text("strength <> 'unconfirmed'"),
            sqlite_where=text("strength <> 'unconfirmed'"),
        ),
    )
    epc: str = Field(primary_key=True)
    place: int | None = _int64(None)
    """Believed place; None while nothing is believed yet."""
    strength: str = "unconfirmed"
    """`confirmed`, `probable`, `unconfirmed`."""
    since_at: int | None = _int64(None)
    """Since when continuously believed there."""
    heard_at: int = _int64()
    """Last heard by any antenna."""
    here_at: int | None = _int64(None)
    """Last heard at the believed place."""
    reader: str = ""
    antenna: int = 0
    strongest_dbm: float | None = None
    reads: int = 0
    due_at: int | None = _int64(None)
    """When the filter must look again without a new sighting (a crossing that has not settled)."""
    silent_at: int | None = _int64(None)
    """When it must look again where its place was listened to past that: silence is evidence there."""
    checkpoint_at: int | None = _int64(None)
    """Of its newest checkpoint (event time)."""
    through_at: int | None = _int64(None)
    """Event time through which its memory stands, silence included; None: its last sighting."""
    state: bytes = Field(sa_type=LargeBinary, default=b"")
    """The filter's own memory (JSON), so that folding goes on where it stopped."""


class StayRow(SQLModel, table=True):
    """A closed or running stay of a tag at a place: the presence half of a carrier's time line."""

    __tablename__ = "stay"
    __table_args__ = (Index("ix_stay_epc", "epc", "since_at"),)
    id: int | None = _auto()
    epc: str
    place: int = _int64()
    since_at: int = _int64()
    until_at: int = _int64()
    """Last heard there."""
    reads: int = 0
    strongest_dbm: float | None = None
    reader: str = ""
    antenna: int = 0
    direction: str = ""
    """At a portal: `in`, `out`, `unknown`; else empty."""
    score: float | None = None
    """Of a passage: 0 to 1, how surely it was one in this direction; `unknown`: how surely it was an exit."""
    evidence: str = "{}"
    """Of a passage: JSON, the score's parts and what each side heard."""


class FindingRow(SQLModel, table=True):
    """A contradiction between the two stories, or a deadline passed. `evidence` is JSON, frozen at the opening."""

    __tablename__ = "finding"
    __table_args__ = (
        # One open finding a kind and subject: the same contradiction is not found twice.
        Index(
            "uq_finding_open",
            "kind",
            "about",
            unique=True,
            postgresql_where=text("open"),
            sqlite_where=text("open"),
        ),
        # Asked of every carrier that differs: is it told already?
        Index("ix_finding_carrier", "carrier", "kind", "open"),
        # When was this last settled by a person: asked before the same contradiction is opened again.
        Index("ix_finding_about", "kind", "about"),
        # The same for what is about a matter, or a carrier in it.
        Index(
            "ix_finding_matter",
            "matter",
            "kind",
            postgresql_where=text("matter IS NOT NULL"),
            sqlite_where=text("matter IS NOT NULL"),
        ),
        Index("ix_finding_open", "open", "urgency", "opened_at"),
        # What is past its time, among very many that are not.
        Index("ix_finding_due", "due_at", postgresql_where=text("open"), sqlite_where=text("open")),
        Index("ix_finding_escalates", "escalates_at", postgresql_where=text("open"), sqlite_where=text("open")),
    )
    number: str = Field(primary_key=True)
    kind: str
    about: str
    """What it is about, one text: `carrier:17`, `matter:3`, `epc:3414…`, `reader:portal`; for events also when."""
    carrier: int | None = _int64(None)
    epc: str | None = None
    reader: str | None = None
    place: int | None = _int64(None)
    person: int | None = _int64(None)
    unit: int | None = _int64(None)
    """Unit of the carrier or matter: who answers for it."""
    matter: int | None = _int64(None)
    """The matter that it is about, or in which its carrier is."""
    urgency: int = 2
    """0 at once, 1 today, 2 this week."""
    happened_at: int = _int64()
    """When the contradiction began (event time)."""
    opened_at: int = _int64()
    open: bool = True
    state: str = "open"
    """`open`, `acknowledged`, `explained`, `settled` (by a person), `cleared` (by itself; state findings only)."""
    owner: int | None = _int64(None)
    due_at: int | None = _int64(None)
    closed_at: int | None = _int64(None)
    closed_by: int | None = _int64(None)
    resolution: str = ""
    evidence: str = "{}"
    escalates_at: int | None = _int64(None)
    """When it goes to the next step; None: nobody stands above its owner."""


class FindingEventRow(SQLModel, table=True):
    """What was done about a finding: append only."""

    __tablename__ = "finding_event"
    __table_args__ = (Index("ix_finding_event", "finding", "id"),)
    id: int | None = _auto()
    finding: str
    at: int = _int64()
    by: int | None = _int64(None)
    """None: by itself."""
    what: str
    """`opened`, `acknowledged`, `explained`, `settled`, `cleared`, `evidence`, `escalated`, `told`."""
    note: str = ""


class RoundRow(SQLModel, table=True):
    """A sweep of a place and everything under it; its expected list is frozen at a ledger position."""

    __tablename__ = "round"
    __table_args__ = (Index("ix_round_signed", "place", "state", "finished_at"),)
    number: str = Field(primary_key=True)
    kind: str = "sweep"
    """`sweep` (official), `spot`, `blind`, `recount`."""
    place: int = _int64()
    opened_by: int = _int64()
    opened_at: int = _int64()
    position: int = _int64()
    state: str = "open"
    """`open`, `signed`, `abandoned`."""
    finished_at: int | None = _int64(None)
    signed_by: int | None = _int64(None)
    act: str = ""
    report_hash: str = ""
    report: str = ""
    """The frozen report, canonical JSON (RFC 8785); `report_hash` is its SHA-256."""
    reason: str = ""
    """Why it was abandoned."""


class RoundExpectedRow(SQLModel, table=True):
    """The frozen expectation: what the books had here, on loan or in transit included, each in its bucket."""

    __tablename__ = "round_expected"
    round: str = Field(primary_key=True)
    carrier: int = _key()
    expected: str
    """`here`, or `on_loan`, `in_circulation`, `in_transit`, … (the books' status: not expected on the shelf)."""
    home: int | None = _int64(None)
    place: int | None = _int64(None)
    holder: int | None = _int64(None)


class RoundScanRow(SQLModel, table=True):
    """An event of a sweep: a scan, a tick by eye, or the undoing of an earlier event. Never deleted."""

    __tablename__ = "round_scan"
    __table_args__ = (
        UniqueConstraint("round", "event", name="uq_round_scan_event"),
        Index("ix_round_scan_round", "round", "id"),
        # Was a carrier found missing met in a later sweep?
        Index("ix_round_scan_carrier", "carrier"),
    )
    id: int | None = _auto()
    round: str
    event: str
    """Identifier made on the device: replay changes nothing."""
    code: str
    """As scanned: EPC, control number, or undone event."""
    means: str
    """`scan`, `reader`, `eye`, `undo`."""
    carrier: int | None = _int64(None)
    epc: str | None = None
    place: int | None = _int64(None)
    """Where it was scanned, if known."""
    at: int = _int64()
    by: int | None = _int64(None)
    reason: str = ""


class JobSlotRow(SQLModel, table=True):
    """A slot of a scheduled job, claimed by lease: done once however many servers run."""

    __tablename__ = "job_slot"
    job: str = Field(primary_key=True)
    slot: int = _key()
    """Start of the slot, microseconds UTC."""
    owner: str
    lease_until: int = _int64()
    done_at: int | None = _int64(None)
    result: str = ""
    began_at: int | None = _int64(None)
    """When it was begun the last time."""
    tries: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class CursorRow(SQLModel, table=True):
    """How far a fold has come."""

    __tablename__ = "cursor"
    name: str = Field(primary_key=True)
    position: int = _int64()


class NoticeRow(SQLModel, table=True):
    """A notice in a person's inbox: numbers and counts only, never titles."""

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_person", "person", "read_at"),
        # A reminder is sent once, however many servers think of it.
        Index(
            "uq_notice_about",
            "about",
            "kind",
            "person",
            unique=True,
            postgresql_where=text("about <> ''"),
            sqlite_where=text("about <> ''"),
        ),
    )
    id: int | None = _auto()
    person: int = _int64()
    finding: str | None = None
    kind: str
    """What happened: `opened`, `opened_many`, `escalated`, or which reminder it is."""
    at: int = _int64()
    read_at: int | None = _int64(None)
    about: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """Of a reminder: what it reminds of, one text: `loan:17@<due>`, `loans:2026-11-23`; else empty."""
    finding_kind: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """Of several findings at once: their kind."""
    carrier: int | None = _int64(None)
    due_at: int | None = _int64(None)
    count: int | None = _int64(None)
    """Of how many it speaks, where of several."""

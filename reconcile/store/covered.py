"""How the tables of the comparison are tied to the ledger (see `custody.store.covered`)."""

import hashlib
from collections.abc import Iterable

from sqlalchemy import Connection, select
from sqlmodel import SQLModel

from custody.store.counters import behind
from custody.store.covered import Cover, Means, check, cover

_FINDING = ("number", "kind", "about", "carrier", "epc", "reader", "place", "person", "unit", "matter", "urgency")
_CLOSED = ("closed_at", "closed_by", "resolution")
_ROUND = ("number", "kind", "place", "opened_by", "opened_at", "position", "state", "finished_at", "signed_by", "act")
_EVIDENCE = (
    "What devices said is evidence and no fact, and comes by the thousand a second; what people were shown of it "
    "stands in the findings' evidence, which is covered."
)

cover(
    Cover(
        "finding",
        Means.DIGESTED,
        "What was found, with its evidence, and what became of it; when it goes on next follows from the table.",
        columns=(*_FINDING, "happened_at", "opened_at", "open", "state", "owner", "due_at", *_CLOSED, "evidence"),
        left_out=("escalates_at",),
        key=("number",),
    ),
    Cover(
        "finding_event",
        Means.SEALED,
        "What was done about a finding, by whom, when.",
        columns=("id", "finding", "at", "by", "what", "note"),
        at="at",
    ),
    Cover(
        "notice",
        Means.SEALED,
        "Who was told of what, when; the time at which it was read is the reader's own and not covered.",
        columns=("id", "person", "finding", "kind", "at", "about", "finding_kind", "carrier", "due_at", "count"),
        left_out=("read_at",),
        at="at",
    ),
    Cover(
        "finding_case",
        Means.DIGESTED,
        "Which cases there are, who has them, and what became of them.",
        columns=(
            *("number", "cause", "about", "opened_at", "state", "owner", "deputy", "due_at", "closed_at", "closed_by"),
            "act",
        ),
        key=("number",),
    ),
    Cover(
        "case_member",
        Means.DIGESTED,
        "Which finding is in which case, and who put it there or took it out.",
        columns=("finding", "case_number", "joined_at", "by", "grave"),
        key=("finding",),
    ),
    Cover(
        "case_event",
        Means.SEALED,
        "What was done about a case, by whom, when.",
        columns=("id", "case_number", "at", "by", "what", "note", "detail", "rank", "seen"),
        at="at",
    ),
    Cover(
        "case_file",
        Means.SEALED,
        "What was laid to a case, with its hash; the bytes are held against the hash.",
        columns=("id", "case_number", "at", "by", "name", "media", "size", "sha256", "note", "rank", "seen"),
        left_out=("content",),
        at="at",
    ),
    Cover(
        "round",
        Means.DIGESTED,
        "Sweeps as they were opened, signed or given up; the signature itself is a leaf.",
        columns=(*_ROUND, "report_hash", "report", "reason"),
        key=("number",),
    ),
    Cover(
        "round_expected",
        Means.DIGESTED,
        "What a sweep expected, frozen at its opening: one digest for the whole list.",
        columns=("round", "carrier", "expected", "home", "place", "holder"),
        key=("round",),
        order=("carrier",),
    ),
    Cover(
        "round_scan",
        Means.SEALED,
        "What was scanned in a sweep, by whom, when; taking back is a row of its own.",
        columns=("id", "round", "event", "code", "means", "carrier", "epc", "place", "at", "by", "reason"),
    ),
    Cover(
        "count_scan",
        Means.SEALED,
        "What was scanned when a batch was weighed in; taking back is a row of its own.",
        columns=("id", "matter", "step", "event", "code", "means", "carrier", "at", "by", "reason"),
    ),
    Cover(
        "round_terms",
        Means.DIGESTED,
        "On what terms a sweep was opened: what it asks, and how many sign it.",
        columns=("round", "of", "scope", "sample", "rank", "two", "other"),
        key=("round",),
    ),
    Cover(
        "round_event",
        Means.SEALED,
        "What was said in a sweep besides the scans: pauses, places walked on to, first signatures.",
        columns=("id", "round", "event", "what", "device", "place", "at", "by", "reason", "detail"),
    ),
    Cover(
        "reader",
        Means.DIGESTED,
        "What people configured; what a reader last said of itself is not covered.",
        columns=("name", "title_zh", "title_en", "enabled", "enabled_at"),
        left_out=("device", "state", "state_at", "detail", "model", "firmware", "clock_offset_us", "through_at"),
        key=("name",),
    ),
    Cover(
        "place_plan",
        Means.DIGESTED,
        "Where people put the places on the drawn plans.",
        columns=("place", "x", "y", "w", "h", "floor", "by", "at"),
        key=("place",),
    ),
    Cover(
        "setup_waiver",
        Means.DIGESTED,
        "Which steps of the setting up are not needed, who said so and why.",
        columns=("item", "why", "by", "at"),
        key=("item",),
    ),
    Cover(
        "antenna",
        Means.DIGESTED,
        "Which place each antenna hears.",
        columns=("reader", "number", "place", "role"),
        key=("reader", "number"),
    ),
    Cover(
        "reader_event",
        Means.SEALED,
        "When readers fell silent, and what their spools had to drop.",
        columns=("id", "source", "sequence", "reader", "state", "at", "detail"),
    ),
    Cover(
        "door_alarm",
        Means.SEALED,
        "What the guards at the portals concluded and did while nobody looked; what was made of it is in the findings.",
        columns=(
            "id",
            "source",
            "sequence",
            "reader",
            "portal",
            "epc",
            "at",
            "direction",
            "score",
            "level",
            "reason",
            "door_list",
            "outputs",
            "parts",
            "received_at",
        ),
        left_out=("outcome", "finding"),
    ),
    Cover(
        "reference_tag",
        Means.DIGESTED,
        "Which tags show that an antenna hears; when one was last heard is evidence and not covered.",
        columns=("reader", "number", "epc", "since_at"),
        left_out=("heard_at",),
        key=("reader", "number", "epc"),
    ),
    Cover(
        "antenna_title",
        Means.DIGESTED,
        "What people call each antenna.",
        columns=("reader", "number", "title"),
        key=("reader", "number"),
    ),
    Cover(
        "reader_setup",
        Means.DIGESTED,
        "How a device reaches a reader: what its configuration is written from.",
        columns=("reader", "device", "kind", "options"),
        key=("reader",),
    ),
    Cover("antenna_alive", Means.OPEN, _EVIDENCE),
    Cover("reader_minute", Means.OPEN, "Figures of what was heard, counted from the sightings and kept for a week."),
    Cover(
        "portal",
        Means.DIGESTED,
        "Which inputs are the beam of a portal.",
        columns=("place", "beam_reader", "beam_inside", "beam_outside", "beam_broken"),
        key=("place",),
    ),
    Cover(
        "door_list",
        Means.SEALED,
        "Which lists of what may pass were signed for the guards, and until when each held.",
        columns=("number", "made_at", "expires_at", "position", "count", "salt", "content"),
        key=("number",),
        at="made_at",
    ),
    Cover(
        "trial_tag",
        Means.DIGESTED,
        "Which tags are kept for trials: what the guards let by, and what opens no finding.",
        columns=("epc", "sounds", "since_at", "added_by", "until_at"),
        key=("epc",),
    ),
    Cover(
        "trial",
        Means.SEALED,
        "What was staged at a portal, by whom, and what it said: what the site's claims are made from.",
        columns=(
            *("id", "place", "event", "of", "kind", "epc", "at", "by", "level", "direction", "score", "said_at"),
            "model",
        ),
        at="at",
    ),
    Cover("lying", Means.OPEN, "Folded from the sightings; a running stay is lengthened by each."),
    Cover(
        "handheld_upload",
        Means.DIGESTED,
        "What was brought from handhelds, by whom, and what was withdrawn.",
        columns=(
            *("id", "number", "device", "way", "key", "upload_id", "name", "by", "at", "rows", "refused", "new_reads"),
            *("repeated_reads", "tags", "first_at", "last_at", "clock_us", "understood", "repeats", "rounds"),
            *("source", "first_sequence", "last_sequence", "withdrawn_at", "withdrawn_by", "withdrawn_why"),
        ),
        key=("number",),
    ),
    Cover("handheld_read", Means.OPEN, _EVIDENCE),
    Cover(
        "hand_over",
        Means.DIGESTED,
        "What a sweeping device could not deliver, who handed it over, and what a clerk did with it.",
        columns=(
            *("id", "key", "round", "device", "of", "by", "at", "way", "why", "count", "first_at", "last_at", "events"),
            *("outcome", "into_round", "taken_by", "taken_at", "note"),
        ),
        key=("id",),
    ),
    Cover("reader_input", Means.OPEN, _EVIDENCE),
    Cover("tap", Means.OPEN, _EVIDENCE),
    Cover(
        "badge_use",
        Means.SEALED,
        "Which tap of which badge confirmed whom, at which reader, under which act.",
        columns=("id", "tap", "uid", "person", "reader", "tapped_at", "at", "act"),
        at="at",
    ),
    Cover(
        "device",
        Means.FOLDED,
        "Admitted, given another token, revoked: each is an event with the digest of the token.",
        left_out=("last_seen_at",),
    ),
    Cover("sighting", Means.OPEN, _EVIDENCE),
    Cover("coverage", Means.OPEN, _EVIDENCE),
    Cover("presence", Means.OPEN, "Folded from the sightings, and folded anew by each."),
    Cover("presence_conclusion", Means.OPEN, "Concluded from the sightings; what was found by it is in the findings."),
    Cover("presence_checkpoint", Means.OPEN, "The fold's own memory as it was some minutes ago; it lives no longer."),
    Cover(
        "calibration",
        Means.DIGESTED,
        "What was learnt of the site, a version each: everything concluded names the version that it was judged by.",
        columns=("version", "made_at", "made_by", "since_at", "until_at", "tags", "observations", "content"),
        key=("version",),
    ),
    Cover(
        "calibration_use",
        Means.SEALED,
        "Which version was put in force, by whom, when, and why.",
        columns=("id", "version", "at", "by", "reason"),
        at="at",
    ),
    Cover("tag_readability", Means.OPEN, "Counted from the sightings, anew at every learning."),
    Cover("stay", Means.OPEN, "Folded from the sightings; a running stay is lengthened by each."),
    Cover("outbox", Means.OPEN, "How full a device's spool is, as it says itself with every delivery."),
    Cover("source", Means.OPEN, "How far each device's records have arrived; a gap asks for them again."),
    Cover("cursor", Means.OPEN, "How far a fold has come; set back, it does the same again and finds the same."),
    Cover(
        "digest",
        Means.SEALED,
        "What went to whom each day, in figures.",
        columns=("id", "person", "day", "made_at", "overdue", "figures"),
        at="made_at",
    ),
    Cover("repeat", Means.OPEN, "A counter: how often something was repeated; what each day said is covered."),
    Cover("message", Means.OPEN, "Changes with every try; what was to be said stands in the digests and notices."),
    Cover("mail_address", Means.OPEN, "Personal data; that it was changed, and by whom, stands in the audit log."),
    Cover("subscription", Means.OPEN, "What a person has delivered, and when, for that person alone; paused at will."),
    Cover("delivery", Means.OPEN, "A copy for some days; that it was made, and fetched, stands in the log of exports."),
    Cover("job_slot", Means.OPEN, "Which server does which slot of the schedule; forgotten after a week."),
)


@check
def _devices(connection: Connection) -> Iterable[str]:
    """What the audit log says of the devices."""
    from reconcile.store import devices  # it needs the tables, whose declaration this is part of

    return devices.differences(connection)


@check
def _files(connection: Connection) -> Iterable[str]:
    """The bytes of what was laid to cases, against their hashes."""
    table = SQLModel.metadata.tables["case_file"]
    kept = select(table.c.id, table.c.sha256, table.c.content).where(table.c.content.is_not(None))
    for row in connection.execute(kept.execution_options(yield_per=10)):
        if hashlib.sha256(row.content).hexdigest() != row.sha256:
            yield f"case_file: {row.id} holds other bytes than its hash says"


@check
def _counters(connection: Connection) -> Iterable[str]:
    """Counters of findings and sweeps: `F-2026-0001` counts by its year alone."""
    for series, table in (
        ("finding", "finding"),
        ("round", "round"),
        ("handheld", "handheld_upload"),
        ("case", "finding_case"),
    ):
        number = SQLModel.metadata.tables[table].c.number
        rows = connection.execute(select(number).execution_options(yield_per=1_000)).scalars()
        yield from behind(connection, series, (one.partition("-")[2] for one in rows))

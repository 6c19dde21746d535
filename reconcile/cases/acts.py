"""What people do about cases. Every act is an event; none is undone but by another.

An act reaches what the person sees of a case, and nothing else of it. Settling closes its event findings under one
signed act of the books; its state findings clear by themselves.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from custody.access import PERMISSIONS, Permission, Subject, may
from custody.clock import day
from custody.database import Database
from custody.entries import FindingSettled, Signature
from custody.rules import NotFound, Refusal, Refused
from custody.scheme import Scheme
from custody.store.books import Books
from custody.values import Instant
from reconcile.cases.checklist import BY_CODE, MARKS, Mark
from reconcile.cases.files import media_of
from reconcile.cases.showing import incident_of
from reconcile.checks import KINDS
from reconcile.checks.grouping import BY_HAND
from reconcile.findings.acts import OTHER, take_up
from reconcile.store import case_queries, cases, finding_queries, findings, staff
from reconcile.store.case_queries import CaseDetail
from reconcile.store.cases import Said
from reconcile.store.core import Connection

KEEPS = Permission.SETTLE_FINDINGS
HEADS = Permission.HEAD_ENQUIRIES
NAME_CHARACTERS_MAX = 200


@dataclass(frozen=True, slots=True)
class Held:
    """A case that somebody acts on: locked, as he sees it."""

    connection: Connection
    subject: Subject
    detail: CaseDetail
    now: Instant

    @property
    def number(self) -> str:
        """The case's number."""
        return self.detail.item.number

    def says(self, what: str, note: str = "", detail: str = "", of: Sequence[str] | None = None) -> None:
        """Append an event in the subject's name; its words are for whom sees `of` (all that he sees of the case)."""
        seen = [line.number for line in self.detail.findings] if of is None else of
        rank = cases.highest_rank(self.connection, seen)
        said = Said(what, self.subject.person, note.strip(), detail, rank, " ".join(sorted(seen)))
        cases.add_event(self.connection, self.number, said, self.now)


@contextmanager
def _holding(
    database: Database,
    subject: Subject,
    number: str,
    act: str,
    now: Instant,
    *,
    permission: Permission = KEEPS,
    closed: bool = False,
) -> Iterator[Held]:
    """The case, locked, in a transaction. Raises NotFound; Refused where the subject may not, or it is (not) closed."""
    with database.writing() as connection:
        cases.lock(connection, number)
        detail = case_queries.case_detail(connection, subject, number)  # NotFound where hidden
        _allowed(subject, permission, act)
        if detail.item.closed is not closed:
            raise Refused((Refusal("", "case_open" if closed else "case_closed", {"case": number}),))
        yield Held(connection, subject, detail, now)


def _allowed(subject: Subject, permission: Permission, act: str) -> None:
    if not may(subject, permission):
        raise Refused((Refusal("", "not_permitted", {"act": f"case_{act}"}),))


def _words(text: str, name: str = "reason") -> str:
    words = text.strip()
    if not words:
        raise Refused((Refusal("", "text_missing", {"field": name}),))
    return words


def acknowledge(database: Database, subject: Subject, number: str, now: Instant, note: str = "") -> None:
    """The subject takes the case up, and with it each of its findings that nobody has. Raises NotFound, Refused."""
    with _holding(database, subject, number, "acknowledge", now) as held:
        for line in held.detail.findings:
            if line.open and line.state == "open":
                take_up(held.connection, subject, line, now, note.strip())
        columns = {"owner": subject.person} if held.detail.item.owner is None else {}
        if held.detail.item.state in ("open", "over"):
            cases.change(held.connection, number, state="acknowledged", **columns)
        held.says("acknowledged", note)


def give_back(database: Database, subject: Subject, number: str, words: str, now: Instant) -> None:
    """The subject does not have it any more: whoever answers for its findings does. Raises NotFound, Refused."""
    with _holding(database, subject, number, "give_back", now) as held:
        if held.detail.item.state != "acknowledged":
            raise Refused((Refusal("", "case_not_taken", {"case": number}),))
        cases.change(held.connection, number, state="open", owner=None, deputy=None)
        held.says("given_back", _words(words))


def able(connection: Connection, scheme: Scheme, detail: CaseDetail, now: Instant) -> tuple[int, ...]:
    """Who can be made the owner or deputy: who settles findings, with reach and clearance for each one here."""
    everybody = staff.keepers(connection, scheme, day(now, scheme.timezone))
    settle = [one for one in everybody if KEEPS in PERMISSIONS[one.role]]
    asked = {(line.unit, findings.rank_of(connection, line.carrier, line.matter)) for line in detail.findings}
    able = {one.person for one in settle if all(staff.answers(one, unit, rank) for unit, rank in asked)}
    return tuple(sorted(able))


def candidates(database: Database, scheme: Scheme, detail: CaseDetail, now: Instant) -> tuple[int, ...]:
    """The same, for a page: who has which account is not in everybody's sight, whom one can ask is."""
    with database.reading() as connection:
        return able(connection, scheme, detail, now)


def assign(
    database: Database, scheme: Scheme, subject: Subject, number: str, owner: int, deputy: int | None, now: Instant
) -> None:
    """Whose case it is, and who stands in. Raises NotFound, Refused (also for who cannot have it)."""
    with _holding(database, subject, number, "assign", now) as held:
        known = able(held.connection, scheme, held.detail, now)
        if owner not in known or (deputy is not None and (deputy not in known or deputy == owner)):
            raise Refused((Refusal("", "case_not_theirs", {"case": number}),))
        state = "acknowledged" if held.detail.item.state == "open" else None
        cases.change(held.connection, number, owner=owner, deputy=deputy, **({"state": state} if state else {}))
        for line in held.detail.findings:
            if line.open and line.owner != owner:
                findings.change(held.connection, line.number, owner=owner)
        held.says("assigned", detail=f"{owner} {deputy}" if deputy is not None else str(owner))


def set_due(database: Database, subject: Subject, number: str, due_at: Instant, now: Instant, note: str = "") -> None:
    """Until when it is to be settled. Raises NotFound, Refused (also for a time that is past)."""
    with _holding(database, subject, number, "due", now) as held:
        if due_at <= now:
            raise Refused((Refusal("", "time_impossible", {"field": "due_at"}),))
        cases.change(held.connection, number, due_at=due_at)
        held.says("due", note, str(due_at))


def note(database: Database, subject: Subject, number: str, words: str, now: Instant) -> None:
    """Add what is known of it. Raises NotFound, Refused (also for an empty note)."""
    with _holding(database, subject, number, "note", now) as held:
        held.says("noted", _words(words, "note"))


def enquire(database: Database, subject: Subject, number: str, words: str, now: Instant) -> None:
    """The secrecy office begins an enquiry, and heads it. Raises NotFound, Refused."""
    with _holding(database, subject, number, "enquire", now, permission=HEADS) as held:
        if held.detail.item.state == "enquiry":
            raise Refused((Refusal("", "case_enquired", {"case": number}),))
        for line in held.detail.findings:
            if line.open and line.state == "open":
                take_up(held.connection, subject, line, now, "")
        cases.change(held.connection, number, state="enquiry", owner=subject.person)
        held.says("enquiry", _words(words))


def tick(
    database: Database,
    scheme: Scheme,
    subject: Subject,
    number: str,
    step: str,
    mark: Mark,
    words: str,
    now: Instant,
) -> None:
    """Mark a step of the incident's checklist; what does not apply says why. Raises NotFound, Refused."""
    if step not in BY_CODE or mark not in MARKS:
        raise NotFound
    with _holding(database, subject, number, "tick", now, permission=BY_CODE[step].permission) as held:
        incident = incident_of(held.detail, scheme)
        if incident is None:
            raise NotFound
        if any(one.step.code == step and one.matter is not None for one in incident.steps):
            raise Refused((Refusal("", "step_by_books", {"case": number}),))
        if mark == "not_applicable":
            _words(words)
        held.says("step", words, f"{step} {mark}", sorted(held.detail.grave))


def attach(
    database: Database,
    scheme: Scheme,
    subject: Subject,
    number: str,
    name: str,
    content: bytes,
    words: str,
    now: Instant,
    *,
    keep: bool = True,
) -> int:
    """Lay a file to the case: its hash always, its bytes where they are of a known kind and not too large.

    Gives its identifier. Raises NotFound, Refused (also for an empty file).
    """
    if not content:
        raise Refused((Refusal("", "file_empty", {}),))
    media = media_of(content)
    kept = keep and bool(media) and len(content) <= scheme.number("case_file_kib_max") * 1024
    digest = hashlib.sha256(content).hexdigest()
    return _lay(database, subject, number, name, media, len(content), digest, words, now, content if kept else None)


def attach_hash(
    database: Database, subject: Subject, number: str, name: str, size: int, sha256: str, words: str, now: Instant
) -> int:
    """Name a file that is kept elsewhere, by its hash. Raises NotFound, Refused (also for what is no hash)."""
    digest = sha256.strip().lower()
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise Refused((Refusal("", "hash_wrong", {}),))
    return _lay(database, subject, number, name, "", size, digest, words, now, None)


def _lay(
    database: Database,
    subject: Subject,
    number: str,
    name: str,
    media: str,
    size: int,
    digest: str,
    words: str,
    now: Instant,
    content: bytes | None,
) -> int:
    plain = "".join(one for one in name.replace("\\", "/").rpartition("/")[2] if one.isprintable()).strip()
    with _holding(database, subject, number, "attach", now) as held:
        seen = sorted(line.number for line in held.detail.findings)
        row = {
            "case_number": number,
            "at": now,
            "by": subject.person,
            "name": _words(plain[:NAME_CHARACTERS_MAX], "name"),
            "media": media,
            "size": size,
            "sha256": digest,
            "note": words.strip(),
            "rank": cases.highest_rank(held.connection, seen),
            "seen": " ".join(seen),
            "content": content,
        }
        identifier = cases.add_file(held.connection, row)
        held.says("attached", detail=digest)
        return identifier


def open_case(
    database: Database, scheme: Scheme, subject: Subject, numbers: Collection[str], words: str, now: Instant
) -> str:
    """Lay findings together by hand; gives the case's number. Raises NotFound for any that is hidden, Refused."""
    with database.writing() as connection:
        lines = [finding_queries.line(connection, subject, one) for one in sorted(set(numbers))]
        _allowed(subject, KEEPS, "open")
        if not lines or any(not line.open for line in lines):
            raise Refused((Refusal("", "finding_closed", {"finding": "", "state": ""}),))
        number = cases.new_by_hand(connection, BY_HAND, now, scheme.timezone)
        cases.add_members(connection, number, [line.number for line in lines], now, by=subject.person)
        cases.change(connection, number, state="acknowledged", owner=subject.person)
        held = Held(connection, subject, case_queries.case_detail(connection, subject, number), now)
        held.says("joined", words, " ".join(line.number for line in lines))
        return number


def join(database: Database, subject: Subject, number: str, numbers: Collection[str], words: str, now: Instant) -> None:
    """Lay more findings into a case. Raises NotFound for any that is hidden, Refused."""
    with _holding(database, subject, number, "join", now) as held:
        lines = [finding_queries.line(held.connection, subject, one) for one in sorted(set(numbers))]
        if not lines:
            raise Refused((Refusal("", "text_missing", {"field": "findings"}),))
        fresh = [line.number for line in lines]
        cases.add_members(held.connection, number, fresh, now, by=subject.person)
        everything = [*(line.number for line in held.detail.findings), *fresh]
        held.says("joined", words, " ".join(fresh), everything)


def leave(database: Database, subject: Subject, number: str, finding: str, words: str, now: Instant) -> None:
    """Take a finding out of a case, with a reason: it has another cause. Raises NotFound, Refused."""
    with _holding(database, subject, number, "leave", now) as held:
        if finding not in {line.number for line in held.detail.findings}:
            raise NotFound
        if finding in held.detail.grave:
            raise Refused((Refusal("", "case_grave", {"case": number}),))
        cases.take_out(held.connection, finding, subject.person, now)
        held.says("left", _words(words), finding)


def resolutions_of(detail: CaseDetail) -> tuple[str, ...]:
    """What a person may conclude of all the open events of a case at once."""
    events = [line for line in detail.findings if line.open and line.nature == "event"]
    shared: list[str] = []
    if events:
        first, *rest = (KINDS[line.kind].resolutions for line in events)
        shared = [one for one in first if all(one in other for other in rest)]
    return (*shared, OTHER)


def settled_facts(detail: CaseDetail, resolution: str, reason: str) -> list[FindingSettled]:
    """What settling the case enters in the books: one fact for each of its open events. What its signature is under."""
    return [
        FindingSettled(line.number, line.kind, resolution, reason.strip(), line.carrier)
        for line in detail.findings
        if line.open and line.nature == "event"
    ]


def settle(
    database: Database,
    books: Books,
    subject: Subject,
    number: str,
    resolution: str,
    reason: str,
    now: Instant,
    *,
    signatures: tuple[Signature, ...] = (),
    before: Sequence[FindingSettled] | None = None,
) -> str:
    """Conclude a case: its events under one act with one reason; gives the act's number, empty where it had no event.

    `before`: the facts that were before the person who signed; where it would be others by now, nothing is concluded.
    Where state findings are still open it closes when the last of them has cleared. An incident, or what is under
    enquiry, is concluded by who heads enquiries, an incident only when every step is done or does not apply. Raises
    NotFound, Refused; then nothing has changed.
    """
    with _holding(database, subject, number, "settle", now) as held:
        detail = held.detail
        words = _words(reason)
        _concludes(detail, subject, books.scheme)
        if resolution not in resolutions_of(detail):
            raise Refused((Refusal("", "resolution_unknown", {"resolution": resolution, "kind": "case"}),))
        facts = settled_facts(detail, resolution, words)
        act = ""
        if before is not None and facts != list(before):
            raise Refused((Refusal("", "case_changed", {"case": number}),))
        if facts:
            receipt = books.enter(subject, facts, act="settle", signatures=signatures, connection=held.connection)
            act = receipt.act
        settled = [fact.finding for fact in facts]
        closed = {"open": False, "state": "settled", "closed_at": now, "closed_by": subject.person}
        for one in settled:
            findings.change(held.connection, one, resolution=resolution, **closed)
        findings.add_events(held.connection, [(one, "settled", subject.person, words) for one in settled], now)
        cases.change(held.connection, number, state="settled", act=act, closed_by=subject.person)
        held.says("settled", words, act)
        waiting = any(line.open and line.number not in settled for line in detail.findings)
        if not waiting:
            cases.close_over(held.connection, [line.number for line in detail.findings], now)
        return act


def _concludes(detail: CaseDetail, subject: Subject, scheme: Scheme) -> None:
    """Raises Refused where the subject may not conclude this case, or not yet."""
    incident = incident_of(detail, scheme)
    if incident is not None or detail.item.state == "enquiry":
        _allowed(subject, HEADS, "conclude")
    left = sum(1 for step in incident.steps if step.mark == "open") if incident is not None else 0
    if left:
        raise Refused((Refusal("", "steps_open", {"count": left}),))


def reopen(database: Database, subject: Subject, number: str, words: str, now: Instant) -> None:
    """Go on with a case that was closed; what was entered in the books stays entered. Raises NotFound, Refused."""
    with _holding(database, subject, number, "reopen", now, closed=True) as held:
        if held.detail.grave:
            _allowed(subject, HEADS, "reopen")
        reason = _words(words)
        cases.change(held.connection, number, state="acknowledged", closed_at=None, closed_by=None)
        held.says("reopened", reason)

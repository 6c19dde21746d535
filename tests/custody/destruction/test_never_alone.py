"""Promise 4 for destruction: whatever is tried in whatever order by whomever in whatever role, nothing is destroyed
without an approval by two others and the signatures of three distinct persons who neither applied nor approved.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hypothesis import example, given, settings
from hypothesis import strategies as st

from custody.access import Role, Subject
from custody.approval import asked
from custody.database import Database
from custody.entries import Fact
from custody.entries.approvals import Approved
from custody.entries.destruction import Checked, Destroyed, DestructionCarriedOut, Sealed, SetApart, WeighedIn
from custody.life_cycle import Status
from custody.matters.destruction import list_hash
from custody.rules import NotFound, Refused
from custody.store import queries
from tests.builders import PEOPLE, SCHEME, SHELF_2, Archive, an_archive, books_on, subject
from tests.custody.destruction.batches import a_batch

WHO = ("clerk", "clerk2", "secrecy", "leader", "zhao", "manager")
BUSINESS = (Role.CLERK, Role.SECRECY_OFFICE, Role.LEADER)


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt: what, by whom, in a role that may have changed since the last, with whom besides."""

    what: str
    by: str
    role: Role
    others: tuple[str, ...] = ()


TRIES = st.builds(
    Try,
    st.sampled_from(("ask", "office", "leader", "set_apart", "seal", "check", "weigh", "destroy", "destroy")),
    st.sampled_from(WHO),
    st.sampled_from(BUSINESS),
    st.lists(st.sampled_from(WHO), max_size=3).map(tuple),
)
CLERK, OFFICE, LEADER = BUSINESS
PREPARED = (
    Try("ask", "clerk", CLERK),
    Try("office", "secrecy", OFFICE),
    Try("leader", "leader", LEADER),
    Try("set_apart", "clerk", CLERK),
    Try("seal", "clerk", CLERK),
    Try("check", "clerk", CLERK),
    Try("weigh", "clerk", CLERK),
)


def facts_of(one: Try, matter: int, carriers: Sequence[int], now: int) -> tuple[list[Fact], str]:
    """What the attempt would enter; whoever it names."""
    destroyer, *watching = (PEOPLE[who] for who in (one.by, *one.others))
    seen = tuple(watching)
    match one.what:
        case "ask":
            return [asked(matter, "destruction", SCHEME, now)], "approval"
        case "office" | "leader":
            return [Approved(matter, one.what)], "approval"
        case "set_apart":
            return [SetApart(carrier, matter, SHELF_2) for carrier in carriers], "destruction_set_apart"
        case "seal":
            return [Sealed(carrier, matter, "D-01", "1") for carrier in carriers], "destruction_seal"
        case "check":
            return [Checked(carrier, matter, "D-01", "1") for carrier in carriers], "destruction_check"
        case "weigh":
            listed = tuple(carriers)
            return [WeighedIn(matter, listed, (), len(listed), list_hash(listed), now, now)], "destruction_weigh"
        case _:
            closing = DestructionCarriedOut(matter, destroyer, seen, SHELF_2, len(carriers))
            each = [Destroyed(carrier, matter, "shred", destroyer, seen, 7) for carrier in carriers]
            return [*each, closing], "destroy"


def attempt(archive: Archive, who: Subject, one: Try, matter: int, carriers: Sequence[int]) -> bool:
    """Whether the books took it."""
    archive.books.clock.at += 1_000_000  # type: ignore[attr-defined]
    facts, act = facts_of(one, matter, carriers, archive.books.clock())
    try:
        archive.enter(who, facts, act, *one.others)
    except (Refused, NotFound):
        return False
    return True


@settings(max_examples=12)
@given(
    st.integers(min_value=0, max_value=len(PREPARED)),
    st.lists(TRIES, min_size=1, max_size=8),
)
@example(len(PREPARED), [Try("destroy", "clerk2", CLERK, ("zhao", "manager"))])
def test_nothing_is_destroyed_by_fewer_than_five_persons(
    new_sqlite: Callable[[], str], prepared: int, tries: list[Try]
) -> None:
    with Database.open(new_sqlite()) as database:
        archive = an_archive(books_on(database))
        batch = a_batch(archive, 2, carrier={"tagged": False}).open()
        for one in (*PREPARED[:prepared], *tries):
            attempt(archive, subject(one.by, one.role), one, batch.matter, batch.carriers)
        states = [archive.state(carrier).status for carrier in batch.carriers]
        assert len(set(states)) == 1  # all of the batch, or nothing of it
        if prepared == len(PREPARED) and tries == [Try("destroy", "clerk2", CLERK, ("zhao", "manager"))]:
            assert states == [Status.DESTROYED] * 2  # so it is not for nothing that the rest is refused
        if Status.DESTROYED in states:
            signed_by_five(archive, batch.matter)


def signed_by_five(archive: Archive, matter: int) -> None:
    """Three distinct persons signed, two others approved, and the applicant is none of them."""
    approval = archive.the_matter(matter).approval
    assert approval is not None
    approvers = {given.person for given in approval.given}
    assert len(approvers | {approval.applicant}) == 3
    with archive.books.database.reading() as connection:
        entries = queries.entries_of_matter(connection, matter)
    for entry in entries:
        if isinstance(entry.fact, Destroyed):
            three = {entry.fact.destroyer, *entry.fact.supervisors}
            assert len(three) >= 3
            assert three <= {one.person for one in entry.signatures}
            assert not three & (approvers | {approval.applicant})

"""Promise 4 for provision: whatever is tried in whatever order by whomever in whatever role, nothing leaves for another
body without an application, two approvals, a giver and a witness, of whom no approver, giver and applicant are one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from custody.access import Role, Subject
from custody.approval import asked
from custody.database import Database
from custody.entries import Fact
from custody.entries.approvals import Approved
from custody.entries.disclosure import ProvisionListed
from custody.life_cycle import Status
from custody.rules import NotFound, Refused
from custody.store import queries
from tests.builders import PEOPLE, SCHEME, Archive, an_archive, books_on, subject
from tests.custody.disclosure.scene import a_provision, handed

WHO = ("clerk", "clerk2", "secrecy", "leader", "zhao", "manager")
ROLES = (Role.CLERK, Role.SECRECY_OFFICE, Role.LEADER)


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt: what, by whom, in a role that may have changed since the last, before whom."""

    what: str
    by: str
    role: Role
    witness: str = "zhao"


TRIES = st.builds(
    Try,
    st.sampled_from(("ask", "office", "leader", "list", "provide", "provide")),
    st.sampled_from(WHO),
    st.sampled_from(ROLES),
    st.sampled_from(WHO),
)
PREPARED = (
    Try("ask", "clerk", Role.CLERK),
    Try("office", "secrecy", Role.SECRECY_OFFICE),
    Try("leader", "leader", Role.LEADER),
)
LAWFUL = Try("provide", "clerk2", Role.CLERK, "manager")


def facts_of(archive: Archive, one: Try, matter: int, carrier: int) -> tuple[list[Fact], str]:
    """What the attempt would enter."""
    match one.what:
        case "ask":
            return [asked(matter, "provision", SCHEME, archive.books.clock())], "approval"
        case "list":
            return [ProvisionListed(carrier, matter)], "provision_list"
        case "provide":
            return [replace(handed(archive, matter, carrier), witness=PEOPLE[one.witness])], "provide"
        case step:
            return [Approved(matter, step)], "approval"


def attempt(archive: Archive, who: Subject, one: Try, matter: int, carrier: int) -> None:
    """Try it; what is refused is refused."""
    archive.books.clock.at += 1_000_000  # type: ignore[attr-defined]
    facts, act = facts_of(archive, one, matter, carrier)
    try:
        archive.enter(who, facts, act, one.witness)
    except (Refused, NotFound):
        return


@settings(max_examples=12)
@given(st.integers(min_value=0, max_value=len(PREPARED)), st.lists(TRIES, min_size=1, max_size=8))
@example(len(PREPARED), [LAWFUL])
def test_nothing_leaves_by_fewer_than_four_persons(
    new_sqlite: Callable[[], str], prepared: int, tries: list[Try]
) -> None:
    with Database.open(new_sqlite()) as database:
        archive = an_archive(books_on(database))
        carrier = archive.carrier(tagged=False)
        matter = a_provision(archive, [carrier])
        for one in (*PREPARED[:prepared], *tries):
            attempt(archive, subject(one.by, one.role), one, matter, carrier)
        status = archive.state(carrier).status
        if prepared == len(PREPARED) and tries == [LAWFUL]:
            assert status is Status.PROVIDED_OUTSIDE  # so it is not for nothing that the rest is refused
        if status is Status.PROVIDED_OUTSIDE:
            four_persons(archive, matter)


def four_persons(archive: Archive, matter: int) -> None:
    """Applicant, two approvers, giver: all distinct; and a witness other than the giver, both of whom signed."""
    found = archive.the_matter(matter)
    assert found.approval is not None
    (hand,) = found.body.hands
    assert len({found.opened_by, *(one.person for one in found.approval.given), hand.giver}) == 4
    assert hand.witness != hand.giver
    with archive.books.database.reading() as connection:
        last = queries.entries_of_matter(connection, matter)[0]
    assert {hand.giver, hand.witness} <= {one.person for one in last.signatures}

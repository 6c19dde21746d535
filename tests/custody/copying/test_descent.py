"""What was made follows its original: called back with it, changed with it, recalled when it is (d.4, d.5, b.7)."""

from custody.entries import Fact
from custody.entries.approvals import ApprovalAsked
from custody.entries.circulation import Recalled
from custody.entries.copying import Copied, CopiesRecalled
from custody.entries.disposition import (
    ChangeProposed,
    CopyLeftOut,
    IssuerReturnClosed,
    IssuerReturnExplained,
    IssuerReturnListed,
    LevelChanged,
)
from custody.store.descent import made_from, sources_of, walk
from custody.values import Period
from tests.builders import CLERK, Archive
from tests.custody.copying.scenes import (
    CHEN,
    agreed,
    applied,
    approve,
    copies,
    received,
    refused,
    session,
)
from tests.custody.disposition import scenes as disposition


def a_family(archive: Archive) -> tuple[int, int, int, int]:
    """A paper, two copies of it, and a copy of the first copy."""
    original = archive.carrier()
    first, second = copies(archive, original, 2)
    (again,) = copies(archive, first, 1)
    return original, first, second, again


def test_the_tree_is_walked_both_ways(archive: Archive) -> None:
    original, first, second, again = a_family(archive)
    with archive.books.database.reading() as connection:
        assert walk(connection, [original], made_from) == {original: {first, second, again}}
        assert walk(connection, [again, original], sources_of) == {again: {first, original}}


# Recall.


def called_back(archive: Archive, original: int, *copies: int, days: int = 3) -> list[Fact]:
    """These copies of the original are asked back."""
    due = archive.due(days)
    facts: list[Fact] = [Recalled(one, due, "原件清退") for one in copies if not archive.state(one).recalled]
    return [*facts, CopiesRecalled(original, due, "原件清退", copies)]


def test_d_4_record__everything_made_from_it_that_is_out_is_asked_back(sqlite_archive: Archive) -> None:
    archive = sqlite_archive
    original, first, second, again = a_family(archive)
    for one in (first, again):
        archive.borrow(one, "chen")

    def recalled(*copies: int, **more: bool) -> list[str]:
        return refused(archive, CLERK, called_back(archive, original, *copies), "copies_recall", **more)

    assert recalled(first) == ["d.4 copies_missed"]  # the copy of the copy is out too
    assert recalled(first, again, signed=False) == ["d.4 signature_missing"]
    assert recalled(first, again) == []
    assert [archive.state(one).recalled for one in (first, second, again)] == [True, False, True]
    assert archive.state(again).due_at == archive.due(3)


def test_a_recall_names_what_is_out_and_a_day_to_come(sqlite_archive: Archive) -> None:
    archive = sqlite_archive
    original, first, second, _again = a_family(archive)
    archive.borrow(first, "chen")
    nothing = CopiesRecalled(second, archive.due(3), "原件清退", ())
    assert refused(archive, CLERK, [nothing], "copies_recall") == ["d.4 copies_missed"]
    past = CopiesRecalled(original, archive.books.clock() - 1, "原件清退", (first,))
    assert "recall_in_past" in refused(archive, CLERK, [past], "copies_recall")
    unsaid = [*called_back(archive, original, first)[:-1], CopiesRecalled(original, archive.due(3), "", (first,))]
    assert refused(archive, CLERK, unsaid, "copies_recall") == ["text_missing"]


# Return to the issuer.


def test_b_7_record__an_original_goes_back_with_everything_made_from_it(archive: Archive) -> None:
    paper = received(archive)
    matter = applied(archive, [paper], copies=2)
    archive.enter(CHEN, [agreed(matter, paper)], "copying_issuer")
    approve(archive, matter)
    facts = session(archive, matter, [paper], 2)
    archive.enter(CLERK, facts, "copy", "clerk2")
    first, second = (fact.carrier for fact in facts if isinstance(fact, Copied))
    own = archive.carrier()
    whole = applied(archive, [first, own], "compilation", copies=1)
    archive.enter(CHEN, [agreed(whole, first)], "copying_issuer")  # a copy is its issuer's as the original is
    approve(archive, whole)
    bound = session(archive, whole, [first, own])
    archive.enter(CLERK, bound, "copy", "clerk2")
    (compiled,) = (fact.carrier for fact in bound if isinstance(fact, Copied))

    back = disposition.called_back(archive, [paper])
    archive.enter(CLERK, [disposition.parcel(back, paper)], "issuer_return", "clerk2")
    closed: list[Fact] = [IssuerReturnClosed(back, "岭收-9")]

    def tried(*facts: Fact) -> list[str]:
        return refused(archive, CLERK, [*facts, *closed], "issuer_return", "clerk2")

    assert tried() == ["b.7 copies_unlisted"]
    listed = [IssuerReturnListed(one, back) for one in (first, second, compiled)]
    assert refused(archive, CLERK, listed, "issuer_return") == []  # a compilation has no issuer, but descends from it
    assert tried() == ["b.7 list_open"]
    archive.enter(
        CLERK, [disposition.parcel(back, one, parcel="F-0032") for one in (first, second)], "issuer_return", "clerk2"
    )
    assert tried(IssuerReturnExplained(compiled, back, "发文机关同意留存汇编件")) == []
    assert archive.books.rebuild_check() == []


def test_b_7_record__what_was_made_from_another_paper_is_not_listed(sqlite_archive: Archive) -> None:
    archive = sqlite_archive
    (copy,) = copies(archive, archive.carrier(), 1)
    back = disposition.called_back(archive, [received(archive)])
    listed = IssuerReturnListed(copy, back)
    assert refused(archive, CLERK, [listed], "issuer_return") == ["b.7 not_of_issuer"]


# Change of level.


def test_copies_of_copies_are_proposed_with_the_title_or_left_out(sqlite_archive: Archive) -> None:
    archive = sqlite_archive
    original, first, second, again = a_family(archive)
    matter = disposition.proposed(archive, [original, first, second], "confidential", Period("maximum"))

    def asked() -> list[str]:
        from custody.approval import asked as request

        wanted = request(matter, "reclassification", archive.scheme, archive.books.clock())
        assert isinstance(wanted, ApprovalAsked)
        return refused(archive, CLERK, [wanted], "approval")

    assert asked() == ["a.5 copies_left"]
    archive.enter(CLERK, [CopyLeftOut(again, matter, "另案办理")], "reclassification")
    assert asked() == []


def test_d_5_refuse__a_copy_is_not_lowered_before_its_original(sqlite_archive: Archive) -> None:
    archive = sqlite_archive
    original = archive.carrier()
    (copy,) = copies(archive, original, 1)
    to, period = "confidential", Period("years", "10")
    # The original is left out of the list that lowers the copy: approved all the same, it is refused in the end.
    matter = disposition.proposed(archive, [copy], to, period)
    disposition.ask_and_approve(archive, matter, "reclassification")
    lowered: list[Fact] = [disposition.carried_out(matter, copy, to, period)]
    found = refused(archive, CLERK, lowered, "reclassification")
    assert found == ["d.5 copy_level_lowered", "d.5 copy_period_shortened"]

    # Together they go, the original first.
    both = disposition.proposed(archive, [original, copy], to, period)
    disposition.ask_and_approve(archive, both, "reclassification")
    done = [disposition.carried_out(both, one, to, period) for one in (original, copy)]
    assert refused(archive, CLERK, done, "reclassification") == []
    assert archive.state(copy).description.level == to


def test_d_5_refuse__a_copy_is_not_made_known_more_widely_than_its_original(sqlite_archive: Archive) -> None:
    from custody.values import Scope

    archive = sqlite_archive
    original = archive.carrier(scope=("unit:4",))
    (copy,) = copies(archive, original, 1)
    matter = archive.matter()
    wider = Scope(("all",))
    archive.enter(
        CLERK,
        [disposition.change_opened(matter), ChangeProposed(copy, matter, "secret", Period("maximum"), wider)],
        "reclassification",
    )
    disposition.ask_and_approve(archive, matter, "reclassification")
    changed: LevelChanged = disposition.carried_out(matter, copy, "secret", Period("maximum"), scope=wider)
    assert refused(archive, CLERK, [changed], "reclassification") == ["d.5 copy_scope_widened"]


def test_a_copy_is_declassified_after_its_original(sqlite_archive: Archive) -> None:
    archive = sqlite_archive
    original = archive.carrier()
    (copy,) = copies(archive, original, 1)
    matter = disposition.approved_declassification(archive, [original, copy])
    both = [disposition.declassified(matter, one) for one in (copy, original)]
    assert refused(archive, CLERK, both, "reclassification") == ["d.5 copy_level_lowered"]
    assert refused(archive, CLERK, list(reversed(both)), "reclassification") == []
    assert archive.state(copy).holder is None


def test_a_copy_of_what_was_destroyed_is_changed_by_itself(sqlite_archive: Archive) -> None:
    archive = sqlite_archive
    original = archive.carrier()
    (copy,) = copies(archive, original, 1)
    disposition.lost(archive, original)  # gone: nobody can change it first
    matter = disposition.approved_declassification(archive, [copy])
    done = [disposition.declassified(matter, copy)]
    assert refused(archive, CLERK, done, "reclassification") == []

"""The papers of a matter that is hidden from the visitor are as absent, though the carrier on them is seen."""

import json

import pytest

from custody.access import Role
from custody.entries.disposition import TransferListed, TransferOpened
from custody.store import accounts
from tests.builders import CLERK, PEOPLE, Archive
from tests.custody.disposition.scenes import transfer_list
from tests.web.front import Front


def listed(archive: Archive, carrier: int) -> str:
    """The carrier put on a transfer list; gives the number of the act."""
    return archive.the_matter(transfer_list(archive, [carrier])).number


@pytest.mark.parametrize(
    "address", ["/acts/{act}", "/acts/{act}/form", "/api/v1/acts/{act}", "/api/v1/acts/{act}/form"]
)
def test_receipt_and_form_of_a_hidden_matter_are_as_absent(front: Front, address: str) -> None:
    carrier = front.archive.carrier()
    number = listed(front.archive, carrier)
    reader = front.signed_in("zhao")
    assert reader.get(f"/carriers/{carrier}").status_code == 200, "the carrier is in the scope of all"
    assert front.signed_in("clerk").get(address.format(act=number)).status_code == 200
    hidden, absent = (reader.get(address.format(act=act)) for act in (number, "GD-2026-0999"))
    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert number not in hidden.text.replace(address.format(act=number), "")


def test_the_life_of_a_carrier_leads_to_no_paper_that_is_hidden(front: Front) -> None:
    carrier = front.archive.carrier()
    number = listed(front.archive, carrier)
    taken_in = "/acts/DJ-2026-0001"
    clerk, reader = (front.signed_in(who).get(f"/carriers/{carrier}").text for who in ("clerk", "zhao"))
    assert f"/acts/{number}" in clerk
    assert number not in reader
    assert taken_in in clerk
    assert taken_in in reader


def test_what_a_paper_tells_of_a_loan_beside_a_hidden_matter_stays(front: Front) -> None:
    carrier = front.archive.carrier()
    listed(front.archive, front.archive.carrier())
    lent = front.archive.borrow(carrier, "chen", by=CLERK)
    assert front.signed_in("zhao").get(f"/acts/{lent.act}").status_code == 200


def test_a_hidden_line_of_a_matter_that_is_seen_answers_as_one_that_is_not_there(front: Front) -> None:
    """Given a list of the own unit with a paper of another that is not seen, then its identifier opens nothing."""
    archive = front.archive
    seen, hidden = archive.carrier(unit=3), archive.carrier(unit=4, scope=("person:14",))
    matter = archive.matter()
    opened = TransferOpened(matter, 3, "secret", "archives", "院档案馆", "档案馆一楼")
    archive.enter(CLERK, [opened, *(TransferListed(one, matter) for one in (seen, hidden))], "transfer")
    with archive.books.database.writing() as connection:
        accounts.grant(connection, PEOPLE["sun"], Role.CLERK, 3)
    sun = front.signed_in("sun")
    asked = {"reason": "误列"}
    answers = [sun.call(f"/matters/{matter}/strike", lines=[one], **asked) for one in (hidden, 987_654)]
    assert [answer.status_code for answer in answers] == [422, 422]
    told = [answer.json()["errors"] for answer in answers]
    assert json.dumps(told[0]).replace(str(hidden), "#") == json.dumps(told[1]).replace("987654", "#")
    assert sun.call(f"/matters/{matter}/strike", lines=[seen], **asked).status_code == 201

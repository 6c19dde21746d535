"""A clerk, a sweep, and files that a handheld exported."""

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from custody.clock import moment
from custody.values import SECOND, Instant
from reconcile.store import tables
from reconcile.store.handheld_tables import HandheldReadRow, HandheldUploadRow
from tests.builders import epc_of
from tests.web.front import Browser, Front, words

CABINET = 4
HOUR = 3_600 * SECOND


@dataclass
class Hand:
    """A browser with a handheld beside it."""

    front: Front
    browser: Browser

    def at(self, seconds: float = 0) -> Instant:
        """The front's time, so many seconds on."""
        return self.front.clock.at + int(seconds * SECOND)

    def export(self, *tags: int | str, at: Instant | None = None, antenna: int = 1) -> bytes:
        """A CSV of these tags, read a second apart, in the organisation's zone."""
        begins = self.at() if at is None else at
        lines = ["EPC,Timestamp,RSSI,Antenna"]
        for nth, tag in enumerate(tags):
            when = moment(begins + nth * SECOND, self.front.archive.scheme.timezone).strftime("%Y-%m-%d %H:%M:%S")
            lines.append(f"{tag if isinstance(tag, str) else epc_of(tag)},{when},-61.5,{antenna}")
        return "\n".join(lines).encode()

    def upload(self, data: bytes, name: str = "sweep.csv") -> Any:
        """Send a file; gives the answer."""
        files = {"reads": (name, data, "text/csv")}
        return self.browser.http.post("/handhelds", data={"csrf": self.browser.csrf}, files=files)

    def draft(self, data: bytes, name: str = "sweep.csv") -> str:
        """Send a file that can be read; gives the address of its preview."""
        answer = self.upload(data, name)
        assert answer.status_code == 303, words(answer.text)[:600]
        address: str = answer.headers["location"]
        return address

    def take(self, data: bytes, device: str = "H1", **said: Any) -> str:
        """Send a file and confirm it as recognised; gives the upload's number."""
        answer = self.confirm(self.draft(data), device=device, **said)
        assert answer.status_code == 303, words(answer.text)[:900]
        return re.split(r"[/?]", answer.headers["location"])[2]

    def confirm(self, address: str, device: str = "H1", **said: Any) -> Any:
        """Confirm a draft, each column as it was recognised."""
        page = self.browser.get(address).text
        roles = re.findall(r'<select name="role".*?</select>', page, re.DOTALL)
        chosen = [re.search(r'<option value="(\w*)" selected', one) for one in roles]
        told = {"role": [one[1] if one else "" for one in chosen], "device": device, "do": "take"}
        return self.browser.send(address, **(told | said))

    def sweep(self, place: int = CABINET) -> str:
        """Open a sweep; gives its number."""
        answer = self.browser.send("/rounds", place=str(place))
        assert answer.status_code == 303, words(answer.text)
        return str(answer.headers["location"].rsplit("/", 1)[1])

    def met(self, number: str) -> tuple[int, int]:
        """Of a sweep: how many were met, and how many are expected."""
        page = self.browser.get(f"/rounds/{number}/state").text
        found = re.search(r'class="huge"><b>(\d+)</b><span>/ (\d+)<', page)
        assert found, words(page)
        return int(found[1]), int(found[2])

    def sightings(self) -> list[tuple[str, Instant, int]]:
        """What the server keeps of it: tag, first time, reads."""
        c = tables.SightingRow.__table__.c  # type: ignore[attr-defined]
        with self.front.archive.books.database.reading() as connection:
            rows = connection.execute(select(c.epc, c.first_at, c.count).order_by(c.epc, c.first_at))
            return [(row.epc, row.first_at, row[2]) for row in rows]

    def kept(self) -> tuple[int, int]:
        """How many uploads and how many new reads there are."""
        with self.front.archive.books.database.reading() as connection:
            uploads = connection.scalar(select(func.count()).select_from(HandheldUploadRow))
            new = HandheldReadRow.__table__.c.new  # type: ignore[attr-defined]
            reads = connection.scalar(select(func.count()).select_from(HandheldReadRow).where(new))
        return uploads or 0, reads or 0


def a_hand(front: Front, who: str = "clerk") -> Hand:
    """A clerk who is signed in."""
    return Hand(front, front.signed_in(who))

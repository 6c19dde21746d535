"""A desk with a reader: what is held to it is posted to the intake as an edge daemon posts it."""

import json
import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from api.rest.asking import PREFIX
from custody.access import INSTALLATION
from custody.entries.badges import BadgeGiven
from custody.values import SECOND
from reconcile.store import devices
from reconcile.store.readers import upsert_antenna, upsert_reader
from tests.builders import NOW, PEOPLE, READING
from tests.web.front import Browser, Front, words

TOKEN = "the desk daemon's token"
DESK = "desk-1"
CHEN_BADGE, SUN_BADGE, LOST_BADGE = "04A2B3C4D5E680", "1A2B3C4D", "04FFEEDDCCBBAA"
LABEL = "E00401508A5B6C7D"


@dataclass
class Desk:
    """The desk's daemon and the clerk's page."""

    front: Front
    sequence: int = 0
    boot: str = "0a" * 8
    state: dict[str, Any] = field(default_factory=dict)

    def tap(self, *uids: str, ago: float = 0, reader: str = DESK, antenna: int = 1, token: str = TOKEN) -> Any:
        """Cards and labels held to a reader, one after another; `ago`: so many seconds before now."""
        at = self.front.clock() - int(ago * SECOND)
        rows = []
        for uid in uids:
            self.sequence += 1
            rows.append([self.sequence, uid, None, reader, antenna, at, at, 1, None, None, at])
        body = {"daemon": "edge-desk", "boot": self.boot, "sightings": rows}
        http = self.front.browser().http
        headers = {"Authorization": f"Bearer {token}"}
        answer = http.post(f"{PREFIX}/intake", content=json.dumps(body), headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def wait(self, seconds: float) -> None:
        """Time goes on."""
        self.front.clock.at += int(seconds * SECOND)


@dataclass
class Page:
    """The clerk's open page: what its form would send."""

    browser: Browser
    address: str = f"/desk/{DESK}"
    text: str = ""
    status: int = 0

    def open(self) -> "Page":
        """Open it anew."""
        return self._drawn(self.browser.get(self.address))

    def press(self, do: str = "scan", **more: Any) -> "Page":
        """Send its form with a button; without one, as the page does when it is told of a tap."""
        return self._drawn(self.browser.send(self.address, **(self.fields | {"do": do} | more)))

    def _drawn(self, answer: Any) -> "Page":
        self.text, self.status = answer.text, answer.status_code
        return self

    @property
    def fields(self) -> dict[str, str]:
        """Its fields as they stand."""
        found: dict[str, str] = {}
        for tag in re.findall(r"<input [^>]*>", self.text):
            name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
            if name and name[1] not in ("csrf", "scan"):
                found[name[1]] = value[1] if value else ""
        return found

    @property
    def said(self) -> str:
        """Its words."""
        return unescape(words(self.text))

    @property
    def codes(self) -> list[str]:
        """What lies on the desk."""
        return self.fields["codes"].split()


def a_desk(front: Front) -> Desk:
    """A desk with a reader in the reading room; Chen and Sun bear badges."""
    archive = front.archive
    with archive.books.database.writing() as connection:
        devices.create_device(connection, "edge-desk", devices.token_hash(TOKEN), NOW)
        upsert_reader(connection, DESK, NOW, title_zh="借阅台", title_en="Lending desk")
        upsert_antenna(connection, DESK, 1, READING, "desk")
        upsert_reader(connection, "desk-2", NOW, title_zh="二号台", title_en="Second desk")
        upsert_antenna(connection, "desk-2", 1, READING, "desk")
    given = [BadgeGiven(PEOPLE["chen"], CHEN_BADGE), BadgeGiven(PEOPLE["sun"], SUN_BADGE)]
    archive.books.enter(INSTALLATION, given, act="directory")
    return Desk(front)

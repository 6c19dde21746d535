"""From the spool to the server: at least once, in order, the oldest first; the server takes each record once.

A parcel is forgotten here only when the server answers that it is on its own disk. Whatever else happens
(no network, a restart, an answer that is lost) it is sent again, after a pause that grows and is spread at random.
Records that the server calls invalid are found by halving the parcel, put aside in the spool and said in the log.
"""

import json
import logging
import random
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from readers.packing import MEDIA_TYPE, pack_delivery
from readers.sighting import Instant
from readers.spool import BATCH_RECORDS_MAX, Parcel, Spool, SpoolError, by_kind

log = logging.getLogger(__name__)

INTAKE_PATH = "/api/v1/intake"
PAUSE_SECONDS_MIN = 0.5
PAUSE_SECONDS_MAX = 15.0
IDLE_SECONDS = 1.0
ANSWER_SECONDS_MAX = 30.0
_REASON_CHARACTERS_MAX = 300


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one parcel: taken through a sequence, called invalid, too long, or not now (with why)."""

    through: int | None = None
    invalid: str | None = None
    too_long: bool = False
    trouble: str | None = None


def pinned(ca: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or later towards a server for whose name `ca` vouches; without one, towards nobody.

    Raises OSError where the file cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca is not None:
        context.load_verify_locations(ca)
    return context


def backoff_seconds(failures: int, rng: random.Random, longest_seconds: float = PAUSE_SECONDS_MAX) -> float:
    """The pause before the next attempt: doubled each time, and spread so that daemons do not come together."""
    return min(longest_seconds, PAUSE_SECONDS_MIN * 2.0 ** min(failures - 1, 20)) * rng.uniform(0.5, 1.0)


def body_of(daemon: str, parcel: Parcel) -> dict[str, Any]:
    """The request's body, as the wire contract has it (docs/reference/edge-daemon.md)."""
    return {"daemon": daemon, "boot": parcel.boot, **parcel.rows()}


def delivery_of(daemon: str, parcel: Parcel, packed: bool) -> tuple[str, bytes]:
    """Media type and body. `packed`: the server takes sightings as the spool has them. Raises SpoolError."""
    if not (packed and parcel.packed):
        return "application/json", _dumped(body_of(daemon, parcel))
    rows = {"daemon": daemon, "boot": parcel.boot, **by_kind(parcel.records)}
    return MEDIA_TYPE, pack_delivery(_dumped(rows), [(each.first_seq, each.body) for each in parcel.packed])


def _dumped(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def read_answer(status: int, text: str, parcel: Parcel) -> Answer:
    """What an answer of the server means for the parcel."""
    if status == 200:
        return _read_success(text, parcel)
    said = _said(text)
    if status in (400, 422):
        return Answer(invalid=said or f"status {status}")
    if status == 413:
        return Answer(too_long=True)
    if status in (401, 403):
        return Answer(
            trouble=f"the server does not know this daemon (status {status}{': ' + said if said else ''}): "
            "check `token` or `token_file` under [server]; nothing is lost, the spool keeps everything"
        )
    return Answer(trouble=f"the server answers with status {status}{': ' + said if said else ''}")


def _read_success(text: str, parcel: Parcel) -> Answer:
    try:
        found = json.loads(text)
        through, settled = int(found["acknowledged"]), int(found["taken"]) + int(found["repeated"])
    except (ValueError, LookupError, TypeError):
        return Answer(trouble="the server's acknowledgement cannot be read: is `url` the address of a custody server?")
    if settled >= parcel.count:
        # Every record of the parcel is on the server's disk, whatever else of this boot may be missing.
        through = parcel.last_seq
    return Answer(through=min(through, parcel.last_seq))


def _said(text: str) -> str:
    """The server's own words, short and on one line."""
    try:
        found = json.loads(text)
    except ValueError:
        found = text
    if isinstance(found, dict):
        found = found.get("detail") or found.get("error") or found.get("message") or found
    words = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
    return " ".join(words.split())[:_REASON_CHARACTERS_MAX]


class Uplink:
    """Delivers until stopped; one thread."""

    def __init__(
        self,
        spool: Spool,
        *,
        daemon: str,
        url: str,
        token: str,
        clock: Callable[[], Instant],
        rng: random.Random,
        ca: Path | None = None,
        client: httpx2.Client | None = None,
    ) -> None:
        """`client` is for tests; a real one goes straight to the server, whatever proxies the machine names.

        `ca`: the certificate of the one authority that is believed; those that the machine knows are not. Raises
        OSError where it cannot be read.
        """
        self._spool = spool
        self._daemon = daemon
        self._url = url.rstrip("/") + INTAKE_PATH
        self._headers = {"Authorization": f"Bearer {token}"}
        self._clock = clock
        self._rng = rng
        self._client = client or httpx2.Client(
            trust_env=False, timeout=ANSWER_SECONDS_MAX, follow_redirects=False, verify=pinned(ca)
        )
        self._wake = threading.Event()
        self._records_max = BATCH_RECORDS_MAX
        self._trouble: str | None = None
        # Asked by the header Accept-Post of every answer: the server may be another one after a restart.
        self._packed = False

    @property
    def healthy(self) -> bool:
        """Whether the last attempt to deliver, if there was one, went well."""
        return self._trouble is None

    def wake(self) -> None:
        """There is something new in the spool."""
        self._wake.set()

    def close(self) -> None:
        """End the connections to the server."""
        self._client.close()

    def run(self, stop: threading.Event) -> None:
        """Deliver until `stop`; wake() ends a wait early. A failure pauses, and never ends the delivery."""
        failures = 0
        while not stop.is_set():
            self._wake.clear()
            delivered = self.deliver_once()
            if delivered is None:
                self._wake.wait(IDLE_SECONDS)
            elif delivered:
                failures = 0
            else:
                failures += 1
                stop.wait(backoff_seconds(failures, self._rng))

    def deliver_once(self) -> bool | None:
        """Send the oldest parcel. True: progress; False: none, try later; None: nothing is waiting."""
        try:
            parcel = self._spool.oldest(self._records_max)
            if parcel is None:
                return None
            return self._act(self._send(parcel), parcel)
        except SpoolError as error:
            return self._trouble_is(str(error))

    def _send(self, parcel: Parcel) -> Answer:
        # A record that is refused alone was sent as a row, so that the answer can say what is wrong with it.
        kind, body = delivery_of(self._daemon, parcel, self._packed and parcel.count > 1)
        headers = self._headers | {"Content-Type": kind, "Custody-Spool": self._how_full()}
        try:
            answer = self._client.post(self._url, content=body, headers=headers)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            return Answer(trouble=f"the server at {self._url} cannot be reached: {reason}")
        self._packed = MEDIA_TYPE in answer.headers.get("Accept-Post", "")
        return read_answer(answer.status_code, answer.text, parcel)

    def _how_full(self) -> str:
        """For the server's page of readers: nothing that waits here is a surprise there."""
        left = self._spool.counts()
        return (
            f"waiting={left.waiting}, bytes={left.bytes}, bytes_max={self._spool.bytes_max}, "
            f"rejected={left.rejected}, lost={left.lost}"
        )

    def _act(self, answer: Answer, parcel: Parcel) -> bool:
        if answer.trouble is not None:
            return self._trouble_is(answer.trouble)
        if answer.invalid is not None or answer.too_long:
            return self._narrow(answer, parcel)
        through = answer.through or 0
        if through < parcel.first_seq:
            return self._trouble_is("the server acknowledges nothing of what it was sent")
        self._spool.acknowledge(parcel, through)
        self._records_max = min(BATCH_RECORDS_MAX, self._records_max * 2)
        if self._trouble is not None:
            log.info("uplink: delivering again")
            self._trouble = None
        return True

    def _narrow(self, answer: Answer, parcel: Parcel) -> bool:
        """Halve the parcel until one record alone is to blame; that one is put aside."""
        if parcel.count > 1:
            self._records_max = max(1, parcel.count // 2)
            return True
        reason = answer.invalid or "the server calls this one record too long"
        self._spool.reject(parcel, reason, self._clock())
        log.error(
            "uplink: the server refused record %d of boot %s, which is put aside in the spool: %s",
            parcel.first_seq,
            parcel.boot,
            reason,
        )
        return True

    def _trouble_is(self, trouble: str) -> bool:
        # Said once, not at every attempt.
        if trouble != self._trouble:
            log.warning("uplink: %s", trouble)
            self._trouble = trouble
        return False

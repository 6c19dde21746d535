"""The PC/SC service as this product uses it, and the only file that imports pyscard.

One `Service` is one context of `smartcard.scard`, used by one thread. Nothing here waits longer than it is told to
as long as the service answers; where the service (or a card in its reader) is frozen, a call does not come back, so
callers run it in a thread that they can give up. The monitor threads of pyscard are not used: they end silently
when the service restarts.
"""

import queue
import threading
from collections.abc import Sequence
from types import ModuleType
from typing import NamedTuple, Protocol

from readers.driver import ConnectionFailed, DriverError, ProtocolViolated, ReaderBusy, ReaderFrozen
from readers.pcsc.number import GET_NUMBER, length_to_ask, number_of

HOW_TO_INSTALL = (
    "desk readers need pyscard, which is not installed: apt-get install swig libpcsclite-dev gcc pkg-config "
    "python3-dev pcscd, then bash tools/pyscard.sh .venv (or pip install 'carrier-custody[pcsc]')"
)
HOW_TO_START = "the PC/SC service does not answer: systemctl enable --now pcscd.socket"


class CardGone(Exception):
    """The card was taken away before it had told its number."""


class NoAnswer(Exception):
    """The card that lies there could not be read this time; the message says why."""


class Standing(NamedTuple):
    """What the service says of a reader. `events` counts cards laid on and taken away, and wraps at 65,536."""

    present: bool
    exclusive: bool
    events: int
    raw: int


class Desk(Protocol):
    """What the driver asks of the service."""

    def names(self) -> list[str]:
        """The readers that are plugged in. Raises DriverError."""
        ...

    def standing(self, name: str, known: Standing | None, milliseconds: int) -> Standing | None:
        """How the reader stands, as soon as that differs from what is known; None where it did not in that time.

        Raises DriverError, also where the reader is no longer there.
        """
        ...

    def number(self, name: str) -> str:
        """The number of the card that lies there. Raises NoNumber, NoAnswer, CardGone, DriverError."""
        ...

    def close(self) -> None:
        """Give the context back."""
        ...


def _library() -> ModuleType:
    try:
        from smartcard import scard
    except ImportError as missing:
        raise DriverError(HOW_TO_INSTALL) from missing
    return scard  # type: ignore[no-any-return]


def missing() -> str | None:
    """What this machine lacks for desk readers, in plain words; None where it has everything."""
    try:
        _library()
    except DriverError as lacking:
        return str(lacking)
    return None


def plugged_in(seconds_max: float = 5.0) -> list[str]:
    """The names of the desk readers at this machine. Raises DriverError, ReaderFrozen where no answer comes."""
    said: queue.Queue[list[str] | DriverError] = queue.Queue()

    def ask() -> None:
        try:
            service = Service()
            try:
                said.put(service.names())
            finally:
                service.close()
        except DriverError as error:
            said.put(error)

    threading.Thread(target=ask, name="pcsc-names", daemon=True).start()
    try:
        found = said.get(timeout=seconds_max)
    except queue.Empty:
        raise ReaderFrozen(
            f"no answer for {seconds_max:g} s: the PC/SC service is frozen: systemctl restart pcscd"
        ) from None
    if isinstance(found, DriverError):
        raise found
    return found


class Service:
    """One context of the PC/SC service (`Desk`)."""

    def __init__(self) -> None:
        """Raises ConnectionFailed where the service does not run, DriverError where pyscard is missing."""
        self._scard = _library()
        code, self._context = self._scard.SCardEstablishContext(self._scard.SCARD_SCOPE_SYSTEM)
        if code != self._scard.SCARD_S_SUCCESS:
            raise self._failure(code, "the PC/SC service")

    def names(self) -> list[str]:
        """The readers that are plugged in. Raises DriverError."""
        code, found = self._scard.SCardListReaders(self._context, [])
        if code == self._scard.SCARD_E_NO_READERS_AVAILABLE:
            return []
        if code != self._scard.SCARD_S_SUCCESS:
            raise self._failure(code, "the list of readers")
        return list(found)

    def standing(self, name: str, known: Standing | None, milliseconds: int) -> Standing | None:
        """How the reader stands, once that differs from what is known; None where it did not. Raises DriverError."""
        scard = self._scard
        before = scard.SCARD_STATE_UNAWARE if known is None else known.raw & ~scard.SCARD_STATE_CHANGED
        code, found = scard.SCardGetStatusChange(self._context, milliseconds, [(name, before)])
        if code not in (scard.SCARD_S_SUCCESS, scard.SCARD_E_TIMEOUT):
            raise self._failure(code, name)
        raw = found[0][1]
        if raw & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE | scard.SCARD_STATE_IGNORE):
            raise _unplugged(name)
        now = Standing(
            bool(raw & scard.SCARD_STATE_PRESENT),
            bool(raw & scard.SCARD_STATE_EXCLUSIVE),
            raw >> 16 & 0xFFFF,
            raw & 0xFFFFFFFF,
        )
        # Another program that takes the reader for itself wakes nobody: only the state tells it.
        waited_in_vain = code == scard.SCARD_E_TIMEOUT and known is not None and known[:3] == now[:3]
        return None if waited_in_vain else now

    def number(self, name: str) -> str:
        """The number of the card that lies there, believed when told twice.

        Raises NoNumber, NoAnswer, CardGone, DriverError.
        """
        first, second = self._twice(name)
        if first != second:
            raise NoAnswer("it answers differently each time")
        return number_of(first)

    def close(self) -> None:
        """Give the context back; a service that is gone takes nothing back."""
        self._scard.SCardReleaseContext(self._context)

    def _twice(self, name: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The answers to the same question, asked twice of one card. Raises NoAnswer, CardGone, DriverError."""
        scard = self._scard
        code, handle, protocol = scard.SCardConnect(
            self._context, name, scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        )
        if code != scard.SCARD_S_SUCCESS:
            if code == scard.SCARD_E_SHARING_VIOLATION:
                raise held_by_another(name)
            raise self._disturbance(code, name)
        try:
            return self._ask(handle, protocol, name), self._ask(handle, protocol, name)
        finally:
            scard.SCardDisconnect(handle, scard.SCARD_LEAVE_CARD)

    def _ask(self, handle: int, protocol: int, name: str) -> tuple[int, ...]:
        """The card's answer to GET DATA. Raises NoAnswer, CardGone, DriverError."""
        answer = self._transmit(handle, protocol, GET_NUMBER, name)
        length = length_to_ask(answer)
        return answer if length is None else self._transmit(handle, protocol, (*GET_NUMBER[:-1], length), name)

    def _transmit(self, handle: int, protocol: int, request: Sequence[int], name: str) -> tuple[int, ...]:
        scard = self._scard
        header = scard.SCARD_PCI_T0 if protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
        code, answer = scard.SCardTransmit(handle, header, list(request))
        if code == scard.SCARD_S_SUCCESS:
            return tuple(answer)
        if code == scard.SCARD_E_SHARING_VIOLATION:
            raise NoAnswer("another program talks to it")
        raise self._disturbance(code, name)

    def _disturbance(self, code: int, name: str) -> Exception:
        """What a failed call says: the card is gone, it may be asked again, or the reader failed."""
        scard = self._scard
        if code in (scard.SCARD_E_NO_SMARTCARD, scard.SCARD_W_REMOVED_CARD):
            return CardGone()
        if code in (
            scard.SCARD_W_UNRESPONSIVE_CARD,
            scard.SCARD_W_UNPOWERED_CARD,
            scard.SCARD_W_RESET_CARD,
            scard.SCARD_W_UNSUPPORTED_CARD,
            scard.SCARD_E_PROTO_MISMATCH,
            scard.SCARD_E_CARD_UNSUPPORTED,
            scard.SCARD_E_NOT_TRANSACTED,
            scard.SCARD_E_INSUFFICIENT_BUFFER,
        ):
            return NoAnswer("it does not answer, or was taken away too soon")
        return self._failure(code, name)

    def _failure(self, code: int, what: str) -> DriverError:
        scard = self._scard
        if code in (scard.SCARD_E_NO_SERVICE, scard.SCARD_E_SERVICE_STOPPED, scard.SCARD_F_COMM_ERROR):
            return ConnectionFailed(HOW_TO_START)
        if code in (
            scard.SCARD_E_UNKNOWN_READER,
            scard.SCARD_E_READER_UNAVAILABLE,
            scard.SCARD_E_NO_READERS_AVAILABLE,
        ):
            return _unplugged(what)
        if code == scard.SCARD_E_SHARING_VIOLATION:
            return held_by_another(what)
        if code in (scard.SCARD_W_SECURITY_VIOLATION, scard.SCARD_E_NO_ACCESS):
            return ConnectionFailed("the PC/SC service refuses this user: see its polkit rules (access_pcsc)")
        return ConnectionFailed(f"{what}: {scard.SCardGetErrorMessage(code)} ({code & 0xFFFFFFFF:#010x})")


def _unplugged(name: str) -> ConnectionFailed:
    return ConnectionFailed(f"{name} is no longer there: it was unplugged, or the PC/SC service lost it")


def held_by_another(name: str) -> ReaderBusy:
    """The error of a reader that another program uses exclusively."""
    return ReaderBusy(f"another program keeps {name} for itself alone: end it, or give it another reader")


def chosen(names: Sequence[str], device: str, slot: int | None) -> str:
    """The one reader that is meant: whose name holds `device` (capitals aside) and ends with the slot.

    PC/SC names end with the number of the reader and of its slot, each of two hexadecimal digits; the whole name
    wins over a part. Raises ConnectionFailed where there is none, ProtocolViolated where there are several.
    """
    if device in names:
        return device
    fits = [name for name in names if device.casefold() in name.casefold()]
    if slot is not None:
        fits = [name for name in fits if name.upper().endswith(f" {slot:02X}")]
    if len(fits) == 1:
        return fits[0]
    meant = f'device = "{device}"' + ("" if slot is None else f", slot = {slot}")
    if not fits:
        found = ", ".join(names) if names else "none"
        raise ConnectionFailed(f"no desk reader fits {meant}; plugged in: {found}")
    raise ProtocolViolated(f"{meant} fits several desk readers: {', '.join(fits)}: write more of the name, or `slot`")

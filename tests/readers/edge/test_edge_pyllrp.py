"""A reader whose every message is read and written by pyllrp, a library of others, with all its checks on.

What our driver asks must be LLRP to it, field by field; what it reports must be understood by ours.
"""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from edge_doubles import eventually, now_us
from pyllrp import pyllrp as peer

from readers.driver import ProtocolViolated
from readers.llrp import LlrpDriver, LlrpSettings

UNANSWERED = ("ENABLE_EVENTS_AND_REPORTS_Message", "KEEPALIVE_ACK_Message", "CLOSE_CONNECTION_Message")


def epc_of(tag: int) -> Any:
    """A tag's number: 96 bits, or another length in the longer form."""
    if tag % 3:
        return peer.EPC_96_Parameter(EPC=int(f"3414F4A2{tag:016X}", 16))
    return peer.EPCData_Parameter(EPC=bytes.fromhex(f"3414{tag:012X}"))


class Peer:
    """The reader: grants everything, or refuses one kind of request, and reports when its ROSpec is enabled."""

    def __init__(self, refuses: str = "") -> None:
        self.refuses = refuses
        self.asked: list[Any] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def end(self) -> None:
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            self._welcome().send(connection)
            while not (self.asked and self._name() == "CLOSE_CONNECTION_Message"):
                try:
                    self.asked.append(peer.UnpackMessageFromSocket(connection))
                except (RuntimeError, OSError):
                    return
                if self._name() not in UNANSWERED:
                    self._answer().send(connection)
                if self._name() == "ENABLE_ROSPEC_Message":
                    peer.KEEPALIVE_Message(MessageID=900).send(connection)
                    connection.sendall(b"".join(self._report(each) for each in range(1, 10)))

    def _name(self) -> str:
        return type(self.asked[-1]).__name__

    def _welcome(self) -> Any:
        success = peer.ConnectionAttemptEvent_Parameter(Status=peer.ConnectionAttemptStatusType.Success)
        said = [peer.UTCTimestamp_Parameter(Microseconds=now_us()), success]
        return peer.READER_EVENT_NOTIFICATION_Message(
            MessageID=0, Parameters=[peer.ReaderEventNotificationData_Parameter(Parameters=said)]
        )

    def _answer(self) -> Any:
        asked = self.asked[-1]
        found = peer.GetResponseClass(asked)(MessageID=asked.MessageID)
        good = self._name() != f"{self.refuses}_Message"
        code = peer.StatusCode.M_Success if good else peer.StatusCode.M_FieldError
        words = "" if good else "not today"
        found.Parameters.append(peer.LLRPStatus_Parameter(StatusCode=code, ErrorDescription=words))
        if self._name() == "GET_READER_CAPABILITIES_Message":
            found.Parameters.append(
                peer.GeneralDeviceCapabilities_Parameter(
                    MaxNumberOfAntennaSupported=4,
                    CanSetAntennaProperties=False,
                    HasUTCClockCapability=True,
                    DeviceManufacturerName=25882,
                    ModelName=2001002,
                    ReaderFirmwareVersion="5.14.0",
                    Parameters=[
                        peer.ReceiveSensitivityTableEntry_Parameter(Index=1, ReceiveSensitivityValue=0),
                        peer.GPIOCapabilities_Parameter(NumGPIs=4, NumGPOs=4),
                        peer.PerAntennaAirProtocol_Parameter(AntennaID=1, ProtocolID=[1]),
                    ],
                )
            )
        return found

    def _report(self, tag: int) -> bytes:
        now = now_us()
        fields = [
            epc_of(tag),
            peer.ROSpecID_Parameter(ROSpecID=1),
            peer.AntennaID_Parameter(AntennaID=tag % 4 + 1),
            peer.PeakRSSI_Parameter(PeakRSSI=-50 - tag),
            peer.FirstSeenTimestampUTC_Parameter(Microseconds=now),
            peer.LastSeenTimestampUTC_Parameter(Microseconds=now),
            peer.TagSeenCount_Parameter(TagCount=tag),
            peer.C1G2_PC_Parameter(PC_Bits=0x3000),
        ]
        data = peer.TagReportData_Parameter(Parameters=fields)
        found = peer.RO_ACCESS_REPORT_Message(MessageID=tag, Parameters=[data])
        return bytes(peer.PackMessage(found).tobytes())


@pytest.fixture
def reader() -> Iterator[Peer]:
    found = Peer()
    yield found
    found.end()


def driver(reader: Peer, **more: Any) -> LlrpDriver:
    return LlrpDriver(LlrpSettings("cabinet", "127.0.0.1", reader.port, **more), now_us)


def test_another_implementation_and_ours_understand_each_other(reader: Peer) -> None:
    ours = driver(reader, antennas=(1, 3), session=1)
    identity = ours.open()
    assert (identity.model, identity.firmware) == ("Impinj 2001002", "5.14.0")
    found = []
    for batch in ours.reads():
        found += batch.reads
        if len({read.epc for read in found}) == 9:
            break
    ours.close()
    # What it reported is what we heard.
    said = {each: f"3414F4A2{each:016X}" if each % 3 else f"3414{each:012X}" for each in range(1, 10)}
    heard = {read.epc: read for read in found}
    assert heard.keys() == set(said.values())
    for each, epc in said.items():
        assert (heard[epc].antenna, heard[epc].rssi_dbm) == (each % 4 + 1, -50 - each)
        assert sum(read.count for read in found if read.epc == epc) == each
    # And what we asked, it could read, in the order of the standard, with the antennas and the session asked for.
    eventually(lambda: type(reader.asked[-1]).__name__ == "CLOSE_CONNECTION_Message")
    names = [type(each).__name__.removesuffix("_Message") for each in reader.asked]
    assert names[:3] == ["GET_READER_CAPABILITIES", "GET_READER_CONFIG", "SET_READER_CONFIG"]
    assert names.index("ADD_ROSPEC") < names.index("ENABLE_ROSPEC")
    assert "KEEPALIVE_ACK" in names
    asked = repr(reader.asked[names.index("ADD_ROSPEC")])
    assert "AntennaIDs=[1, 3]" in asked
    assert "Session" in asked


def test_its_refusal_is_told_in_its_own_words() -> None:
    reader = Peer(refuses="ADD_ROSPEC")
    try:
        with pytest.raises(ProtocolViolated, match="refused ADD_ROSPEC: FieldError not today"):
            driver(reader).open()
    finally:
        reader.end()

"""Which driver serves which kind of reader: one row a kind."""

from collections.abc import Callable, Mapping

from readers.config import ReaderConfig
from readers.driver import Driver
from readers.llrp import LlrpDriver, LlrpSettings
from readers.replay import ReplayDriver
from readers.sighting import Instant

Clock = Callable[[], Instant]
Maker = Callable[[ReaderConfig, Clock], Driver]


def _llrp(reader: ReaderConfig, clock: Clock) -> Driver:
    return LlrpDriver(
        LlrpSettings(
            reader=reader.name,
            host=reader.host,
            port=reader.port,
            antennas=reader.antennas,
            keepalive_seconds=reader.keepalive_seconds,
            session=reader.session,
        ),
        clock,
    )


def _replay(reader: ReaderConfig, clock: Clock) -> Driver:
    if reader.file is None:
        raise ValueError(f'reader {reader.name}: kind = "replay" needs `file`')
    return ReplayDriver(reader.file, reader=reader.name, clock=clock)


MAKERS: Mapping[str, Maker] = {"llrp": _llrp, "replay": _replay}
"""One for each of `readers.config.KINDS`."""


def driver_for(reader: ReaderConfig, clock: Clock) -> Driver:
    """A fresh driver, as configured."""
    return MAKERS[reader.kind](reader, clock)

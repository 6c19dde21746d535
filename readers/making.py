"""Which driver serves which kind of reader: one row a kind."""

import time
from collections.abc import Callable, Iterable, Mapping

from readers import impinj, zebra
from readers.config import ReaderConfig
from readers.driver import Driver
from readers.iot.assembly import Rules
from readers.iot.config import IotConfig
from readers.iot.driver import IotDriver
from readers.iot.found import Source
from readers.iot.httpstream import Endpoint, LineStream
from readers.iot.memory import Memory
from readers.iot.webhook import Listening, Webhook
from readers.llrp import LlrpDriver, LlrpSettings
from readers.pcsc import PcscDriver, PcscSettings
from readers.pcsc import missing as desk_readers_lack
from readers.probing import Probe, look, probe_file, probe_iot, probe_llrp, probe_pcsc
from readers.replay import ReplayDriver
from readers.sighting import Instant
from readers.tls import client_context, server_context

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
            inputs=reader.inputs,
        ),
        clock,
    )


def _replay(reader: ReaderConfig, clock: Clock) -> Driver:
    if reader.file is None:
        raise ValueError(f'reader {reader.name}: kind = "replay" needs `file`')
    return ReplayDriver(reader.file, reader=reader.name, clock=clock)


def _pcsc(reader: ReaderConfig, clock: Clock) -> Driver:
    return PcscDriver(PcscSettings(reader=reader.name, device=reader.device, slot=reader.slot), clock)


def _alone(reader: ReaderConfig, clock: Clock) -> Driver:
    return _iot(reader, clock, Memory(reader.name))


MAKERS: Mapping[str, Maker] = {
    "llrp": _llrp,
    "replay": _replay,
    "pcsc": _pcsc,
    "impinj": _alone,
    "zebra": _alone,
}
"""One for each of `readers.config.KINDS`."""


_LACKING: Mapping[str, Callable[[], str | None]] = {"pcsc": desk_readers_lack}


def lacking(kinds: Iterable[str]) -> list[str]:
    """What this machine lacks for these kinds of reader, in plain words with the remedy."""
    found = (_LACKING[kind]() for kind in sorted(set(kinds) & _LACKING.keys()))
    return [what for what in found if what is not None]


def driver_for(reader: ReaderConfig, clock: Clock) -> Driver:
    """A fresh driver, as configured."""
    return MAKERS[reader.kind](reader, clock)


def maker_for(
    reader: ReaderConfig,
    clock: Clock,
    known: Iterable[bytes] = (),
    monotonic: Callable[[], float] = time.monotonic,
) -> Callable[[], Driver]:
    """What gives a fresh driver for each attempt. `known`: the messages whose content the spool has already."""
    if reader.iot is None:
        return lambda: driver_for(reader, clock)
    memory = Memory(reader.name, known)
    return lambda: _iot(reader, clock, memory, monotonic)


def _iot(reader: ReaderConfig, clock: Clock, memory: Memory, monotonic: Callable[[], float] = time.monotonic) -> Driver:
    iot = reader.iot
    if iot is None:
        raise ValueError(f'reader {reader.name}: kind = "{reader.kind}" needs `mode`')
    decode = impinj.decode if reader.kind == "impinj" else zebra.decode
    rules = Rules(
        reader.name,
        reader.antennas,
        totals=iot.totals,
        numbered=reader.kind == "zebra",
        apart_us=round(iot.silent_seconds * 1_000_000),
        urgent=iot.mode == "webhook",
    )
    return IotDriver(rules, _source(iot, clock, memory), decode, memory, iot.silent_seconds, clock, monotonic)


def _source(iot: IotConfig, clock: Clock, memory: Memory) -> Source:
    if iot.mode == "webhook":
        served = None if iot.certificate is None else server_context(iot.certificate, iot.key)
        host, port = iot.listen
        return Webhook(Listening(host, port, iot.path, iot.user, iot.password, served), clock)
    tls = None if iot.ca is None else client_context(iot.ca, iot.certificate, iot.key)
    if iot.mode == "stream":
        endpoint = Endpoint(iot.host, iot.port, tls, iot.user, iot.password)
        return LineStream(endpoint, impinj.STREAM_PATH, impinj.prepare(iot.preset, clock), clock)
    # A broker is met by those only who have one.
    from readers.iot.mqtt import Broker, MqttSource

    return MqttSource(Broker(iot.host, iot.port, iot.topics, iot.client, iot.user, iot.password, tls), memory, clock)


PROBES: Mapping[str, Probe] = {
    "llrp": probe_llrp,
    "replay": probe_file,
    "pcsc": probe_pcsc,
    "impinj": probe_iot,
    "zebra": probe_iot,
}
"""How a reader of each kind is tried without reading, for `--check`; a kind without one is said to be untried."""


def probe_of(kind: str) -> Probe:
    """The probe of a kind of reader."""
    untried: Probe = lambda reader, _clock: [  # noqa: E731
        look(f"{reader.name} is not tried: for a reader of kind {kind} there is no way", "start the daemon, and see")
    ]
    return PROBES.get(kind, untried)

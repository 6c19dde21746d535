"""A virtual reader: LLRP 1.0.1 over TCP, played from a scenario (see `readers.scenario`).

It is complete enough for any LLRP client: the demo, the tests and whoever has no reader at hand use the same path
as a real device. `machine` is the protocol without a socket, `inventory` the specs and reports, `shapes` what a
client may send, `reader` the socket and the scenario's time.
"""

from readers.virtual.command import VirtualReaderThread, main_virtual_reader, run_virtual_readers
from readers.virtual.reader import READS_PER_SECOND, VirtualReader

__all__ = ["READS_PER_SECOND", "VirtualReader", "VirtualReaderThread", "main_virtual_reader", "run_virtual_readers"]

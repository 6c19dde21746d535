"""A virtual reader on a port of its own, and a client that it has welcomed."""

from collections.abc import Iterator

import pytest
from virtual_client import Client

from readers.scenario import parse
from readers.virtual import VirtualReaderThread

SHELF = ("3414F4A20000000000000001", "3414F4A20000000000000002")
BADGE = "E28011700000"
SCENARIO = parse(
    f"""
reader cabinet antennas 1:B1-01-1 2:B1-01-2 4:B1-01-4
tags shelf {" ".join(SHELF)}
carrier badge {BADGE}
0 cabinet/1 arrive shelf at -50
0 cabinet/2 arrive badge at -60
"""
)


@pytest.fixture
def port() -> Iterator[int]:
    with VirtualReaderThread(SCENARIO, {"cabinet": 0}, reads_per_second=50, seed=1) as readers:
        yield readers.ports["cabinet"]


@pytest.fixture
def client(port: int) -> Iterator[Client]:
    with Client(port) as found:
        yield found.connected()

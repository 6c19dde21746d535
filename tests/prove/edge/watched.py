"""The edge daemon with a watch on it: python -m tests.prove.edge.watched FOLDER SECONDS PORT…

The daemon as it is, with one thing around it: when the spool has a batch on its disk, the clock is read, and of every
tag that was never there before it is noted how long its bytes took. Prints what it came to as JSON.
"""

import json
import random
import resource
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from readers import daemon
from readers.columns import SightingColumns
from readers.config import DaemonConfig, load
from readers.sighting import Record
from readers.spool import Spool
from tests.prove.edge.fleet import NEW

_SERVER = '[daemon]\nname = "edge-1"\nspool = "edge.spool"\n[server]\nurl = "http://127.0.0.1:9"\ntoken = "t"\n'


def configuration(folder: Path, ports: Sequence[int]) -> DaemonConfig:
    """A daemon with a reader at each port, and nobody to deliver to."""
    text = _SERVER + "".join(
        f'[[reader]]\nname = "r{at}"\nkind = "llrp"\nhost = "127.0.0.1"\nport = {port}\n'
        for at, port in enumerate(ports)
    )
    file = folder / "edge.toml"
    file.write_text(text)
    file.chmod(0o600)
    return load(file)


def rss_bytes() -> int:
    """What the process holds in memory now."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def main(folder: Path, seconds: float, ports: Sequence[int]) -> dict[str, Any]:
    """Run for so long; the figures."""
    delays: list[int] = []
    totals = {"sightings": 0, "reads": 0, "records": 0}

    class Watched(Spool):
        def append(
            self, records: Sequence[Record | SightingColumns], known: Mapping[str, Sequence[bytes]] | None = None
        ) -> int:
            last = super().append(records, known or {})
            now = daemon.now_us()
            for record in records:
                if isinstance(record, SightingColumns):
                    totals["sightings"] += len(record)
                    totals["reads"] += int(record.counts.sum())
                    delays.extend(
                        now - at
                        for key, at in zip(record.keys, record.first.tolist(), strict=True)
                        if isinstance(key, bytes) and key.startswith(NEW)
                    )
                else:
                    totals["records"] += 1
            return last

    daemon.Spool = Watched  # type: ignore[misc]
    stop = threading.Event()
    samples: list[int] = []

    def sample() -> None:
        began = time.monotonic()
        while not stop.wait(max(0.05, seconds / 40)):
            samples.append(rss_bytes())
            if time.monotonic() - began > seconds:
                stop.set()

    watch = threading.Thread(target=sample)
    watch.start()
    began, cpu = time.monotonic(), time.process_time()
    daemon.run_daemon(configuration(folder, ports), clock=daemon.now_us, rng=random.Random(1), stop=stop)
    watch.join()
    delays.sort()
    return {
        **totals,
        "seconds": time.monotonic() - began,
        "cpu": time.process_time() - cpu,
        "rss": samples,
        "new": len(delays),
        "p50_ms": delays[len(delays) // 2] / 1000 if delays else None,
        "p99_ms": delays[len(delays) * 99 // 100] / 1000 if delays else None,
        "spool_bytes": (folder / "edge.spool").stat().st_size,
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), float(sys.argv[2]), [int(port) for port in sys.argv[3:]])))

"""Kills one process while a write is open in it: `python -S -m tests.prove.killer MARKS PID DELAY_US TIMEOUT_SECONDS`.

A process of its own, since it must look thousands of times a second. The pid is a child of the test that asks, not
yet waited for, so it cannot be anybody else's. Exit code 1: no write was seen open in time, nothing was killed.
"""

import os
import signal
import sys
import time
from pathlib import Path

from tests.prove.marks import Marks

LOOK_SECONDS = 0.00005


def kill_inside(marks: Marks, pid: int, delay_seconds: float, timeout_seconds: float) -> bool:
    """Wait for an open write, let it go on for a moment, and kill if it is open still; whether it was killed."""
    until = time.monotonic() + timeout_seconds
    while time.monotonic() < until:
        if marks.open_writes:
            begun = marks.begun
            moment = time.monotonic() + delay_seconds
            while time.monotonic() < moment:
                pass
            if marks.open_writes and marks.begun == begun:
                os.kill(pid, signal.SIGKILL)
                return True
            # That one was quicker; the next is cut earlier.
            delay_seconds /= 2
        time.sleep(LOOK_SECONDS)
    return False


if __name__ == "__main__":
    killed = kill_inside(Marks(Path(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3]) / 1e6, float(sys.argv[4]))
    sys.exit(0 if killed else 1)

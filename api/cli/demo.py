"""`custody demo` and `custody virtual-reader`."""

import logging
import os
import signal
import tempfile
import threading
from argparse import Namespace
from pathlib import Path
from types import FrameType

from api import logs
from api.cli.said import complain, say
from api.demo import Demo, default_folder, play, play_once, sample_file, to_json
from readers.virtual import main_virtual_reader


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()

    def ended(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, ended)
    signal.signal(signal.SIGTERM, ended)
    return stop


def demo(options: Namespace) -> int:
    """The sample archive live, or the story played once."""
    # What happens is told on the terminal; the log has what goes wrong.
    logs.set_up(level=logging.WARNING)
    stop = _stop_on_signals()
    with tempfile.TemporaryDirectory(prefix="custody-demo-") as temporary:
        wanted = Demo(
            data=options.data or default_folder(options.once, os.environ, temporary),
            port=0 if options.once else options.port,
            sample=sample_file("archive.xlsx"),
            scenario=options.scenario or sample_file("day.txt"),
            keep=options.keep,
        )
        if not options.once:
            play(wanted, say, stop)
            return 0
        result = play_once(wanted, complain, stop)
        if options.json:
            say(to_json(result))
        else:
            for finding in result["findings"]:
                say(f"{finding['number']}  {finding['kind']:<22}{finding['about']}")
        return 130 if stop.is_set() else 0


def virtual_reader(options: Namespace) -> int:
    """One reader of a scenario, speaking LLRP."""
    return main_virtual_reader(options.port, Path(options.scenario), options.reader)

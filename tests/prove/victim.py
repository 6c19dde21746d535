"""The product's own commands, run so that it can be seen from outside when a write is open in them.

    python -m tests.prove.victim MARKS server --data FOLDER --port PORT
    python -m tests.prove.victim MARKS command import FILE --confirm …
    python -m tests.prove.victim MARKS daemon --config FILE

Nothing else is changed: a write is marked from just after its BEGIN until its COMMIT has returned.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.prove.marks import Marks


def _marked(original: Any, marks: Marks) -> Any:
    @contextmanager
    def transaction(self: Any) -> Iterator[Any]:
        begun = False
        try:
            with original(self) as opened:
                marks.enter()
                begun = True
                yield opened
        finally:
            if begun:
                marks.leave()

    return transaction


def server(marks: Marks, arguments: list[str]) -> int:
    """`custody serve`."""
    return command(marks, ["serve", *arguments])


def command(marks: Marks, arguments: list[str]) -> int:
    """Any command of `custody`."""
    from api.cli import main
    from custody.database import Database

    Database.writing = _marked(Database.writing, marks)  # type: ignore[method-assign]
    return main(arguments)


def daemon(marks: Marks, arguments: list[str]) -> int:
    """`custody-reader`."""
    from readers.daemon import main
    from readers.spool import Spool

    Spool._transaction = _marked(Spool._transaction, marks)  # type: ignore[method-assign]
    return main(arguments)


if __name__ == "__main__":
    roles = {"server": server, "command": command, "daemon": daemon}
    sys.exit(roles[sys.argv[2]](Marks(Path(sys.argv[1])), sys.argv[3:]))

"""The product at work in a process under an audit hook: prints what it did that it must never do.

It runs where no memory may be written and then executed, as the unit of the server does (MemoryDenyWriteExecute).

Counted are connections (but those of the test's own browser, which goes through no socket), names looked up, programs
started, classes found for a pickle, and code made from bytes by anybody but Python's own import.
"""

import sys
from collections.abc import Callable

_FORBIDDEN = frozenset(
    {
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "socket.sendto",
        "pickle.find_class",
        "marshal.loads",
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.posix_spawn",
    }
)
seen: list[str] = []


def hook(event: str, arguments: tuple[object, ...]) -> None:
    """Note an event that must not be; PostgreSQL and edge daemons are not in this installation."""
    imported = event == "marshal.loads" and sys._getframe(1).f_code.co_filename.startswith("<frozen importlib")
    if event in _FORBIDDEN and not imported:
        seen.append(event)


sys.addaudithook(hook)


def work(data: str) -> None:
    """Everything that reads what others made, and everything that writes for others."""
    from pathlib import Path

    from api.cli import main
    from custody.database import Database
    from reconcile.schedule import jobs
    from tests.builders import an_archive, books_on
    from tests.web.front import a_front
    from tests.workbook.builders import GOOD, HEADERS, a_workbook

    folder = Path(data)
    with Database.open(f"sqlite:///{folder / 'custody.db'}") as database:
        database.migrate()
        archive = an_archive(books_on(database))
        front = a_front(archive, folder)
        archive.borrow(archive.carriers(3)[0], "chen", days=2)
        front.clock.days(3)
        clerk = front.signed_in("clerk")
        for address in ("/overview", "/carriers", "/findings", "/readers", "/balance", "/api/v1/carriers"):
            assert clerk.get(address).status_code == 200, address
        assert clerk.send("/search", q="方案").status_code == 303
        for address in ("/reports/carriers.xlsx", "/reports/overdue.xlsx", "/api/v1/openapi.json"):
            assert clerk.get(address).status_code == 200, address
        files = {"workbook": ("a.xlsx", a_workbook({"载体": [HEADERS, GOOD]}))}
        sent = clerk.http.post("/import", data={"csrf": clerk.csrf}, files=files)
        assert clerk.get(sent.headers["location"]).status_code == 200
        services = front.app.state.services
        for job in jobs(database, services.books, services.scheme, services.bulletin):
            if job.name != "checkpoint":
                # These books have no key.
                job.run(front.clock())
    assert main(["tls", "init", str(folder / "ca")]) == 0
    assert main(["tls", "issue", str(folder / "ca"), "archive.lan"]) == 0


def known() -> None:
    """What the hook would see."""
    import pickle
    import socket

    pickle.loads(pickle.dumps(OSError()))
    with socket.socket() as one:
        one.connect_ex(("127.0.0.1", 9))


def memory() -> str:
    """Whether memory that is written may be executed."""
    import mmap

    try:
        mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()
    except PermissionError:
        return "denied"
    return "allowed"


def _counted(what: Callable[[], None]) -> list[str]:
    seen.clear()
    what()
    return sorted(set(seen))


if __name__ == "__main__":
    import ctypes

    _REFUSE_GAIN, _OF_MEMORY = 1, 65
    old = ctypes.CDLL(None).prctl(_OF_MEMORY, _REFUSE_GAIN, 0, 0, 0) != 0
    print("work:", _counted(lambda: work(sys.argv[1])))
    print("memory:", "an old kernel" if old else memory())
    print("seen:", _counted(known))

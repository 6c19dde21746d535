"""A process where there is no network but the machine's own loop, and a record of everything that it calls up.

    command = alone(sys.executable, "-m", "api.cli", "demo", "--once")
    environment = recorded(os.environ, folder)
    …
    assert strangers(folder) == []

A namespace of its own has no way out, whatever is tried; the record, an audit hook in every Python process that is
begun, shows that nothing was tried.
"""

import ipaddress
import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

_HOOK = """
import json, os, socket, sys
_LOG = os.open({log!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

def _tell(event, told):
    os.write(_LOG, (json.dumps([os.getpid(), event, told], default=str) + "\\n").encode())

def _heard(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind"):
        one, address = arguments[0], arguments[1] if len(arguments) > 1 else None
        _tell(event, [int(one.family), address if not isinstance(address, bytes) else address.decode("latin-1")])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        _tell(event, [0, arguments[0]])
    elif event == "subprocess.Popen":
        _tell(event, [0, str(arguments[0])])

sys.addaudithook(_heard)
_tell("begun", [0, " ".join(sys.orig_argv)])
"""
UNIX = 1
LOOP_UP = (
    "import fcntl, os, socket, struct, sys; "
    "one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
    "fcntl.ioctl(one, 0x8914, struct.pack('16sh14x', b'lo', 0x41)); "  # SIOCSIFFLAGS: IFF_UP, IFF_RUNNING
    "one.close(); os.execvp(sys.argv[1], sys.argv[1:])"
)


def able() -> bool:
    """Whether this account may make a namespace."""
    return os.geteuid() == 0 and shutil.which("unshare") is not None


def alone(*command: str) -> list[str]:
    """The command in a network namespace of its own, its loop brought up; as it is where that cannot be made."""
    return ["unshare", "--net", "--", sys.executable, "-S", "-c", LOOP_UP, *command] if able() else list(command)


def recorded(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The environment in which every Python process tells in `folder` what it calls up."""
    hook = folder / "hook"
    hook.mkdir(parents=True)
    (hook / "sitecustomize.py").write_text(_HOOK.format(log=str(folder / "called.jsonl")), encoding="utf-8")
    paths = [str(hook), *filter(None, [environment.get("PYTHONPATH")])]
    return {**environment, "PYTHONPATH": os.pathsep.join(paths)}


def called(folder: Path) -> list[tuple[int, str, int, object]]:
    """Process, event, family and address of everything that was told."""
    lines = (folder / "called.jsonl").read_text(encoding="utf-8").splitlines()
    return [(pid, event, family, told) for pid, event, (family, told) in map(json.loads, lines)]


def strangers(folder: Path) -> list[tuple[int, str, int, object]]:
    """Whatever was called up or looked up that is not this machine's own loop."""
    return [one for one in called(folder) if one[1].startswith("socket.") and not _own(one[2], one[3])]


def _own(family: int, told: object) -> bool:
    if family == UNIX:
        return True
    host = told[0] if isinstance(told, list) and told else told
    if host in (None, "", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(str(host))
    except ValueError:
        return False
    return address.is_loopback

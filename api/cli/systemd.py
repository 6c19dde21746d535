"""`custody systemd`: units for the server, the edge daemon, the backup and the witness, each in a sandbox of its own.

A unit may reach the addresses that it is told, write where it is told, and gain nothing: see systemd.exec(5) and
systemd.resource-control(5). What a unit needs beyond the common sandbox stands in its own lines, with the reason.
"""

import ipaddress
import os
import re
import shutil
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from api.cli.said import say
from api.installation import InstallationError

SANDBOX: tuple[tuple[str, str], ...] = (
    ("NoNewPrivileges", "yes"),
    ("CapabilityBoundingSet", ""),
    ("AmbientCapabilities", ""),
    ("ProtectSystem", "strict"),
    ("ProtectHome", "yes"),
    ("ProtectProc", "invisible"),
    ("ProcSubset", "pid"),
    ("ProtectClock", "yes"),
    ("ProtectControlGroups", "yes"),
    ("ProtectHostname", "yes"),
    ("ProtectKernelLogs", "yes"),
    ("ProtectKernelModules", "yes"),
    ("ProtectKernelTunables", "yes"),
    ("PrivateDevices", "yes"),
    ("PrivateTmp", "yes"),
    ("PrivateUsers", "yes"),
    ("LockPersonality", "yes"),
    ("MemoryDenyWriteExecute", "yes"),
    ("RemoveIPC", "yes"),
    ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX"),
    ("RestrictNamespaces", "yes"),
    ("RestrictRealtime", "yes"),
    ("RestrictSUIDSGID", "yes"),
    ("SystemCallArchitectures", "native"),
    ("SystemCallFilter", "@system-service"),
    ("SystemCallFilter", "~@privileged @resources"),
    ("SystemCallErrorNumber", "EPERM"),
    ("UMask", "0077"),
    ("KeyringMode", "private"),
    ("LimitCORE", "0"),
    ("IPAddressDeny", "any"),
)
"""What every unit has. No core is ever written: it would hold titles and passwords."""
_ACCOUNT = re.compile(r"[a-z_][a-z0-9_-]{0,30}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the units are made for. `allow`: networks that may connect, or are connected to, besides this machine."""

    data: Path
    user: str
    commands: Path
    host: str
    port: int
    tls: Path
    allow: tuple[str, ...]
    backups: Path


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit before it is written: sections of (key, value), in order."""

    name: str
    sections: Mapping[str, Sequence[tuple[str, str]]]

    def text(self) -> str:
        """The file."""
        parts = ["# Written by 'custody systemd'. To change it, use 'systemctl edit', which keeps this file whole."]
        for section, lines in self.sections.items():
            parts += ["", f"[{section}]", *(f"{key}={value}" for key, value in lines)]
        return "\n".join([*parts, ""])


def wanted(options: Namespace) -> Wanted:
    """The options, checked. Raises InstallationError."""
    if not _ACCOUNT.fullmatch(options.user):
        raise InstallationError(f"{options.user!r} is no name of an account")
    paths = (options.data, options.tls, options.backups, options.bin or Path(sys.executable).parent)
    for path in paths:
        if not path.is_absolute() or re.search(r"[\s%\"'\\]", str(path)):
            raise InstallationError(f"{path}: a unit needs a whole path without blanks, quotes and per cent signs")
        if path.parts[1:2] in (("home",), ("root",)):
            raise InstallationError(f"{path}: the sandbox hides what is under /home and /root; install elsewhere")
    try:
        networks = tuple(str(ipaddress.ip_network(one)) for one in options.allow)
        host = str(ipaddress.ip_address(options.host))
    except ValueError as error:
        raise InstallationError(f"{error}; name networks and addresses, as in --allow 10.1.0.0/16") from error
    commands = options.bin or _commands_folder()
    return Wanted(options.data, options.user, commands, host, options.port, options.tls, networks, options.backups)


def _commands_folder() -> Path:
    found = shutil.which("custody", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
    return Path(found or sys.executable).parent


def all_units(to: Wanted) -> tuple[Unit, ...]:
    """Every unit."""
    return (_server(to), _edge(to), _backup(to), _backup_timer(), _witness(to), _witness_timer())


def _service(to: Wanted, start: str, own: Sequence[tuple[str, str]], networks: Sequence[str]) -> list[tuple[str, str]]:
    allowed = " ".join(["localhost", *networks])
    lines = [("ExecStart", start), ("User", to.user), ("Group", to.user)]
    lines += [("UnsetEnvironment", "SSLKEYLOGFILE OTEL_SDK_DISABLED OTEL_EXPORTER_OTLP_ENDPOINT SENTRY_DSN")]
    lines += [("Environment", "PYTHONDONTWRITEBYTECODE=1"), *SANDBOX, ("IPAddressAllow", allowed), *own]
    return lines


def _server(to: Wanted) -> Unit:
    loopback = ipaddress.ip_address(to.host).is_loopback
    tls = "" if loopback else f" --tls-cert {to.tls}/server.pem --tls-key {to.tls}/server.key"
    start = f"{to.commands}/custody serve --data {to.data} --host {to.host} --port {to.port}{tls}"
    own = [
        ("Restart", "on-failure"),
        ("RestartSec", "2"),
        ("TimeoutStopSec", "30"),
        ("ReadWritePaths", str(to.data)),
        # Data is brought to the disk before it is acknowledged: memory may be bounded hard.
        ("MemoryMax", "2G"),
        ("TasksMax", "256"),
        ("LimitNOFILE", "8192"),
    ]
    return Unit(
        "custody.service",
        {
            "Unit": [
                ("Description", "Carrier custody: server"),
                ("After", "network.target postgresql.service"),
            ],
            "Service": [("Type", "exec"), *_service(to, start, own, to.allow)],
            "Install": [("WantedBy", "multi-user.target")],
        },
    )


def _edge(to: Wanted) -> Unit:
    """One instance a configuration: custody-reader@edge-1 reads /etc/custody/edge-1.toml."""
    start = f"{to.commands}/custody-reader --config /etc/custody/%i.toml"
    own = [
        ("Restart", "always"),
        ("RestartSec", "2"),
        ("StateDirectory", "custody-reader"),
        ("StateDirectoryMode", "0700"),
        ("WorkingDirectory", "/var/lib/custody-reader"),
        # A desk reader is spoken to through the socket of pcscd: no device is opened, and PrivateDevices stays.
        ("MemoryMax", "1G"),
        ("TasksMax", "128"),
    ]
    return Unit(
        "custody-reader@.service",
        {
            "Unit": [("Description", "Carrier custody: edge daemon %i"), ("After", "network.target pcscd.socket")],
            "Service": [("Type", "exec"), *_service(to, start, own, to.allow)],
            "Install": [("WantedBy", "multi-user.target")],
        },
    )


def _backup(to: Wanted) -> Unit:
    start = f"{to.commands}/custody backup {to.backups} --data {to.data} --recipient /etc/custody/backup.recipient"
    own = [
        ("ReadWritePaths", f"{to.data} {to.backups}"),
        ("Nice", "10"),
        ("IOSchedulingClass", "idle"),
        ("MemoryMax", "1G"),
        ("TasksMax", "64"),
    ]
    return Unit(
        "custody-backup.service",
        {
            "Unit": [("Description", "Carrier custody: backup")],
            "Service": [("Type", "oneshot"), *_service(to, start, own, to.allow)],
        },
    )


def _backup_timer() -> Unit:
    return Unit(
        "custody-backup.timer",
        {
            "Unit": [("Description", "Carrier custody: backup every night")],
            "Timer": [("OnCalendar", "*-*-* 02:30:00 UTC"), ("Persistent", "yes"), ("RandomizedDelaySec", "600")],
            "Install": [("WantedBy", "timers.target")],
        },
    )


def _witness(to: Wanted) -> Unit:
    """For the auditor's own machine, with an account of its own: the server's account must not reach its key."""
    server = f"https://{to.host}:{to.port}"
    start = (
        f"{to.commands}/custody-witness watch --server {server} --token-file /etc/custody-witness/token"
        " --ca /etc/custody-witness/ca.pem"
    )
    own = [
        ("StateDirectory", "custody-witness"),
        ("StateDirectoryMode", "0700"),
        ("WorkingDirectory", "/var/lib/custody-witness"),
        ("MemoryMax", "512M"),
        ("TasksMax", "16"),
    ]
    auditor = Wanted(to.data, f"{to.user}-witness"[:31], to.commands, to.host, to.port, to.tls, to.allow, to.backups)
    return Unit(
        "custody-witness.service",
        {
            "Unit": [("Description", "Carrier custody: the auditor's witness"), ("After", "network.target")],
            "Service": [("Type", "oneshot"), *_service(auditor, start, own, to.allow)],
        },
    )


def _witness_timer() -> Unit:
    return Unit(
        "custody-witness.timer",
        {
            "Unit": [("Description", "Carrier custody: the witness looks every quarter of an hour")],
            "Timer": [("OnCalendar", "*:0/15"), ("Persistent", "yes")],
            "Install": [("WantedBy", "timers.target")],
        },
    )


def units(options: Namespace) -> int:
    """Write them. Raises InstallationError."""
    to = wanted(options)
    folder: Path = options.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in all_units(to):
            (folder / one.name).write_text(one.text(), encoding="utf-8")
            say(f"{folder / one.name}")
    except OSError as error:
        raise InstallationError(f"{folder} cannot be written: {error.strerror}") from error
    say("Check them with 'systemd-analyze verify', copy them to /etc/systemd/system, then 'systemctl daemon-reload'.")
    return 0

"""The command line: `custody`. Each command is one function in a module of this folder; here they are named.

Exit codes: 0 done, 1 the thing asked about is wrong (a broken export, an import with errors), 2 the call or the
installation is wrong. Errors go to stderr in one line that says what to do.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

Run = Callable[[argparse.Namespace], int]


class _Commands:
    """The parser under construction: every command has its function, and most a data folder."""

    def __init__(self) -> None:
        self.parser = argparse.ArgumentParser(prog="custody", description="Custody of secret carriers.")
        self._commands = self.parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(self, name: str, run: str, help_text: str, *, data: bool = True) -> argparse.ArgumentParser:
        """A command; `run` is `module:function` in this folder."""
        command = self._commands.add_parser(name, help=help_text, description=help_text)
        command.set_defaults(run=run)
        if data:
            _data(command)
        return command

    def group(self, name: str, help_text: str) -> "argparse._SubParsersAction[argparse.ArgumentParser]":
        """A command with parts."""
        command = self._commands.add_parser(name, help=help_text, description=help_text)
        return command.add_subparsers(dest="part", required=True, metavar="PART")


def _data(command: argparse.ArgumentParser) -> None:
    command.add_argument("--data", type=Path, help="data folder (else CUSTODY_DATA, else ./.demo)")


def _person(command: argparse.ArgumentParser) -> None:
    command.add_argument("--as", dest="person", required=True, help="staff number of who acts; the password is asked")


def _demo(to: _Commands) -> None:
    command = to.add("demo", "demo:demo", "the sample archive, virtual readers, and the story of a day")
    command.add_argument("--port", type=int, default=8000, help="port of the pages (default 8000)")
    command.add_argument("--once", action="store_true", help="play the story to its end without a browser, then exit")
    command.add_argument("--json", action="store_true", help="with --once: print the findings as JSON")
    command.add_argument("--scenario", type=Path, help="another story (default fixtures/scenarios/day.txt)")
    command.add_argument("--keep", action="store_true", help="go on with the folder as it is, instead of afresh")

    command = to.add("virtual-reader", "demo:virtual_reader", "one reader of a scenario, speaking LLRP", data=False)
    command.add_argument("--port", type=int, required=True)
    command.add_argument("--scenario", type=Path, required=True)
    command.add_argument("--reader", help="name of the reader (default: the first)")


def _installation(to: _Commands) -> None:
    command = to.add("init", "install:init", "make a data folder for a real installation")
    command.add_argument("--organisation", default="", help="its name, as on the forms")
    command.add_argument("--database", default="", help="PostgreSQL URL; default: an embedded database in the folder")
    command.add_argument("--clerk", default="clerk-1", help="staff number of the first registry clerk")
    command.add_argument("--clerk-name", default="登记员", help="name of the first registry clerk")

    _accounts(to)
    command = to.add("device", "devices:device", "admit an edge daemon, or change its token; prints the token once")
    command.add_argument("name", help="the daemon's name, as in its configuration")
    change = command.add_mutually_exclusive_group()
    change.add_argument("--rotate", action="store_true", help="another token; the present one is taken a while longer")
    change.add_argument("--revoke", action="store_true", help="take nothing more from it")
    _person(command)

    command = to.add("password", "password:password", "choose the own pass-phrase instead of a one-time secret")
    command.add_argument("number", help="staff number")

    command = to.add("reader", "install:reader", "register a reader and what its antennas hear")
    command.add_argument("name", help="the reader's name, as in the daemon's configuration")
    command.add_argument("--title", default="", help="what the pages call it")
    command.add_argument(
        "--antenna",
        action="append",
        default=[],
        metavar="N:PLACE[/inside|/outside|/desk]",
        help="antenna and place code",
    )

    _serving(to)


def _accounts(to: _Commands) -> None:
    command = to.add("account", "accounts:account", "ask for an account or a change of one, or decide what was asked")
    command.add_argument("number", nargs="?", default="", help="staff number of whom it is about")
    for name, metavar, help_text in (
        ("--role", "ROLE", "give a role, with the account where there is none yet; repeat for several"),
        ("--revoke", "ROLE", "take a role away; refused with the last one while its person holds carriers"),
    ):
        command.add_argument(name, default=[], action="append", metavar=metavar, help=help_text)
    command.add_argument(
        "--reset", default=[], action="append", choices=("password", "second_factor"), help="another one-time secret"
    )
    command.add_argument("--close", action="store_true", help="close it; refused while its person holds carriers")
    command.add_argument("--reopen", action="store_true", help="open it again, with a one-time secret")
    command.add_argument("--unit", default="", help="code of the unit that the roles are limited to")
    command.add_argument("--reason", default="", help="why it is asked")
    command.add_argument("--requests", action="store_true", help="what waits for a decision")
    command.add_argument("--decide", type=int, metavar="N", help="grant request N, as the security administrator")
    command.add_argument("--decline", action="store_true", help="with --decide: decline it, --answer says why")
    command.add_argument("--answer", default="", help="what the decision says")
    command.add_argument("--collect", type=int, metavar="N", help="make the asker's half of the secret of request N")
    command.add_argument("--withdraw", type=int, metavar="N", help="take request N back")
    _person(command)


def _serving(to: _Commands) -> None:
    command = to.add("serve", "serve:serve", "serve the pages and the REST interface")
    command.add_argument("--host", default="127.0.0.1")
    command.add_argument("--port", type=int, default=8000)
    command.add_argument("--tls-cert", type=Path, metavar="FILE", help="certificate and chain (PEM): speak TLS")
    command.add_argument("--tls-key", type=Path, metavar="FILE", help="its key (PEM)")
    command.add_argument(
        "--plain-http-behind-proxy",
        dest="proxies",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="plain HTTP, for a proxy at this address that speaks TLS and says whom it speaks for; may be repeated",
    )
    command.add_argument("--log-file", type=Path, metavar="FILE", help="keep the log there (else standard error)")

    parts = to.group("tls", "the house's own certificate authority")
    part = parts.add_parser("init", help="make an authority", description="Make an authority in a folder.")
    part.add_argument("folder", type=Path)
    part.add_argument("--name", default="Carrier custody", help="its name, as browsers show it")
    part.add_argument(
        "--permit", action="append", default=[], metavar="NAME", help="issue for this host, address or network only"
    )
    part.set_defaults(run="tls:init_authority")
    part = parts.add_parser("issue", help="issue a certificate", description="Issue a certificate by the authority.")
    part.add_argument("folder", type=Path, help="the authority's folder")
    part.add_argument("names", nargs="+", metavar="NAME", help="host names and addresses it is for")
    part.add_argument("--kind", choices=("server", "device"), default="server")
    part.add_argument("--days", type=int, default=397, help="how long it holds, at most 398 (default 397)")
    part.add_argument("--renew", action="store_true", help="in the place of the one that is there")
    part.set_defaults(run="tls:issue_certificate")
    part = parts.add_parser("show", help="what a certificate is for", description="What a certificate is for.")
    part.add_argument("file", type=Path)
    part.set_defaults(run="tls:show_certificate")

    command = to.add("systemd", "systemd:units", "write systemd units with sandboxing", data=False)
    command.add_argument("folder", type=Path, help="where to write them")
    command.add_argument("--data", type=Path, default=Path("/var/lib/custody"), help="data folder of the server")
    command.add_argument("--user", default="custody", help="account that runs them (default custody)")
    command.add_argument("--bin", type=Path, help="folder of the commands (default: this one's)")
    command.add_argument("--host", default="127.0.0.1", help="address to serve on")
    command.add_argument("--port", type=int, default=8443)
    command.add_argument("--tls", type=Path, default=Path("/etc/custody/tls"), help="folder of the certificate")
    command.add_argument(
        "--allow", action="append", default=[], metavar="NETWORK", help="who may connect, besides this machine"
    )
    command.add_argument("--backups", type=Path, default=Path("/var/backups/custody"), help="folder of the backups")


def _business(to: _Commands) -> None:
    command = to.add("import", "books:import_workbook", "take a workbook into the register, after a dry run")
    command.add_argument("workbook", type=Path)
    _person(command)
    command.add_argument("--unit", default="", help="code of the unit that answers for carriers whose row names none")
    command.add_argument(
        "--columns",
        nargs="+",
        default=[],
        metavar="HEADER=FIELD",
        help="what a column is taken for, such as 资料名=title; with nothing behind the sign it is left out",
    )
    command.add_argument("--guess", action="store_true", help="guess the columns that no word is known for")
    command.add_argument("--confirm", action="store_true", help="enter it when the dry run finds no error")

    command = to.add("report", "books:report", "write a report as an Excel workbook")
    command.add_argument("name", help="overdue, carriers, findings, or round:NUMBER")
    command.add_argument("--xlsx", type=Path, required=True, help="file to write")
    _person(command)
    command.add_argument("--language", choices=("zh", "en"), default="zh")

    command = to.add("balance", "balance:balance", "what came in is somewhere: the equation at any ledger position")
    command.add_argument("--by", choices=("unit", "level", "title", "origin"), default="unit")
    command.add_argument("--at", default="", metavar="POSITION|DAY", help="a ledger position, or a day (its last one)")
    command.add_argument("--since", default="", metavar="POSITION|DAY", help="what became of it since then")
    _person(command)
    form = command.add_mutually_exclusive_group()
    form.add_argument("--xlsx", type=Path, help="file to write instead")
    form.add_argument("--json", action="store_true")
    command.add_argument("--language", choices=("zh", "en"), default="zh")

    command = to.add("regulations", "books:regulations", "every clause, its means, and which are kept")
    command.add_argument("--json", action="store_true")
    command.add_argument(
        "--as", dest="person", default="", help="besides, how often each refused, found, reminded and recorded"
    )


def _ledger(to: _Commands) -> None:
    parts = to.group("ledger", "the books, checked")
    for name, run, help_text in (
        ("key", "ledger:key", "write the public key, to be kept outside"),
        ("checkpoint", "ledger:checkpoint", "sign the ledger at its present size and write the checkpoint"),
        ("export", "ledger:export", "write the whole ledger as text"),
    ):
        part = parts.add_parser(name, help=help_text, description=help_text)
        part.add_argument("file", type=Path)
        _data(part)
        part.set_defaults(run=run)
    part = parts.add_parser("verify", help="verify an export offline", description="Verify an export offline.")
    part.add_argument("file", type=Path)
    part.add_argument("--key", type=Path, help="public key, kept outside the export")
    part.add_argument("--checkpoint", type=Path, help="a checkpoint held outside: shows truncation")
    part.add_argument("--witness-key", type=Path, help="a witness's public key: the checkpoint must be cosigned by it")
    part.set_defaults(run="ledger:verify_export")
    part = parts.add_parser("verify-print", help="is this paper true?", description="Is this paper true?")
    part.add_argument("file", type=Path, help="what the code on the paper says, as text")
    _data(part)
    part.set_defaults(run="ledger:verify_print")
    part = parts.add_parser("bundle", help="for a witness without a network", description="For a witness without one.")
    part.add_argument("file", type=Path, help="a new file")
    part.add_argument("--from", dest="first", type=int, default=0, metavar="SIZE", help="what it remembers (status)")
    _data(part)
    part.set_defaults(run="ledger:bundle")
    help_text = "keep the cosignature that a witness without a network gave back"
    part = parts.add_parser("take-cosignature", help=help_text, description=help_text)
    part.add_argument("file", type=Path)
    _data(part)
    part.set_defaults(run="ledger:take_cosignature")
    help_text = "begin a new key, signed by the old one, which is then destroyed"
    part = parts.add_parser("rotate-key", help=help_text, description=help_text)
    _data(part)
    _person(part)
    part.set_defaults(run="proof:rotate_key")
    help_text = "begin a new key in the place of one that is lost: two administrators"
    part = parts.add_parser("replace-lost-key", help=help_text, description=help_text)
    _data(part)
    _person(part)
    part.add_argument("--with", dest="second", required=True, help="staff number of the second administrator")
    part.add_argument("--reason", required=True, help="how it was lost")
    part.add_argument("--lost-key", type=Path, help="its public key, as it was kept outside")
    part.set_defaults(run="proof:replace_lost_key")

    command = to.add("rebuild", "ledger:rebuild", "fold the whole ledger and compare it with the register")
    command.add_argument("--check", action="store_true", required=True, help="compare only; nothing is changed")


def _witnesses(to: _Commands) -> None:
    parts = to.group("witness", "the auditor's machines that watch the ledger from outside")
    part = parts.add_parser("add", help="let one watch; prints its token once", description="Let a witness watch.")
    part.add_argument("name", help="its name, as in its key")
    part.add_argument("--key", required=True, help="its public key (custody-witness key)")
    _data(part)
    _person(part)
    part.set_defaults(run="proof:add_witness")
    part = parts.add_parser("end", help="take its token away", description="Take a witness's token away.")
    part.add_argument("name")
    _data(part)
    _person(part)
    part.set_defaults(run="proof:end_witness")
    part = parts.add_parser("list", help="who watches", description="Who watches.")
    _data(part)
    part.set_defaults(run="proof:list_witnesses")


def _backups(to: _Commands) -> None:
    command = to.add("backup", "backup:backup", "back the running installation up into a folder, read back and proved")
    command.add_argument("folder", type=Path, help="an existing folder, on another disk")
    command.add_argument("--recipient", type=Path, help="age public key to encrypt to; its private key stays elsewhere")
    command.add_argument("--with-keys", action="store_true", help="the private keys of the data folder too")
    command.add_argument("--rehearse", action="store_true", help="restore it here at once to try it (needs the room)")
    command.add_argument("--work", type=Path, help="folder for the trial (default: the system's own for such files)")
    command.add_argument("--keep-daily", type=int, metavar="N", help="then delete our older ones but these many days'")
    command.add_argument("--keep-monthly", type=int, metavar="N", help="and these many months'")

    command = to.add("backups", "backup:backups", "what lies in a folder of backups, how old, in which state")
    command.add_argument("folder", type=Path)
    command.add_argument("--check", action="store_true", help="read every byte")
    command.add_argument("--json", action="store_true")

    command = to.add(
        "backup-key", "backup:backup_key", "make the key pair for backups; keep FILE off the server", data=False
    )
    command.add_argument("file", type=Path, help="private key; its public key is written to FILE.pub")

    command = to.add(
        "rehearse", "backup:rehearse", "restore a backup to try it, check it whole, leave nothing", data=False
    )
    _backup_file(command)
    command.add_argument("--work", type=Path, help="folder for the trial (default: the system's own for such files)")
    command.add_argument(
        "--data", type=Path, help="data folder of the installation that is to hear of it, if it is here"
    )

    command = to.add("restore", "backup:restore", "restore a backup into a new data folder", data=False)
    _backup_file(command)
    command.add_argument("--data", type=Path, required=True, help="the new data folder")
    command.add_argument("--database", default="", help="PostgreSQL URL of an empty database; default: an embedded one")
    command.add_argument("--checkpoint", type=Path, help="a checkpoint held outside: shows what the backup lacks")
    command.add_argument(
        "--keys", type=Path, help="folder with the private keys (ledger.key and others), kept elsewhere"
    )

    command = to.add("move", "backup:move", "move to another database with the same ledger; the server must be stopped")
    command.add_argument("--to", required=True, help="PostgreSQL URL of an empty database, or sqlite: the embedded one")


def _backup_file(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", type=Path)
    command.add_argument("--identity", type=Path, help="age private key, where the backup is encrypted")
    command.add_argument("--key", type=Path, help="the ledger's public key, kept outside; without it: consistent only")


def _parser() -> argparse.ArgumentParser:
    commands = _Commands()
    for room in (_demo, _installation, _business, _ledger, _witnesses, _backups):
        room(commands)
    return commands.parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code says how it went."""
    from api.installation import InstallationError
    from custody.database import DatabaseError
    from custody.store.backup import BackupBroken, BackupFailed

    options = _parser().parse_args(arguments)
    module, _, function = options.run.partition(":")
    # Only the command's own module is loaded: a virtual reader needs no spreadsheet, and starts at once.
    run: Run = getattr(import_module(f"api.cli.{module}"), function)
    try:
        return run(options)
    except (InstallationError, DatabaseError) as error:
        sys.stderr.write(f"custody: {error}\n")
        return 2
    except BackupFailed as error:
        sys.stderr.write(f"custody: {error}\n")
        return 2
    except BackupBroken as error:
        sys.stderr.write(f"custody: broken: {error}\n")
        return 1
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        return 130

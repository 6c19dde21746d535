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

    command = to.add("account", "install:account", "give a registered person an account, or close it")
    command.add_argument("number", help="staff number")
    command.add_argument("--role", default=[], action="append", help="role of the new account; repeat for several")
    command.add_argument("--revoke", default=[], action="append", metavar="ROLE", help="take a role away")
    command.add_argument("--close", action="store_true", help="close it; refused while its person holds carriers")
    command.add_argument("--unit", default="", help="code of the unit that the role is limited to")

    command = to.add("device", "install:device", "register an edge daemon; prints its token once")
    command.add_argument("name", help="the daemon's name, as in its configuration")

    command = to.add("reader", "install:reader", "register a reader and what its antennas hear")
    command.add_argument("name", help="the reader's name, as in the daemon's configuration")
    command.add_argument("--title", default="", help="what the pages call it")
    command.add_argument(
        "--antenna", action="append", default=[], metavar="N:PLACE[/inside|/outside]", help="antenna and place code"
    )

    command = to.add("serve", "install:serve", "serve the pages and the REST interface")
    command.add_argument("--host", default="127.0.0.1")
    command.add_argument("--port", type=int, default=8000)


def _business(to: _Commands) -> None:
    command = to.add("import", "books:import_workbook", "take a workbook into the register, after a dry run")
    command.add_argument("workbook", type=Path)
    _person(command)
    command.add_argument("--unit", default="", help="code of the unit that answers for carriers whose row names none")
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
    part.set_defaults(run="ledger:verify_export")

    command = to.add("rebuild", "ledger:rebuild", "fold the whole ledger and compare it with the register")
    command.add_argument("--check", action="store_true", required=True, help="compare only; nothing is changed")


def _parser() -> argparse.ArgumentParser:
    commands = _Commands()
    for room in (_demo, _installation, _business, _ledger):
        room(commands)
    return commands.parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code says how it went."""
    from api.installation import InstallationError
    from custody.database import DatabaseError

    options = _parser().parse_args(arguments)
    module, _, function = options.run.partition(":")
    # Only the command's own module is loaded: a virtual reader needs no spreadsheet, and starts at once.
    run: Run = getattr(import_module(f"api.cli.{module}"), function)
    try:
        return run(options)
    except (InstallationError, DatabaseError) as error:
        sys.stderr.write(f"custody: {error}\n")
        return 2
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        return 130

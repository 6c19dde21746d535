"""Writing the edge daemon's configuration: the text that `readers.config` reads, with a word to each part. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Value = str | int | float | bool | Sequence[int] | Sequence[str]
Row = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Written:
    """What a configuration is written from. `readers`: rows of [[reader]], name and kind first.

    `guard` and `portals`: what it guards by itself, if anything. `ca`: the authority's file, where the server speaks
    https.
    """

    name: str
    url: str
    readers: Sequence[Row]
    ca: str | None = None
    guard: Row | None = None
    portals: Sequence[Row] = ()


def token_file(name: str) -> str:
    """The file that is to hold a daemon's token."""
    return f"{name}.token"


def toml_text(written: Written, words: Mapping[str, str]) -> str:
    """The file. `words`: comments to `file`, `daemon`, `server`, `token`, `ca`, `reader`, `guard`, in any language."""
    parts = [
        _comment(words["file"]),
        _comment(words["daemon"]) + _table("[daemon]", {"name": written.name, "spool": f"{written.name}.spool"}),
        _comment(words["server"])
        + _table("[server]", {"url": written.url})
        + _comment(words["token"])
        + _pair("token_file", token_file(written.name)),
    ]
    if written.ca is not None:
        parts[-1] += _comment(words["ca"]) + _pair("ca", written.ca)
    for at, row in enumerate(written.readers):
        parts.append((_comment(words["reader"]) if at == 0 else "") + _table("[[reader]]", row))
    if written.guard is not None and written.portals:
        parts.append(_comment(words["guard"]) + _table("[guard]", written.guard))
        parts += [_table("[[portal]]", row) for row in written.portals]
    return "\n".join(parts)


def _comment(text: str) -> str:
    return "".join(f"# {line}\n" for line in text.splitlines())


def _table(header: str, row: Row) -> str:
    return f"{header}\n" + "".join(_pair(name, value) for name, value in row.items())


def _pair(name: str, value: Value) -> str:
    return f"{name} = {_value(value)}\n"


def _value(value: Any) -> str:
    """A value as TOML writes it. Raises TypeError for what it does not know."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + "".join(_character(one) for one in value) + '"'
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(_value, value)) + "]"
    raise TypeError(f"{value!r} cannot be written")


def _character(one: str) -> str:
    if one in '"\\':
        return "\\" + one
    return one if one.isprintable() else f"\\U{ord(one):08x}"

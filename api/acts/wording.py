"""The words of acts and fields: the most particular text of the catalogue that is there."""

from collections.abc import Callable

from api.acts.model import Act, Field
from api.locale import known

Words = Callable[..., str]


def first_known(*keys: str) -> str:
    """The first of these keys that the catalogue has; the last where it has none, so that what lacks is named."""
    return next((key for key in keys if known(key)), keys[-1])


def act_key(act: Act, kind: str = "") -> str:
    """The key of an act's words: of its kind of matter, else of what it is on."""
    return first_known(f"act.{act.on}.{kind or act.kind}.{act.key}", f"act.{act.on}.{act.key}")


def act_words(act: Act, t: Words, kind: str = "") -> str:
    """An act's button and heading."""
    return t(act_key(act, kind))


def act_meaning(act: Act, t: Words, kind: str = "") -> str:
    """One line of meaning under the heading; empty where none is known."""
    key = f"{act_key(act, kind)}.sub"
    return t(key) if known(key) else ""


def label(act: Act, field: Field, t: Words) -> str:
    """A field's label."""
    return t(first_known(f"ask.{act.key}.{field.name}", f"ask.{field.name}"))


def hint(act: Act, field: Field, t: Words) -> str:
    """A field's hint; empty where there is none."""
    key = first_known(f"ask.{act.key}.{field.name}.hint", f"ask.{field.name}.hint")
    return t(key) if known(key) else ""


def status_words(kind: str, status: str, t: Words) -> str:
    """A matter's status: the kind's own word, else the common one."""
    return t(first_known(f"mstatus.{kind}.{status}", f"mstatus.{status}"))


def line_words(kind: str, state: str, t: Words) -> str:
    """The state of a carrier's line in a matter."""
    return t(first_known(f"lstate.{kind}.{state}", f"lstate.{state}"))


def matter_words(kind: str, t: Words) -> str:
    """The name of a kind of matter."""
    return t(f"matter.{kind}")

"""Scenarios: an aligned text that says what virtual readers hear and do, and what people do meanwhile.

The text is read line by line; `#` starts a comment at the start of a line or after a blank; blank lines are
ignored; columns are separated by blanks. The order of the lines does not matter, only the seconds do; what
happens at the same second happens in the order of the lines.

    reader  NAME  antennas  NUMBER:PLACE …  [off]
            a reader, its antennas, and the place code each looks at (at a portal: inside and outside);
            `off` at the end: never switched on in this run
    tags    NAME  EPC-or-NAME …
            a list of tags; may go on in further `tags NAME …` lines; a list may name other lists and carriers
    carrier NAME  EPC
            a name for one tag
    SECONDS READER/ANTENNA arrive TAGS… [at DBM]
            tags enter the field with a mean signal strength in dBm (-55 unless said) and stay
    SECONDS READER/ANTENNA leave  TAGS…
    SECONDS READER/ANTENNA pass   TAGS… for SECONDS [at DBM]
            arrive, and leave after so many seconds
    SECONDS READER off | on
            power cut: connections drop and the port refuses; then back, with its configuration forgotten
    SECONDS READER freeze | thaw
            answers nothing more while the socket stays open; then goes on
    SECONDS READER cut
            closes the connection in the middle of a message
    SECONDS READER garbage
            sends one malformed report
    SECONDS READER beam  PORT for SECONDS
            somebody breaks the light barrier at this input for so long
    SECONDS READER beam  PORT on | off
            the input becomes active (the barrier is broken), or not
    SECONDS READER clock DATE[TIME] | right
            its clock jumps to that time (UTC, ISO 8601), or is right again
    SECONDS WHO VERB WORDS…
            anyone who is not a reader is a person: kept as an act, for whoever plays the people

An EPC is hexadecimal, in 16-bit words (a multiple of four digits; 24, that is 96 bits, are usual). A tag
may be in the field of two antennas at once. A reader's seconds count from the moment a client first enables a
ROSpec on it, and go on across reconnections.
"""

from readers.scenario.model import (
    DEFAULT_DBM,
    Act,
    ClockJumps,
    DeviceActs,
    DeviceVerb,
    InField,
    InputTurns,
    Presence,
    Problem,
    ReaderEvent,
    ReaderScript,
    Scenario,
    ScenarioInvalid,
    TagsArrive,
    TagsLeave,
    apply_event,
    field,
)
from readers.scenario.text import parse

__all__ = [
    "DEFAULT_DBM",
    "Act",
    "ClockJumps",
    "DeviceActs",
    "DeviceVerb",
    "InField",
    "InputTurns",
    "Presence",
    "Problem",
    "ReaderEvent",
    "ReaderScript",
    "Scenario",
    "ScenarioInvalid",
    "TagsArrive",
    "TagsLeave",
    "apply_event",
    "field",
    "parse",
]

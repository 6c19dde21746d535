"""What a job of the clock said it did, in the language of who reads it: the log keeps it in one, the page has both."""

import re
from collections.abc import Mapping

from api.locale import translate

SAID: Mapping[str, str] = {
    r"opened (?P<opened>\d+), cleared (?P<cleared>\d+)": "jobs.said.checked",
    r"sent (?P<n>\d+)": "jobs.said.sent",
    r"made (?P<n>\d+)": "jobs.said.made",
    r"took in (?P<n>\d+)": "jobs.said.took_in",
    r"sealed (?P<n>\d+) logs": "jobs.said.sealed",
    r"forgot (?P<n>\d+) slots": "jobs.said.forgot",
    r"nothing new from (?P<tags>\d+) tags, (?P<weak>\d+) weak": "jobs.said.learnt_nothing",
    r"version (?P<version>\d+) from (?P<tags>\d+) tags, (?P<weak>\d+) weak": "jobs.said.learnt",
    r"(?P<differences>\d+) differences at (?P<n>\d+) entries": "jobs.said.whole_check",
    r"not due": "jobs.said.not_due",
    r"goes on": "jobs.said.clock_goes_on",
    r"as it was": "jobs.said.clock_as_it_was",
    r"went back by (?P<n>\d+) s": "jobs.said.clock_went_back",
}
"""How a result reads in the log, and the text that says it."""


def said(result: str, language: str) -> str:
    """A job's result in words; as it stands where it is none of SAID (a checkpoint's own two lines)."""
    for pattern, key in SAID.items():
        if found := re.fullmatch(pattern, result):
            return translate(language, key, **{name: int(value) for name, value in found.groupdict().items()})
    return result

"""The scheme of an organisation: levels, posts, numbers. Configuration, with the reference of each figure.

The default follows the regulations of state secrets (maximum periods: top secret 30 years, secret 20,
confidential 10); an organisation overrides what it needs in `custody.toml`. Raises `SchemeInvalid` with every
error found, each naming its key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


class SchemeInvalid(ValueError):
    """The configuration cannot be used; the message lists every key that is wrong and what it should be."""


@dataclass(frozen=True, slots=True)
class Level:
    """A classification level. `rank` orders them; 0 is internal, which is not a state secret."""

    code: str
    rank: int
    name_zh: str
    name_en: str
    period_years_max: int | None
    """Longest period without a named authority; None: the level has no period."""


LEVELS_DEFAULT = (
    Level("top_secret", 3, "绝密", "Top secret", 30),
    Level("secret", 2, "机密", "Secret", 20),
    Level("confidential", 1, "秘密", "Confidential", 10),
    Level("internal", 0, "内部", "Internal", None),
)

POST_CLEARANCE_DEFAULT: Mapping[str, str] = {
    "core": "top_secret",
    "important": "secret",
    "general": "confidential",
}
"""核心 / 重要 / 一般涉密岗位: the level that follows from the class of post."""

NUMBERS_DEFAULT: Mapping[str, int] = {
    "loan_days_default": 14,
    "loan_days_max": 30,
    "cooling_off_months_core": 36,
    "cooling_off_months_important": 24,
    "cooling_off_months_general": 12,
    # The watch, in seconds of event time.
    "confirm_after_seconds": 10,
    "missing_after_seconds": 300,
    "misplaced_after_seconds": 60,
    "in_store_on_loan_after_seconds": 600,
    "rated_too_low_after_seconds": 20,
    "reader_silent_after_seconds": 45,
    "portal_window_seconds": 10,
    # Signing in.
    "session_idle_seconds": 1800,
    "session_absolute_seconds": 36000,
    "confirmation_seconds": 300,
}


NUMBERS_MIN: Mapping[str, int] = {
    # Coverage is told every five seconds: with less, healthy readers would be complained of.
    "reader_silent_after_seconds": 8,
}
"""Figures below which a watch would only cry wolf."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """Everything that is the organisation's own choice."""

    organisation_zh: str = "远山仪器研究院"
    organisation_en: str = "Yuanshan Instruments Institute"
    timezone: str = "Asia/Shanghai"
    ledger_origin: str = "custody.yuanshan"
    """Origin line of checkpoints (C2SP tlog-checkpoint): names the ledger, for ever."""
    epc_block: str = "3414F4A2"
    """Hexadecimal prefix of the organisation's own number block; other tags are nobody's concern."""
    levels: tuple[Level, ...] = LEVELS_DEFAULT
    post_clearance: Mapping[str, str] = field(default_factory=lambda: dict(POST_CLEARANCE_DEFAULT))
    numbers: Mapping[str, int] = field(default_factory=lambda: dict(NUMBERS_DEFAULT))

    def level(self, code: str) -> Level:
        """The level of this code. Raises KeyError."""
        for level in self.levels:
            if level.code == code:
                return level
        raise KeyError(code)

    def rank(self, code: str) -> int:
        """Rank of a level's code. Raises KeyError."""
        return self.level(code).rank

    def clearance_rank(self, post_class: str | None) -> int:
        """Highest rank that a holder of such a post may know; -1 where there is no classified post."""
        code = self.post_clearance.get(post_class or "")
        return -1 if code is None else self.rank(code)

    def number(self, name: str) -> int:
        """A configured figure. Raises KeyError."""
        return self.numbers[name]


_TEXTS = ("organisation_zh", "organisation_en", "timezone", "ledger_origin", "epc_block")


def scheme_from(config: Mapping[str, Any]) -> Scheme:
    """A scheme from the parsed `custody.toml`: tables `[organisation]` and `[numbers]`. Raises SchemeInvalid."""
    errors: list[str] = []
    known = {"organisation", "numbers"}
    errors += [f"[{name}] is not known; known are {', '.join(sorted(known))}" for name in set(config) - known]
    texts: dict[str, str] = {}
    for key, value in dict(config.get("organisation", {})).items():
        if key not in _TEXTS:
            errors.append(f"organisation.{key} is not known; known are {', '.join(_TEXTS)}")
        elif not isinstance(value, str) or not value.strip():
            errors.append(f"organisation.{key} must be a text, not {value!r}")
        else:
            texts[key] = value.strip()
    block = texts.get("epc_block", "00")
    if len(block) % 2 or any(c not in "0123456789abcdefABCDEF" for c in block):
        errors.append(f"organisation.epc_block must be whole bytes in hexadecimal, not {block!r}")
    numbers = dict(NUMBERS_DEFAULT)
    for key, value in dict(config.get("numbers", {})).items():
        if key not in NUMBERS_DEFAULT:
            errors.append(f"numbers.{key} is not known; known are {', '.join(sorted(NUMBERS_DEFAULT))}")
        elif not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            errors.append(f"numbers.{key} must be a whole number above zero, not {value!r}")
        elif value < NUMBERS_MIN.get(key, 1):
            errors.append(f"numbers.{key} must be {NUMBERS_MIN[key]} at least, not {value}")
        else:
            numbers[key] = value
    if errors:
        raise SchemeInvalid("; ".join(errors))
    if "epc_block" in texts:
        texts["epc_block"] = texts["epc_block"].upper()
    return replace(Scheme(numbers=numbers), **texts)  # type: ignore[arg-type]  # the keys are texts by _TEXTS

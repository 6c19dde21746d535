"""The scheme of an organisation: levels, posts, numbers. Configuration, with the reference of each figure.

The default follows the regulations of state secrets (maximum periods: top secret 30 years, secret 20,
confidential 10); an organisation overrides what it needs in `custody.toml`. Raises `SchemeInvalid` with every
error found, each naming its key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from custody.tag_numbers import Numbering, NumberInvalid, numbering


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
    "loan_renewals_max": 2,
    # From this rank of level up, pages are counted whenever a carrier comes back (2: secret).
    "pages_counted_from_rank": 2,
    # From this rank up whoever takes a tag off, or says that it does not answer, signs for it.
    "tag_signed_from_rank": 3,
    # Approvals: days to answer, days in which a granted one may be used, longest delegation.
    "approval_days": 5,
    "approval_days_urgent": 1,
    "approval_valid_days": 30,
    "delegation_days_max": 90,
    # Circulation and meetings (clauses c.3, h.4).
    "leg_days_default": 3,
    "leg_days_max": 10,
    "meeting_deposit_days": 3,
    # Keeping (clauses f.1, f.3, b.7): days of holding, of warning before a period ends, hours to report a loss;
    # state secrets in one hand.
    "holding_days_max": 90,
    "holdings_max": 20,
    "review_warning_days": 180,
    "issuer_return_warning_days": 7,
    "loss_report_hours": 24,
    # Cases: from this rank of level up a carrier that is missing or has left opens an incident (3: top secret); seconds
    # between crossings of one portal, and between carriers gone from one place, that are told as one case; the largest
    # file that is kept with a case, in KiB (of a larger one its hash).
    "incident_from_rank": 3,
    "case_crossing_seconds": 60,
    "case_together_seconds": 3_600,
    "case_file_kib_max": 8_192,
    # Escalation: hours that each step above the first has to answer, by urgency: at once, today, this week.
    "escalation_hours_at_once": 1,
    "escalation_hours_today": 8,
    "escalation_hours_week": 72,
    # Production (clause a.6): days after an order is closed in which intermediates are preserved or destroyed; days
    # before a licence or an agreement expires in which it is spoken of (clauses a.3, d.3, i.1).
    "intermediate_days": 30,
    "licence_warning_days": 30,
    # Sending (clause b.5): days within which the receipt of what was sent is to be acknowledged.
    "dispatch_days_max": 30,
    # Carrying out and provision (clauses e.1, i.1): longest window of a permit, longest time outside; days of warning.
    "permit_days_max": 30,
    "provision_days_max": 180,
    "provision_warning_days": 7,
    # What people sign for (clause j.2, rules 4, 5, 7): how long an instruction and a reminder last; the notice before.
    "instruction_days": 365,
    "reminder_days": 90,
    "instruction_warning_days": 14,
    # Entry to rated places (clause j.1): visitors whom one escort has in sight.
    "escort_visitors_max": 5,
    # Check of a room (rule 9): minutes for which a go lets anybody in; minutes back in which a glimpse counts; seconds
    # for which the room must have been listened to without a gap.
    "room_clear_minutes": 30,
    "room_glimpse_minutes": 10,
    "room_listened_seconds": 120,
    # Sweeps: from this rank of level up two persons sign (3: top secret), and another person counts again;
    # days within which a place is swept again, by the rank of its rating and by its kind: the shorter holds.
    "sweep_two_from_rank": 3,
    "recount_other_from_rank": 2,
    "sweep_days_rank_3": 30,
    "sweep_days_rank_2": 90,
    "sweep_days_rank_1": 180,
    "sweep_days_room": 365,
    "sweep_days_cabinet": 365,
    # Destruction (clause g.7): with more items than this a batch is large, and goes to the designated unit.
    "destruction_bulk_items": 200,
    # Reminders: days before a loan's due day; minutes after a meeting's planned end before its papers are asked after.
    "remind_days_before": 2,
    # Days before other deadlines in which it is spoken of: an arrival or a collection (b.1, b.5), an answer asked for,
    # an intermediate (a.6), the longest holding (f.1), archiving (f.3), a destruction that was approved (g.1), a sweep.
    "remind_arrival_days": 1,
    "remind_approval_days": 1,
    "remind_intermediate_days": 7,
    "remind_holding_days": 7,
    "remind_archiving_days": 30,
    "remind_destruction_days": 5,
    "remind_sweep_days": 14,
    # Deadlines by the hour, holiday or not: minutes before a meeting or a visit ends (h.3, j.1), hours before a loss is
    # to be reported.
    "remind_minutes_before": 30,
    "remind_loss_hours": 6,
    # The day's message repeats what is overdue so many times; then the superior is told, and it is not repeated again.
    "digest_repeats_max": 3,
    # Messages by SMTP: tries before one is given up; how many may wait.
    "mail_tries_max": 12,
    "mail_queue_max": 20_000,
    # Reports delivered on schedule: days for which what was made is kept to be fetched.
    "deliveries_kept_days": 30,
    "meeting_grace_minutes": 60,
    "cooling_off_months_core": 36,
    "cooling_off_months_important": 24,
    "cooling_off_months_general": 12,
    # The watch, in seconds of event time.
    "confirm_after_seconds": 10,
    # What the site teaches of its antennas: days that a learnt version waits for a person before it comes into force by
    # itself (36,500: never). A tag heard in less than this share of the windows in which tags of its place are heard is
    # weak: to be confirmed by eye.
    "calibration_waits_days": 36_500,
    "weak_tag_percent": 40,
    "missing_after_seconds": 300,
    "misplaced_after_seconds": 60,
    "in_store_on_loan_after_seconds": 600,
    "rated_too_low_after_seconds": 20,
    "reader_silent_after_seconds": 45,
    "reference_silent_after_seconds": 120,
    "portal_window_seconds": 10,
    # The checks. Passed on (clause c.3): seconds for which a folder is heard at another reader's. On loan and lost from
    # hearing (c.5), met by nobody and nothing (g.2): days, in half of which its last place was listened to.
    "passed_on_after_seconds": 1_800,
    "lost_track_days": 14,
    "never_met_days": 90,
    # Locked away overnight (clause f.1): hours of the clock between which the house is closed, seconds out in them.
    "closing_hour": 22,
    "opening_hour": 6,
    "left_out_after_seconds": 3_600,
    # A hand-over between keepers is signed within so many days of its opening (clause f.1).
    "hand_over_days": 14,
    # One tag in two places: seconds that nobody is faster than, from building to building, from site to site; within a
    # building only readings as loud as this count (dBm below zero), for they cross walls.
    "travel_building_seconds": 60,
    "travel_site_seconds": 600,
    "two_places_dbm": 62,
    # Two tags of one carrier apart for so long; two carriers at each other's places since about the same time.
    "tags_apart_after_seconds": 600,
    "swapped_within_seconds": 3_600,
    # Milliseconds by which a reader's clock may be wrong; one at a portal, whose beam is held against it.
    "reader_clock_ms_max": 1_000,
    "portal_clock_ms_max": 200,
    # Guards at portals: minutes for which a list of what may pass holds without another.
    "door_list_minutes": 240,
    # A tag on its way into the shredder may still be heard while the signatures dry (clause g.8).
    "ghost_after_seconds": 120,
    # A label given out for an order is heard on the desk before its copy is registered (clause a.4).
    "label_grace_seconds": 14_400,
    # Signing in.
    "session_idle_seconds": 1800,
    "session_absolute_seconds": 36000,
    "confirmation_seconds": 300,
    # A tap of a badge confirms the borrower for so long, once (clause c.5).
    "badge_tap_seconds": 30,
    # Accounts: days in which a request is decided, hours in which a one-time secret is used; longest emergency.
    "account_request_days": 14,
    "one_time_secret_hours": 72,
    # A device's former token is taken for so many hours after it was given another.
    "device_overlap_hours": 24,
    "emergency_seconds_max": 14_400,
    # Backups: hours after the last good one, days after the last good rehearsal, after which it is spoken of.
    "backup_hours_max": 48,
    "rehearsal_days_max": 100,
}


SECOND_FACTOR = ("none", "administrators", "everyone")
"""Who may be asked for a second factor."""
SECOND_FACTOR_DEFAULT = "administrators"
"""Where the configuration says nothing: those whose sign-in opens the most are asked first, a desk is not stopped."""
BADGE = ("never", "borrower", "with_password")
"""What a tap of the borrower's badge counts for at the desk: nothing; the borrower's signature under a loan; that only
together with the password.
"""
DESTRUCTION_METHODS = ("shred", "pulp", "burn", "degauss", "crush", "chemical", "overwrite")
"""粉碎, 化浆, 焚烧, 消磁, 碾压, 化学腐蚀, 覆写: what configuration may forbid (clauses g.3, g.4)."""
MEDIA = ("paper", "disc", "magnetic", "flash", "film", "equipment", "other")
"""What carriers are made of, as far as their destruction differs."""

NUMBERS_MIN: Mapping[str, int] = {
    # Coverage is told every five seconds: with less, healthy readers would be complained of.
    "reader_silent_after_seconds": 8,
    # A tag that lies still is told every ten seconds.
    "reference_silent_after_seconds": 30,
}
"""Figures below which a watch would only cry wolf."""


EPC_BLOCK_DEFAULT = "3414F4A2"
"""Of GIAI-96: header 34, filter 0, partition 5, and the first bits of a company prefix."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """Everything that is the organisation's own choice."""

    organisation_zh: str = "远山仪器研究院"
    organisation_en: str = "Yuanshan Instruments Institute"
    timezone: str = "Asia/Shanghai"
    ledger_origin: str = "custody.yuanshan"
    """Origin line of checkpoints (C2SP tlog-checkpoint): names the ledger, for ever."""
    epc_block: str = EPC_BLOCK_DEFAULT
    """Hexadecimal prefix of the organisation's own number block; other tags are nobody's concern."""
    company_prefix: str = ""
    """The organisation's GS1 company prefix, for new numbers; empty: the lowest that the block leaves open."""
    document_type: str = ""
    """Of a block of GDTI-96: the document type for new numbers; empty: the lowest that the block leaves open."""
    levels: tuple[Level, ...] = LEVELS_DEFAULT
    post_clearance: Mapping[str, str] = field(default_factory=lambda: dict(POST_CLEARANCE_DEFAULT))
    numbers: Mapping[str, int] = field(default_factory=lambda: dict(NUMBERS_DEFAULT))
    label_number: bool = True
    """Whether a tag's label shows the carrier's number and copy."""
    label_level: bool = True
    """Whether it shows the mark of the level. A title is never on it."""
    titles_on_slips: bool = False
    """Whether carriers' titles are printed on slips, which travel; on lists, which are kept, they always are."""
    destruction_centres: tuple[str, ...] = ("国家秘密载体销毁管理中心",)
    """Units designated by the secrecy department to destroy (clause g.7)."""
    destruction_forbidden: frozenset[str] = frozenset()
    """Methods, or `medium:method`, that the organisation forbids besides what the clauses do (clauses g.3, g.4)."""
    cipher_units: tuple[str, ...] = ()
    """Codes of the units of the cipher department, which alone copy coded telegrams (clause d.2)."""
    business_unit: bool = False
    """Whether the house is itself a business unit, which copies by licence alone (clause d.3)."""
    second_factor: str = SECOND_FACTOR_DEFAULT
    """Who must have a second factor to sign in: none, administrators, everyone. Others may have one."""
    badge: str = "borrower"
    """What a badge confirms at the desk: one of BADGE (clause c.5)."""

    def numbering(self) -> Numbering:
        """How new numbers for tags are made. Raises custody.tag_numbers.NumberInvalid where the block allows none."""
        return numbering(self.epc_block, self.company_prefix, self.document_type)

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


_TEXTS = (
    "organisation_zh",
    "organisation_en",
    "timezone",
    "ledger_origin",
    "epc_block",
    "company_prefix",
    "document_type",
)


def scheme_from(config: Mapping[str, Any]) -> Scheme:
    """A scheme from the parsed `custody.toml`: tables `[organisation]`, `[numbers]`, `[forms]`,
    `[destruction]` (`centres`, `forbidden`), `[labels]`, `[signing_in]` (`second_factor`), `[signing]` (`badge`).

    Raises SchemeInvalid.
    """
    errors: list[str] = []
    known = {"organisation", "numbers", "forms", "labels", "destruction", "signing_in", "signing"}
    errors += [f"[{name}] is not known; known are {', '.join(sorted(known))}" for name in set(config) - known]
    texts: dict[str, str] = {}
    organisation = dict(config.get("organisation", {}))
    copying = _copying(organisation, errors)
    for key, value in organisation.items():
        if key not in _TEXTS:
            known_keys = ", ".join((*_TEXTS, "cipher_units", "business_unit"))
            errors.append(f"organisation.{key} is not known; known are {known_keys}")
        elif not isinstance(value, str) or not value.strip():
            errors.append(f"organisation.{key} must be a text, not {value!r}")
        else:
            texts[key] = value.strip()
    block = texts.get("epc_block", "00")
    if len(block) % 2 or any(c not in "0123456789abcdefABCDEF" for c in block):
        errors.append(f"organisation.epc_block must be whole bytes in hexadecimal, not {block!r}")
    elif "company_prefix" in texts or "document_type" in texts:
        try:
            numbering(texts.get("epc_block", EPC_BLOCK_DEFAULT), *(texts.get(k, "") for k in _TEXTS[-2:]))
        except NumberInvalid as error:
            errors.append(f"organisation: {error}")
    numbers = _numbers(dict(config.get("numbers", {})), errors)
    forms = dict(config.get("forms", {}))
    titles = forms.pop("titles_on_slips", False)
    errors += [f"forms.{key} is not known; known is titles_on_slips" for key in forms]
    if not isinstance(titles, bool):
        errors.append(f"forms.titles_on_slips must be true or false, not {titles!r}")
    labels = _labels(dict(config.get("labels", {})), errors)
    destruction = _destruction(dict(config.get("destruction", {})), errors)
    second_factor = _second_factor(dict(config.get("signing_in", {})), errors)
    badge = _badge(dict(config.get("signing", {})), errors)
    if errors:
        raise SchemeInvalid("; ".join(errors))
    if "epc_block" in texts:
        texts["epc_block"] = texts["epc_block"].upper()
    scheme = Scheme(numbers=numbers, titles_on_slips=titles is True, second_factor=second_factor, badge=badge)
    return replace(scheme, **destruction, **copying, **labels, **texts)  # type: ignore[arg-type]  # the keys are texts by _TEXTS


def _labels(given: dict[str, Any], errors: list[str]) -> dict[str, bool]:
    """What `[labels]` says, as fields of the scheme; what is wrong is added to `errors`."""
    found: dict[str, bool] = {}
    for key, value in given.items():
        if key not in ("number", "level"):
            errors.append(f"labels.{key} is not known; known are level, number")
        elif not isinstance(value, bool):
            errors.append(f"labels.{key} must be true or false, not {value!r}")
        else:
            found[f"label_{key}"] = value
    return found


def _numbers(given: dict[str, Any], errors: list[str]) -> dict[str, int]:
    """Every figure, those that `[numbers]` says instead of the default; what is wrong is added to `errors`."""
    numbers = dict(NUMBERS_DEFAULT)
    for key, value in given.items():
        if key not in NUMBERS_DEFAULT:
            errors.append(f"numbers.{key} is not known; known are {', '.join(sorted(NUMBERS_DEFAULT))}")
        elif not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            errors.append(f"numbers.{key} must be a whole number above zero, not {value!r}")
        elif value < NUMBERS_MIN.get(key, 1):
            errors.append(f"numbers.{key} must be {NUMBERS_MIN[key]} at least, not {value}")
        else:
            numbers[key] = value
    return numbers


def _copying(given: dict[str, Any], errors: list[str]) -> dict[str, Any]:
    """What `[organisation]` says of copying, taken out of it, as fields of the scheme; what is wrong in `errors`."""
    found: dict[str, Any] = {}
    units = given.pop("cipher_units", [])
    if not isinstance(units, list) or not all(isinstance(one, str) and one.strip() for one in units):
        errors.append(f"organisation.cipher_units must be a list of codes of units, not {units!r}")
    else:
        found["cipher_units"] = tuple(one.strip() for one in units)
    business = given.pop("business_unit", False)
    if not isinstance(business, bool):
        errors.append(f"organisation.business_unit must be true or false, not {business!r}")
    else:
        found["business_unit"] = business
    return found


def _second_factor(given: dict[str, Any], errors: list[str]) -> str:
    """What `[signing_in]` says of the second factor; what is wrong is added to `errors`."""
    wanted = given.pop("second_factor", SECOND_FACTOR_DEFAULT)
    errors += [f"signing_in.{key} is not known; known is second_factor" for key in given]
    if wanted not in SECOND_FACTOR:
        errors.append(f"signing_in.second_factor must be one of {', '.join(SECOND_FACTOR)}, not {wanted!r}")
    return str(wanted)


def _badge(given: dict[str, Any], errors: list[str]) -> str:
    """What `[signing]` says of badges; what is wrong is added to `errors`."""
    wanted = given.pop("badge", "borrower")
    errors += [f"signing.{key} is not known; known is badge" for key in given]
    if wanted not in BADGE:
        errors.append(f"signing.badge must be one of {', '.join(BADGE)}, not {wanted!r}")
    return str(wanted)


def _destruction(given: dict[str, Any], errors: list[str]) -> dict[str, Any]:
    """What `[destruction]` says, as fields of the scheme; what is wrong is added to `errors`."""
    found: dict[str, Any] = {}
    for key, value in given.items():
        if key not in ("centres", "forbidden"):
            errors.append(f"destruction.{key} is not known; known are centres, forbidden")
        elif not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
            errors.append(f"destruction.{key} must be a list of texts, not {value!r}")
        elif key == "centres":
            found["destruction_centres"] = tuple(one.strip() for one in value)
        else:
            found["destruction_forbidden"] = frozenset(value)
    for one in sorted(found.get("destruction_forbidden", ())):
        medium, colon, method = one.rpartition(":")
        if method not in DESTRUCTION_METHODS or (colon and medium not in MEDIA):
            errors.append(
                f"destruction.forbidden: {one!r} is no method ({', '.join(DESTRUCTION_METHODS)}), "
                f"nor medium:method with a medium of {', '.join(MEDIA)}"
            )
    return found

"""Letter a: level and period of whatever comes into the register are determined and marked (clause a.5)."""

from custody.classification import exceeds, is_day
from custody.entries import COMING, Fact, coming_description
from custody.register import CarrierState
from custody.rules import Params, Rule, Situation
from custody.scheme import Level
from custody.values import Description


def _level(description: Description, situation: Situation) -> Level | None:
    return next((level for level in situation.scheme.levels if level.code == description.level), None)


def _level_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    described = coming_description(fact)
    return {"level": described.level} if _level(described, situation) is None else None


def _classified_on_invalid(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    day = coming_description(fact).classified_on
    return {"value": day} if day and not is_day(day) else None


def _period_missing(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    level = _level(coming_description(fact), situation)
    if level is None or level.period_years_max is None or coming_description(fact).period.kind != "none":
        return None
    return {"level": level.code}


def _period_on_internal(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Internal is no state secret and has no period."""
    level = _level(coming_description(fact), situation)
    if level is None or level.period_years_max is not None or coming_description(fact).period.kind == "none":
        return None
    return {"level": level.code}


def _period_unclear(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    """A period says what its kind needs: a number, a date after the day of classification, the condition's words."""
    described = coming_description(fact)
    period = described.period
    match period.kind:
        case "years" | "months":
            clear = period.value.isdecimal() and period.value.isascii() and int(period.value) >= 1
        case "date":
            clear = is_day(period.value) and is_day(described.classified_on) and period.value > described.classified_on
        case "condition":
            clear = bool(period.value.strip())
        case _:
            clear = not period.value
    return None if clear else {"period": period.kind, "value": period.value}


def _beyond_maximum(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Beyond the level's maximum, until a condition or long-term: only with the authority named."""
    described = coming_description(fact)
    level = _level(described, situation)
    if level is None or level.period_years_max is None or described.period.authority.strip():
        return None
    if not exceeds(described.period, described.classified_on, level.period_years_max):
        return None
    return {"level": level.code, "years": level.period_years_max}


RULES = (
    Rule("a.5", "level_unknown", COMING, _level_unknown),
    Rule("a.5", "period_missing", COMING, _period_missing),
    Rule("a.5", "period_beyond_maximum", COMING, _beyond_maximum),
    Rule("a.5", "period_unclear", COMING, _period_unclear),
    Rule("", "period_on_internal", COMING, _period_on_internal),
    Rule("", "date_invalid", COMING, _classified_on_invalid),
)

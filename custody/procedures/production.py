"""Letter a: level and period are determined and marked (clause a.5). Production orders stand here in time."""

from custody.classification import exceeds, is_day
from custody.entries import Fact, Imported, Received
from custody.register import CarrierState
from custody.rules import Params, Rule, Situation
from custody.scheme import Level
from custody.values import Description


def _level(description: Description, situation: Situation) -> Level | None:
    return next((level for level in situation.scheme.levels if level.code == description.level), None)


def _described(fact: Fact) -> Description:
    assert isinstance(fact, Imported | Received)
    return fact.description


def _level_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    described = _described(fact)
    return {"level": described.level} if _level(described, situation) is None else None


def _classified_on_invalid(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    day = _described(fact).classified_on
    return {"value": day} if day and not is_day(day) else None


def _period_missing(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    level = _level(_described(fact), situation)
    if level is None or level.period_years_max is None or _described(fact).period.kind != "none":
        return None
    return {"level": level.code}


def _period_on_internal(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Internal is no state secret and has no period."""
    level = _level(_described(fact), situation)
    if level is None or level.period_years_max is not None or _described(fact).period.kind == "none":
        return None
    return {"level": level.code}


def _period_unclear(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    """A period says what its kind needs: a number, a date after the day of classification, the condition's words."""
    described = _described(fact)
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
    described = _described(fact)
    level = _level(described, situation)
    if level is None or level.period_years_max is None or described.period.authority.strip():
        return None
    if not exceeds(described.period, described.classified_on, level.period_years_max):
        return None
    return {"level": level.code, "years": level.period_years_max}


_COMING = (Imported, Received)
RULES = (
    Rule("a.5", "level_unknown", _COMING, _level_unknown),
    Rule("a.5", "period_missing", _COMING, _period_missing),
    Rule("a.5", "period_beyond_maximum", _COMING, _beyond_maximum),
    Rule("a.5", "period_unclear", _COMING, _period_unclear),
    Rule("", "period_on_internal", _COMING, _period_on_internal),
    Rule("", "date_invalid", _COMING, _classified_on_invalid),
)

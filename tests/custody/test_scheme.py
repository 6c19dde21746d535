"""The organisation's own choices: what the configuration may say, and what is told when it says something else."""

from typing import Any

import pytest

from custody.scheme import NUMBERS_DEFAULT, Scheme, SchemeInvalid, scheme_from


def test_an_empty_configuration_is_the_default() -> None:
    assert scheme_from({}) == Scheme()


def test_what_is_named_is_changed_and_the_rest_is_kept() -> None:
    scheme = scheme_from({"organisation": {"epc_block": "3414abcd"}, "numbers": {"loan_days_max": 7}})
    assert (scheme.epc_block, scheme.number("loan_days_max")) == ("3414ABCD", 7)
    assert scheme.number("missing_after_seconds") == NUMBERS_DEFAULT["missing_after_seconds"]


def test_who_copies_telegrams_and_whether_the_house_is_a_business() -> None:
    scheme = scheme_from({"organisation": {"cipher_units": ["MM", " MM-2 "], "business_unit": True}})
    assert (scheme.cipher_units, scheme.business_unit) == (("MM", "MM-2"), True)


@pytest.mark.parametrize(
    ("configuration", "told"),
    [
        ({"organization": {}}, "[organization] is not known"),
        ({"organisation": {"colour": "red"}}, "organisation.colour is not known"),
        ({"organisation": {"timezone": " "}}, "organisation.timezone must be a text"),
        ({"organisation": {"epc_block": "3414F"}}, "organisation.epc_block must be whole bytes"),
        ({"organisation": {"epc_block": "XY"}}, "organisation.epc_block must be whole bytes"),
        ({"organisation": {"cipher_units": "CIPHER"}}, "organisation.cipher_units must be a list of codes of units"),
        ({"organisation": {"cipher_units": [""]}}, "organisation.cipher_units must be a list of codes of units"),
        ({"organisation": {"business_unit": "yes"}}, "organisation.business_unit must be true or false"),
        ({"numbers": {"lone_days_max": 3}}, "numbers.lone_days_max is not known"),
        ({"numbers": {"loan_days_max": 0}}, "numbers.loan_days_max must be a whole number above zero"),
        ({"numbers": {"loan_days_max": "30"}}, "numbers.loan_days_max must be a whole number above zero"),
        ({"numbers": {"loan_days_max": True}}, "numbers.loan_days_max must be a whole number above zero"),
        ({"numbers": {"reader_silent_after_seconds": 7}}, "numbers.reader_silent_after_seconds must be 8 at least"),
    ],
)
def test_what_is_wrong_is_named(configuration: dict[str, Any], told: str) -> None:
    with pytest.raises(SchemeInvalid, match=told.replace("[", r"\[").replace(".", r"\.")):
        scheme_from(configuration)


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(SchemeInvalid) as caught:
        scheme_from({"organisation": {"colour": "red"}, "numbers": {"loan_days_max": 0, "lone": 1}})
    assert [name in str(caught.value) for name in ("colour", "loan_days_max", "numbers.lone")] == [True] * 3

"""The table of methods, media and levels, walked whole (clauses g.3, g.4), and what configuration may forbid."""

import pytest

from custody.procedures.destruction_methods import ELECTROMAGNETIC, FITNESS, clause_of, fineness_needed, fits, medium_of
from custody.scheme import DESTRUCTION_METHODS, LEVELS_DEFAULT, MEDIA, SchemeInvalid, scheme_from
from custody.values import CarrierKind

SECRET_RANKS = [level.rank for level in LEVELS_DEFAULT if level.rank > 0]


def test_every_medium_has_a_row_and_every_row_known_methods() -> None:
    assert set(FITNESS) == set(MEDIA)
    assert {method for row in FITNESS.values() for method in row} == set(DESTRUCTION_METHODS)


@pytest.mark.parametrize("medium", MEDIA)
def test_every_medium_can_be_destroyed_at_every_level(medium: str) -> None:
    for rank in SECRET_RANKS:
        assert [method for method in DESTRUCTION_METHODS if fits(method, medium, rank)]


@pytest.mark.parametrize("medium", MEDIA)
@pytest.mark.parametrize("method", DESTRUCTION_METHODS)
def test_what_fits_a_level_fits_those_below_and_no_coarser_particles_do(method: str, medium: str) -> None:
    fit = [fits(method, medium, rank) for rank in range(4)]
    assert fit == sorted(fit, reverse=True)
    needed = [fineness_needed(method, medium, rank) for rank in range(4)]
    assert needed == sorted(needed)
    assert all(0 <= one <= 7 for one in needed)


def test_overwriting_alone_is_never_enough_at_the_top_level_nor_anything_for_paper() -> None:
    assert not any(fits("overwrite", medium, 3) for medium in MEDIA)
    assert [medium for medium in MEDIA if fits("overwrite", medium, 2)] == ["magnetic"]
    assert {medium for medium in MEDIA if clause_of(medium) == "g.4"} == ELECTROMAGNETIC


def test_flash_is_never_degaussed() -> None:
    assert [medium for medium in MEDIA if fits("degauss", medium, 1)] == ["magnetic"]


def test_configuration_forbids_more_and_allows_nothing_more() -> None:
    before = {(m, n, r) for m in DESTRUCTION_METHODS for n in MEDIA for r in range(4) if fits(m, n, r)}
    forbidden = scheme_from({"destruction": {"forbidden": ["pulp", "magnetic:degauss"]}}).destruction_forbidden
    after = {(m, n, r) for m in DESTRUCTION_METHODS for n in MEDIA for r in range(4) if fits(m, n, r, forbidden)}
    assert before - after == {one for one in before if one[0] == "pulp" or one[:2] == ("degauss", "magnetic")}
    assert after < before


@pytest.mark.parametrize(
    ("configuration", "told"),
    [
        ({"forbidden": ["bury"]}, r"destruction\.forbidden: 'bury' is no method"),
        ({"forbidden": ["velvet:burn"]}, r"destruction\.forbidden: 'velvet:burn' is no method"),
        ({"forbidden": "pulp"}, r"destruction\.forbidden must be a list of texts"),
        ({"centres": [7]}, r"destruction\.centres must be a list of texts"),
        ({"allowed": ["pulp"]}, r"destruction\.allowed is not known"),
    ],
)
def test_what_is_wrong_in_the_configuration_is_named(configuration: dict[str, object], told: str) -> None:
    with pytest.raises(SchemeInvalid, match=told):
        scheme_from({"destruction": configuration})


def test_the_designated_units_are_the_organisations_own() -> None:
    assert scheme_from({"destruction": {"centres": ["市销毁中心"]}}).destruction_centres == ("市销毁中心",)


@pytest.mark.parametrize(
    ("medium", "kind", "row"),
    [
        ("paper", "document", "paper"),
        ("纸质", "notebook", "paper"),
        ("magnetic，2TB", "drive", "magnetic"),
        ("optical，4.7GB", "disc", "disc"),
        ("film，1卷", "film", "film"),
        ("U盘 32GB", "drive", "flash"),
        ("", "drive", "flash"),  # what does not say is judged as the harder to destroy
        ("paper", "disc", "disc"),  # left as it was proposed
        ("paper", "computer", "equipment"),
        ("velvet", "other", "other"),
        ("other", "document", "other"),
    ],
)
def test_the_words_of_the_register_are_read_as_a_row_of_the_table(medium: str, kind: CarrierKind, row: str) -> None:
    assert medium_of(medium, kind) == row

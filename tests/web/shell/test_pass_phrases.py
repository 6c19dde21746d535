"""Which pass-phrases may be chosen: long ones of any script; not one's own particulars, not what is soon guessed."""

import pytest

from api.sessions import PASSWORD_CHARACTERS_MAX, Owner, objection
from tests.web.front import quick_passwords

ZHOU = Owner("1001", ("周敏", "Zhou Min", "机要室", "Registry", "远山仪器研究院", "Yuanshan Instruments Institute"))


@pytest.mark.parametrize(
    "phrase",
    [
        "violet kettle anchor sprout",
        "今天窗台上有三只橘猫在打盹",
        "correct horse battery",
        "   spaces   count   too,   all of them   ",
        "q8Zr%kPwv1Lm",
        "yi zhi ju mao zai chuang tai da dun",
        "x7" + "violet kettle anchor sprout " * 36,
    ],
)
def test_a_long_phrase_of_any_script_is_taken(phrase: str) -> None:
    assert objection(phrase, ZHOU) == ""


@pytest.mark.parametrize(
    ("phrase", "why"),
    [
        ("short", "length"),
        ("今天天气不错呀", "length"),
        ("a" * (PASSWORD_CHARACTERS_MAX + 1), "too_long"),
        ("my number is 1001 you know", "own"),
        ("ZhouMin violet kettle", "own"),
        ("m i n zhou violet kettle", "own"),
        ("周敏在机要室上班很多年了呢", "own"),
        ("yuanshanyiqiyanjiuyuan violet", "own"),
        ("ＺＨＯＵＭＩＮ violet kettle", "own"),
        ("zhangwei19900101", "habit"),
        ("woaini5201314", "habit"),
        ("mima20011224", "habit"),
        ("1qaz2wsx3edc4rfv", "habit"),
        ("春眠不觉晓处处闻啼鸟", "length"),
        ("春眠不觉晓处处闻啼鸟呀呀", "habit"),
        ("wangfang13912345678", "habit"),
        ("一帆风顺一帆风顺一帆风顺", "repeated"),
        ("abcdefghijklmnop", "repeated"),
        ("x" * 1000, "repeated"),
        ("password password password", "repeated"),
        ("Passw0rd!2024", "listed"),
        ("qwertyuiop123", "listed"),
    ],
)
def test_what_is_soon_guessed_is_refused_and_why(phrase: str, why: str) -> None:
    assert objection(phrase, ZHOU) == why


def test_names_of_two_letters_refuse_nothing() -> None:
    assert objection("violet kettle anchor sprout", Owner("7", ("Li", "李", "E"))) == ""


def test_the_same_phrase_in_another_form_fits_and_old_hashes_stay_good() -> None:
    passwords = quick_passwords()
    full_width = "ｖｉｏｌｅｔ　ｋｅｔｔｌｅ ①"
    hashed = passwords.hash(full_width)
    assert passwords.verify("violet kettle 1", hashed)
    # Hashed as it was typed, before phrases were normalised.
    old = passwords._hasher.hash(full_width)
    assert passwords.verify(full_width, old)
    assert not passwords.verify("violet kettle 1", old)
    assert not passwords.verify("violet kettle 2", hashed)
    passwords.close()

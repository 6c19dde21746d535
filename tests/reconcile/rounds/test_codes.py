"""What a scanned code may be, and what is never guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.rounds import read_code
from reconcile.rounds.codes import CODE_MAX


@pytest.mark.parametrize(
    ("text", "epc", "numbered"),
    [
        ("3414F4A20000000000000001", "3414F4A20000000000000001", None),
        (" 3414 f4a2 0000 0000 0000 0001\r\n", "3414F4A20000000000000001", ("3414 f4a2 0000 0000 0000", 1)),
        ("$e0040150123456aa#", "E0040150123456AA", None),
        ("EPC:3414f4a20000000000000001", "3414F4A20000000000000001", None),
        ("0x04A1B2C3D4E5F6", "04A1B2C3D4E5F6", None),
        ("04a1b2c3", "04A1B2C3", None),
        ("YS-2024-00017/3", None, ("YS-2024-00017", 3)),
        ("YS-2024-00017 3/12", None, ("YS-2024-00017", 3)),
        ("YS-2024-00017#3", None, ("YS-2024-00017", 3)),
        ("YS-2024-00017\t3", None, ("YS-2024-00017", 3)),
        ("YS-2024-00017", None, None),
        ("机要2024/17/2", None, ("机要2024", 17)),
        ("20240017", "20240017", None),
        ("2024001", None, None),
        ("ABC", None, None),
    ],
)
def test_readings(text: str, epc: str | None, numbered: tuple[str, int] | None) -> None:
    reading = read_code(text)
    assert (reading.epc, reading.numbered) == (epc, numbered)


@pytest.mark.parametrize("text", ["", " ", "\r\n", "\x1d"])
def test_an_empty_code_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="empty code"):
        read_code(text)


@given(st.text(min_size=1))
def test_any_code_is_read_or_refused(text: str) -> None:
    try:
        reading = read_code(text)
    except ValueError:
        return
    assert reading.code == reading.number
    assert 0 < len(reading.code) <= CODE_MAX
    assert reading.epc is None or reading.epc == reading.epc.upper()

"""Labels over TCP to a printer that parses ZPL: what it read back decides, and any doubt is a failure."""

import dataclasses
import socket

import pytest

from readers.zpl import Label, Outcome, Printer, PrinterInvalid, compose, escaped, in_house, print_label, printers_from
from tests.readers.commissioning.printer_double import PrinterDouble

EPC = "3414F4A2C9465BD5C04D7CE7"
LABEL = Label(EPC, ("机密★10年", "YS-2026-00017 2/5"))


def printer(double: PrinterDouble, **changes: object) -> Printer:
    return dataclasses.replace(Printer("desk", "127.0.0.1", double.port, timeout_seconds=2), **changes)  # type: ignore[arg-type]


def test_a_label_is_encoded_read_back_and_bears_its_lines() -> None:
    with PrinterDouble().running() as double:
        outcome = print_label(LABEL, printer(double))
    (chip,) = double.chips
    assert outcome == Outcome("verified", tid=chip.tid)
    assert chip.epc == EPC
    assert chip.texts == ("机密★10年", "YS-2026-00017 2/5", "3414 F4A2 C946 5BD5 C04D 7CE7")
    (form,) = double.formats
    for command in ("^CI28", "^RS8,,,1,N", f"^RFW,H^FD{EPC}^FS", "^FN1^RFR,H,0,12,1^FS", "^PW480^LL200"):
        assert command in form


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        ("cut", Outcome("failed", "cut")),
        ("mute", Outcome("failed", "no_answer")),
        ("bad_chip", Outcome("failed", "read_otherwise")),
        ("no_chip", Outcome("failed", "read_otherwise")),
    ],
)
def test_any_doubt_is_a_failure(behaviour: str, outcome: Outcome) -> None:
    """The number may be on a label, or on half of one: it is never sent again."""
    with PrinterDouble(lambda _number: behaviour).running() as double:
        found = print_label(LABEL, printer(double, timeout_seconds=1))
    # A line that ends after all was sent looks like silence, or like a cut: both are failures.
    assert found == outcome or (behaviour == "cut" and found == Outcome("failed", "no_answer"))
    assert [chip.epc for chip in double.chips] == [EPC]


@pytest.mark.parametrize(
    ("status", "reason"),
    [((1, 0, 0, 0), "paper_out"), ((0, 1, 0, 0), "paused"), ((0, 0, 1, 0), "head_open"), ((0, 0, 0, 1), "ribbon_out")],
)
def test_a_printer_that_cannot_print_is_sent_nothing(status: tuple[int, int, int, int], reason: str) -> None:
    with PrinterDouble(status=status).running() as double:
        assert print_label(LABEL, printer(double)) == Outcome("kept", reason)
    assert double.formats == []


def test_a_printer_that_is_not_there_or_outside_the_house_gets_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert print_label(LABEL, Printer("desk", "127.0.0.1", port, timeout_seconds=1)) == Outcome("kept", "not_reached")
    assert print_label(LABEL, Printer("desk", "8.8.8.8")) == Outcome("kept", "address_outside")
    assert in_house("192.168.1.20", 9100) == ("192.168.1.20", 9100)
    assert in_house("0.0.0.0", 9100) is None


def test_a_printer_that_answers_nothing_prints_all_the_same_where_it_is_so_configured() -> None:
    with PrinterDouble().running() as double:
        assert print_label(LABEL, printer(double, verify=False)) == Outcome("printed")
    assert "^HV" not in compose(LABEL, printer(double, verify=False)).decode()


def test_nothing_in_a_text_is_taken_for_a_command() -> None:
    assert escaped("a^XZ~HS\\b_c\n") == "a_5EXZ_7EHS_5Cb_5Fc "
    form = compose(Label(EPC, ("^XZ^XA^FDx", "~JA")), Printer("p", "h", font="E:SIMSUN.TTF")).decode()
    assert form.count("^XA") == form.count("^XZ") == 1
    assert "~" not in form
    assert "^A@N,40,40,E:SIMSUN.TTF" in form
    for wrong in ("", "12", "3414f4a2", EPC + "^XZ"):
        with pytest.raises(ValueError, match="hexadecimal"):
            compose(Label(wrong), Printer("p", "h"))


def test_printers_are_configured_and_every_error_is_told() -> None:
    (one,) = printers_from([{"name": "desk", "host": "10.0.0.9", "dpi": 300, "font": "E:SIMSUN.TTF"}])
    assert (one.port, one.dots_per_mm) == (9100, 12)
    with pytest.raises(PrinterInvalid) as told:
        printers_from(
            [
                {"name": "a", "host": "h", "hight_mm": 2},
                {"name": "b", "dpi": 100, "verify": 1},
                {"name": "b", "port": 0},
            ]
        )
    for text in (
        "hight_mm is not known",
        "printer b: host must be",
        "dpi must be one of",
        "verify must be",
        "port must be",
    ):
        assert text in str(told.value)
    with pytest.raises(PrinterInvalid, match="two printers"):
        printers_from([{"name": "a", "host": "h"}] * 2)

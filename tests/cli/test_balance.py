"""`custody balance`, and what each clause did, by the command line alone."""

import json
from pathlib import Path

import openpyxl
import pytest

from api.store import NOTED
from tests.cli.test_installation import SAMPLE, Run, chosen
from tests.cli.test_installation import begun as begun
from tests.cli.test_installation import clerk as clerk
from tests.cli.test_installation import run as run
from tests.cli.test_installation import staff as staff

AS_CLERK = ("--as", "clerk-1")


def account_of(run: Run, password: str, *words: str) -> tuple[int, str, str]:
    """The balance as the clerk sees it."""
    return run("balance", *words, *AS_CLERK, password=password)


def test_the_balance_of_what_was_taken_over(run: Run, clerk: str, tmp_path: Path) -> None:
    """Given the old ledger taken over, then the equation closes at every position asked for, in every form."""
    assert run("import", str(SAMPLE), *AS_CLERK, "--confirm", password=clerk)[0] == 0
    code, out, _err = account_of(run, clerk, "--json", "--by", "level", "--since", "0")
    told = json.loads(out)
    assert (code, told["closes"], told["whole_register"]) == (0, True, True)
    came = told["total"]["came_in"]["legacy"]
    assert came == told["total"]["accounted_total"] == sum(told["total"]["states"].values()) > 0
    assert sum(group["accounted_total"] for group in told["groups"]) == came
    assert told["total"]["flow"] | {"gone": {}} == told["total"]["flow"]
    assert (told["total"]["flow"]["opening"], told["total"]["flow"]["closing"]) == (0, came)

    half = told["ledger_size"] // 2
    code, out, _err = account_of(run, clerk, "--json", "--at", str(half))
    earlier = json.loads(out)
    assert (code, earlier["position"], earlier["closes"]) == (0, half, True)
    assert 0 < earlier["total"]["accounted_total"] < came

    code, out, _err = account_of(run, clerk, "--language", "en", "--since", "0")
    assert code == 0
    assert f"All together: Came in {came}" in out
    assert "[closes]" in out
    assert f"In hand now {came}" in out

    code, out, _err = run("regulations", "--json", *AS_CLERK, password=clerk)
    assert next(row["counts"]["recorded"] for row in json.loads(out) if row["id"] == "c.5") > 0


def test_a_workbook_is_written_once_and_noted(run: Run, clerk: str, tmp_path: Path) -> None:
    for code, said in ((0, "rows written to"), (2, "already there")):
        found, out, err = account_of(run, clerk, "--xlsx", "balance.xlsx", "--by", "origin", "--language", "en")
        assert (found, said in out + err) == (code, True)
    sheet = openpyxl.load_workbook(tmp_path / "balance.xlsx").active
    assert sheet is not None
    head, all_together = list(sheet.iter_rows(values_only=True))[:2]
    assert dict(zip(head, all_together, strict=True))["Closes"] == "closes"
    noted = [json.loads(line) for line in (tmp_path / "data" / NOTED).read_text(encoding="utf-8").splitlines()]
    assert [one["name"] for one in noted] == ["balance"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--at", "999999999"), "the ledger ends at"),
        (("--at", "soon"), "neither a ledger position nor a day"),
        (("--at", "2999-01-01"), "yet to come"),
        (("--at", "1", "--since", "2"), "nothing lies between"),
    ],
)
def test_a_position_that_cannot_be_is_said(run: Run, clerk: str, words: tuple[str, ...], said: str) -> None:
    code, _out, err = account_of(run, clerk, *words)
    assert (code, said in err) == (2, True)


def test_who_may_not_see_reports_is_refused(run: Run) -> None:
    _code, out, _err = run("init")
    secret = next(line.split()[-1] for line in out.splitlines() if line.strip().startswith("admin-1"))
    code, _out, err = run("balance", "--as", "admin-1", password=secret)
    assert (code, "This is a one-time secret" in err) == (2, True)
    code, _out, err = run("balance", "--as", "admin-1", password=chosen(run, "admin-1", secret))
    assert (code, "holds no role that may do this" in err) == (2, True)


def test_the_regulations_tell_what_they_did_to_whom_may_see_it(run: Run, clerk: str) -> None:
    code, out, _err = run("regulations", "--json", *AS_CLERK, password=clerk)
    rows = {row["id"]: row for row in json.loads(out)}
    assert code == 0
    assert rows["c.5"]["counts"] == {"refused": 0, "found": 0, "reminded": 0, "sent": 0, "recorded": 0}
    code, out, _err = run("regulations", *AS_CLERK, password=clerk)
    assert "refused 0, found 0" in out
    code, out, _err = run("regulations", "--json")
    assert "counts" not in json.loads(out)[0]

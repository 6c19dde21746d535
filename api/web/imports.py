"""Importing a workbook: uploaded, judged row by row, shown, and entered only when confirmed.

Between the dry run and the confirmation the file lies in the data folder under a random name, for an hour, and
only for the person who brought it. The confirmation reads it again: what is entered is what holds then.
"""

import json
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from api.importing import PlanHasErrors, enter_workbook, note_words, plan_workbook
from api.locale import translate
from api.web.refusals import row_words
from api.web.render import render
from api.web.visit import FieldError, Form, Visit, needs, posted
from api.workbook import Limits, Plan, Workbook, WorkbookUnreadable, read_workbook
from custody.access import Permission
from custody.rules import NotFound, Refused
from custody.values import SECOND, Instant

router = APIRouter(include_in_schema=False)
clerk = needs(Permission.TAKE_IN)
KEPT_SECONDS = 3600
ERRORS_SHOWN = 500
_NAME = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Brought:
    """A file waiting for its confirmation."""

    name: str
    data: bytes
    until: Instant


def folder(visit: Visit) -> Path:
    """Where files wait; nobody but the server's own account may look."""
    path = visit.services.data / "imports"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def forget_old(visit: Visit) -> None:
    """Take away what nobody confirmed in time."""
    for note in folder(visit).glob("*.json"):
        if json.loads(note.read_text(encoding="utf-8"))["until"] <= visit.now:
            note.with_suffix(".xlsx").unlink(missing_ok=True)
            note.unlink(missing_ok=True)


def bring(visit: Visit, data: bytes) -> str:
    """Keep a file for its confirmation; gives its name."""
    forget_old(visit)
    name = secrets.token_hex(16)
    until = visit.now + KEPT_SECONDS * SECOND
    _write(folder(visit) / f"{name}.xlsx", data)
    _write(folder(visit) / f"{name}.json", json.dumps({"person": visit.subject.person, "until": until}).encode())
    return name


def _write(path: Path, data: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(data)


def brought(visit: Visit, name: str) -> Brought:
    """The waiting file of this name, of this person. Raises NotFound."""
    note = folder(visit) / f"{name}.json"
    if not _NAME.fullmatch(name) or not note.exists():
        raise NotFound
    kept = json.loads(note.read_text(encoding="utf-8"))
    if kept["person"] != visit.subject.person or kept["until"] <= visit.now:
        raise NotFound
    return Brought(name, note.with_suffix(".xlsx").read_bytes(), kept["until"])


def forget(visit: Visit, name: str) -> None:
    """The file has done its service."""
    for ending in (".xlsx", ".json"):
        (folder(visit) / f"{name}{ending}").unlink(missing_ok=True)


def read(visit: Visit, data: bytes) -> Workbook:
    """The workbook. Raises WorkbookUnreadable."""
    return read_workbook(data, scheme=visit.services.scheme)


def unreadable(visit: Visit, error: WorkbookUnreadable) -> str:
    """Why a file cannot be read, and what to do."""
    return translate(visit.language, f"import.file.{error.code}", **error.params)


@router.get("/import")
def import_page(visit: Visit = Depends(clerk)) -> Response:
    """Choose a file."""
    return render(visit, "import/choose.html", limits=Limits())


@router.post("/import")
async def upload(visit: Visit = Depends(clerk), form: Form = Depends(posted)) -> Response:
    """Take the file; its judgement has an address of its own."""
    file = form.upload("workbook")
    data = await file.read() if file is not None else b""
    return await run_in_threadpool(_uploaded, visit, data)


def _uploaded(visit: Visit, data: bytes) -> Response:
    if not data:
        error = visit.error("workbook", "import.choose_file")
        return render(visit, "import/choose.html", limits=Limits(), errors=(error,))
    try:
        read(visit, data)
    except WorkbookUnreadable as error:
        wrong = FieldError("workbook", unreadable(visit, error))
        return render(visit, "import/choose.html", limits=Limits(), errors=(wrong,))
    return RedirectResponse(f"/import/{bring(visit, data)}", status_code=303)


def _judged(visit: Visit, name: str, plan: Plan, **context: Any) -> Response:
    lines = [(error, row_words(error, visit.language, visit.services.scheme)) for error in plan.errors[:ERRORS_SHOWN]]
    names: dict[str, Any] = {
        "waiting": name,
        "plan": plan,
        "lines": lines,
        "more": len(plan.errors) - len(lines),
        "notes": [note_words(note, visit.language) for note in plan.notes],
        "refusals": (),
    }
    return render(visit, "import/plan.html", **(names | context))


@router.get("/import/{name}")
def judged(name: str, visit: Visit = Depends(clerk)) -> Response:
    """The dry run: what would be entered, and every row that stands against it."""
    waiting = brought(visit, name)
    plan = plan_workbook(visit.services.books, visit.subject, read(visit, waiting.data))
    return _judged(visit, name, plan)


@router.post("/import/{name}")
def confirm(name: str, visit: Visit = Depends(clerk), form: Form = Depends(posted)) -> Response:
    """Enter it, judged once more; or throw it away."""
    waiting = brought(visit, name)
    if form.text("do") == "discard":
        forget(visit, name)
        return RedirectResponse("/import", status_code=303)
    workbook = read(visit, waiting.data)
    try:
        acts = enter_workbook(visit.services.books, visit.subject, workbook)
    except PlanHasErrors as changed:
        return _judged(visit, name, changed.plan, status_code=409)
    except Refused as refused:
        plan = plan_workbook(visit.services.books, visit.subject, workbook)
        return _judged(visit, name, plan, refusals=refused.refusals, status_code=409)
    forget(visit, name)
    visit.services.books_changed()
    return render(visit, "import/done.html", acts=acts, carriers=len(workbook.carriers))

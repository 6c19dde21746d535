"""The papers of the register of other bodies: what was put on file, or ended (clauses a.3, d.3, i.1)."""

from api.forms import Cell, Paper
from api.web.printing.model import Printed
from api.web.printing.slips import heading, listed
from custody.entries.organisations import (
    AgreementEnded,
    AgreementRecorded,
    LicenceRecorded,
    LicenceWithdrawn,
    OrganisationRecorded,
)
from custody.values import Agreement, Licence, Organisation


def on_file(printed: Printed) -> Paper:
    """A body, a licence or an agreement as it was put on file, or why it ended."""
    t, first = printed.t, printed.entries[0]
    match first.fact:
        case OrganisationRecorded(organisation=body):
            cells = _body(printed, body)
        case LicenceRecorded(licence=paper) | AgreementRecorded(agreement=paper):
            cells = _paper(printed, paper)
        case LicenceWithdrawn(reason=reason) | AgreementEnded(reason=reason):
            cells = [Cell(t("ask.reason"), reason, wide=True)]
        case _:
            return listed(printed)
    return Paper(
        size="A4",
        heading=heading(printed),
        cells=(
            Cell(t("forms.col.what"), t(f"act.{first.fact.kind}"), "no"),
            Cell(t("forms.entered"), printed.moment(first.happened_at)),
            *(cell for cell in cells if cell.value),
        ),
        signs=(printed.signature(t("forms.sign.by"), first.by),),
    )


def _name(printed: Printed, body: Organisation | None) -> str:
    """The body's name; the house's own where a licence is of none."""
    scheme = printed.visit.services.scheme
    if body is None:
        return scheme.organisation_zh if printed.visit.language == "zh" else scheme.organisation_en
    return body.name_en if printed.visit.language == "en" and body.name_en else body.name


def _body(printed: Printed, body: Organisation) -> list[Cell]:
    t = printed.t
    return [
        Cell(t("ask.code"), body.code, "no"),
        Cell(t("ask.ownership"), t(f"ownership.{body.ownership}")),
        Cell(t("organisations.name"), _name(printed, body), wide=True),
        Cell(t("ask.overseas"), t("organisations.overseas") if body.overseas else ""),
        Cell(t("ask.contact"), body.contact),
        Cell(t("ask.remark"), body.remark, wide=True),
    ]


def _paper(printed: Printed, paper: Licence | Agreement) -> list[Cell]:
    t = printed.t
    body = printed.directory.organisations.get(paper.organisation or 0)
    cells = [
        Cell(t("organisations.name"), _name(printed, body), wide=True),
        Cell(t("ask.paper_number"), paper.number, "no"),
    ]
    if isinstance(paper, Licence):
        cells += [Cell(t("ask.activity"), t(f"activity.{paper.activity}")), Cell(t("ask.issued_by"), paper.issued_by)]
    else:
        cells += [Cell(t("ask.signed_by"), paper.signed_by), Cell(t("ask.agreement.subject"), paper.subject, wide=True)]
    cells.append(Cell(t("ask.licence.level"), printed.level(paper.level)))
    days = f"{printed.day(paper.valid_from)} – {printed.day(paper.valid_until)}"
    return [*cells, Cell(t("organisations.valid"), days, wide=True)]

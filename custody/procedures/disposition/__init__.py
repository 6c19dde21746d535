"""Letter f, second half: transfer and archiving, return to the issuer, change of level and period, review, loss."""

from collections.abc import Mapping

from custody.access import Permission
from custody.entries import Fact, Returned
from custody.entries import disposition as e
from custody.procedures.disposition import handing, levels, loss
from custody.rules import Needed, Rule

RULES: tuple[Rule, ...] = (*handing.RULES, *levels.RULES, *loss.RULES)
PERMISSIONS: Mapping[type[Fact], Needed] = {
    e.ArchivingDue: Permission.KEEP,
    e.TransferOpened: Permission.KEEP,
    e.TransferListed: Permission.KEEP,
    e.TransferStruck: Permission.KEEP,
    e.Transferred: Permission.KEEP,
    e.TransferClosed: Permission.KEEP,
    e.IssuerReturnOpened: Permission.KEEP,
    e.IssuerReturnListed: Permission.KEEP,
    e.IssuerReturnExplained: Permission.KEEP,
    e.ReturnedToIssuer: Permission.KEEP,
    e.IssuerReturnClosed: Permission.KEEP,
    e.Reissued: Permission.TAKE_IN,
    e.ReclassificationOpened: Permission.CLASSIFY,
    e.ChangeProposed: Permission.CLASSIFY,
    e.DeclassificationProposed: Permission.CLASSIFY,
    e.CopyLeftOut: Permission.CLASSIFY,
    e.LevelChanged: Permission.CLASSIFY,
    e.Declassified: Permission.CLASSIFY,
    e.ReclassificationClosed: Permission.CLASSIFY,
    e.Reviewed: Permission.CLASSIFY,
    e.LossOpened: Permission.REPORT_MISSING,
    e.LossListed: Permission.REPORT_MISSING,
    e.LossFound: Permission.KEEP,
    e.LossReported: Permission.HEAD_ENQUIRIES,
    e.EnquiryNoted: Permission.HEAD_ENQUIRIES,
    e.LossConcluded: Permission.HEAD_ENQUIRIES,
    e.LossConfirmed: Permission.APPROVE_LEADER,
}
ACTS: Mapping[str, str] = {
    "archiving": "GQ",  # 归档期
    "transfer": "GD",  # 归档移交
    "issuer_return": "QT",  # 清退
    "reclassification": "MJ",  # 密级变更
    "review": "FH",  # 复核
    "enquiry": "CB",  # 查办
}
"""Kind of act -> the letters of its number. A loss is opened by the act `missing`."""
CODES: Mapping[str, tuple[str, ...]] = {**handing.CODES, **levels.CODES, **loss.CODES}
"""Code of a refusal -> the names that fill its blanks."""
FREE: frozenset[type[Fact]] = frozenset(
    {
        # What is lost or off a list is said whatever else it is in; a decision on its level holds everywhere.
        *(e.TransferStruck, e.IssuerReturnExplained, e.LossListed, e.LossFound),
        *(e.ChangeProposed, e.DeclassificationProposed, e.CopyLeftOut, e.LevelChanged),
        *(e.Reviewed, e.ArchivingDue),
        # What an issuer calls back may be on loan: it has to come home first.
        Returned,
    }
)
"""Facts that may be entered whatever matter the carrier is in."""

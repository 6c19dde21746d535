"""The messages of the watch in words, in the language of whoever gets them: numbers and counts, never a title."""

from collections.abc import Sequence

from api.locale import translate
from custody.scheme import Scheme
from reconcile.digests import PARTS, Figure, figures_of
from reconcile.messages import Worded


def worded(scheme: Scheme, about: str, figures: str, language: str) -> Worded:
    """A message in words: its subject, and its text. `about`, `figures`: as queued (see `reconcile.messages`)."""
    house = scheme.organisation_en if language == "en" else scheme.organisation_zh
    found = figures_of(figures)
    sort, _, rest = about.partition(":")
    if sort == "trial":
        subject, body = translate(language, "letter.trial"), [translate(language, "letter.trial_text")]
    elif sort == "report":
        subject, body = _of_report(found, language)
    elif sort == "digest":
        subject, body = _subject(found, rest, language), lines(found, language)
    else:
        number = sum(one.count for one in found)
        subject, body = translate(language, "letter.at_once", n=number), lines(found, language)
    foot = translate(language, "letter.foot", house=house)
    return Worded(f"{house} · {subject}", "\r\n".join([*body, "", "-- ", foot, ""]))


def _of_report(figures: Sequence[Figure], language: str) -> tuple[str, list[str]]:
    """That a report lies in the house, and how many lines it has; or that none was made. Nothing of what is in it."""
    one = figures[0]
    name = translate(language, f"report.{one.kind}")
    if one.part == "withheld":
        return translate(language, "letter.withheld", what=name), [translate(language, "letter.withheld_text")]
    return translate(language, "letter.report", what=name), [translate(language, "letter.report_text", n=one.count)]


def _subject(figures: Sequence[Figure], day: str, language: str) -> str:
    overdue = sum(one.count for one in figures if one.part == "overdue")
    key = "letter.subject_overdue" if overdue else "letter.subject"
    return translate(language, key, day=day, n=overdue) if overdue else translate(language, key, day=day)


def lines(figures: Sequence[Figure], language: str) -> list[str]:
    """The text of a message: its parts in order, each under its heading, a line a figure."""
    found: list[str] = []
    for part in ("at_once", *PARTS):
        of_part = [one for one in figures if one.part == part]
        if of_part:
            found += (
                ["", translate(language, f"letter.part.{part}")]
                if found
                else [translate(language, f"letter.part.{part}")]
            )
            found += [f"  {line(one, language)}" for one in of_part]
    return found


def line(figure: Figure, language: str) -> str:
    """A figure in words."""
    if figure.part == "new":
        return translate(language, "letter.new", n=figure.count)
    if figure.part == "people":
        who = translate(language, "letter.others") if figure.kind == "others" else figure.who
        return translate(language, "letter.of_person", who=who, n=figure.count)
    what = kind_words(figure, language)
    if figure.days:
        return translate(language, "letter.line_days", what=what, n=figure.count, days=figure.days)
    return translate(language, "letter.line", what=what, n=figure.count)


def kind_words(figure: Figure, language: str) -> str:
    """What a figure counts: a kind of finding, or of reminder."""
    if figure.part == "soon" or figure.kind in NOTICES:
        return translate(language, f"letter.kind.{figure.kind}")
    return translate(language, f"finding_kind.{figure.kind}")


NOTICES = frozenset({"emergency", "clock_went_back", "backup_old", "mail_failing", "calendar_ending", "unanswered"})
"""Notices that are sent at once and are of no finding."""

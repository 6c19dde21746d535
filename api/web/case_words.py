"""A case in words: what its findings have in common."""

from api.web.evidence import person_words, place_words
from api.web.visit import Visit
from custody.register import Directory
from reconcile.store.case_queries import CaseItem


def case_title(visit: Visit, directory: Directory, cause: str, about: str, count: int) -> str:
    """What it is, in a line: of a box "B1-01-1: 14 not found". Never a title of any carrier."""
    return visit.t(f"case_cause.{cause}", what=about_words(visit, directory, about), n=count)


def about_words(visit: Visit, directory: Directory, about: str) -> str:
    """What the findings of a case name alike; empty where it is a carrier, which its line names."""
    kind, _, value = about.partition(":")
    if kind == "place" and value.isdecimal() and int(value) in directory.places:
        return place_words(visit, directory, directory.places[int(value)].code)
    if kind == "person" and value.isdecimal():
        return person_words(visit, directory, int(value))
    return value if kind == "reader" else ""


def title_of(visit: Visit, directory: Directory, item: CaseItem) -> str:
    """The same of a case that is listed."""
    return case_title(visit, directory, item.cause, item.about, item.findings)

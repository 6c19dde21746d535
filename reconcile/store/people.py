"""Who is to sign for what, and by when: what `reconcile.checks.people` looks at."""

from collections.abc import Iterable

from sqlalchemy import Connection, exists, func, select

from custody.clock import day
from custody.procedures.undertakings import SUBJECTS, due_on, obliged
from custody.scheme import Scheme
from custody.store.projection import load_directory
from custody.store.schema import ACCOUNT, INSTRUCTION
from custody.values import Instant
from reconcile.checks.people import PEOPLE_RULES, PersonCase
from reconcile.store.core import FINDING


def texts_in_force(connection: Connection) -> bool:
    """Whether there is anything to sign for at all."""
    return bool(connection.execute(select(exists().where(INSTRUCTION.c.subject != ""))).scalar())


def people_cases(connection: Connection, scheme: Scheme, now: Instant) -> dict[str, PersonCase]:
    """Everybody with everything that he or she is to sign for, by the subject of its finding.

    The ban on photographs binds whoever can sign in; who has no account has no screen to photograph.
    """
    if not texts_in_force(connection):
        return {}
    directory = load_directory(connection)
    today = day(now, scheme.timezone)
    with_account = set(connection.scalars(select(ACCOUNT.c.person).where(~ACCOUNT.c.disabled)))
    cases = [
        PersonCase(person.id, person.unit, subject, due_on(subject, directory, person.id, scheme))
        for person in directory.persons.values()
        for subject in SUBJECTS
        if subject in directory.instructions
        and obliged(subject, person, today)
        and (person.post_class is not None or person.id in with_account)
    ]
    settled = _settled(connection)
    return {
        case.about: PersonCase(case.person, case.unit, case.subject, case.due_at, settled)
        if case.about in settled
        else case
        for case in cases
    }


def _settled(connection: Connection) -> dict[str, Instant]:
    """When a person last settled such a finding, by its subject."""
    rows = connection.execute(
        select(FINDING.c.about, func.max(FINDING.c.closed_at))
        .where(FINDING.c.kind.in_(sorted(PEOPLE_RULES)), FINDING.c.state == "settled")
        .group_by(FINDING.c.about)
    )
    return {row[0]: row[1] for row in rows}


def told_already(connection: Connection, kinds: Iterable[str]) -> set[str]:
    """Subjects of the open findings of these kinds."""
    query = select(FINDING.c.about).where(FINDING.c.kind.in_(sorted(kinds)), FINDING.c.open)
    return set(connection.scalars(query))

"""The register's rows: written from states in the transaction of their entries, and read back as states."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection, Row, Table, bindparam, delete, select, tuple_, update

from custody.classification import secret_until
from custody.life_cycle import Status
from custody.register import CarrierState, Directory
from custody.scheme import Scheme
from custody.store import schema as t
from custody.store.carrier_counts import count_carriers
from custody.store.grams import grams
from custody.store.schema import chunks, insert_rows, is_int64
from custody.values import (
    Acknowledgement,
    Agreement,
    Badge,
    Delegation,
    Description,
    Instruction,
    Licence,
    Organisation,
    Period,
    Person,
    Place,
    Scope,
    Tag,
    Unit,
)

DESCRIPTION = [
    "control_number",
    "copy_number",
    "copies",
    "title",
    "kind",
    "medium",
    "level",
    "unit",
    "classified_on",
    "basis",
    "determined_by",
    "pages",
    "issuer",
    "issuer_number",
    "remark",
    "archive_by",
    "intermediate",
]
"""Columns of a carrier that bear the names of its description's fields."""
CUSTODY = [
    "status",
    "home",
    "place",
    "holder",
    "due_at",
    "since_at",
    "last_sequence",
    "matter",
    "renewals",
    "recalled",
]
"""Columns that nearly every entry changes."""
CLASSIFIED = ["level", "rank", "period_kind", "period_value", "period_authority", "secret_until"]
CARRIER_COLUMNS = [
    "id",
    *DESCRIPTION,
    "rank",
    "period_kind",
    "period_value",
    "period_authority",
    "secret_until",
    "origin",
    *CUSTODY,
]
UNIT_COLUMNS = ["id", "code", "name", "name_en", "parent"]
PLACE_FIELDS = [
    "id",
    "code",
    "name",
    "kind",
    "parent",
    "name_en",
    "rating",
    "storage",
    "responsible",
    "inside",
    "outside",
]
PLACE_COLUMNS = [*PLACE_FIELDS, "path", "rating_rank"]
PERSON_FIELDS = [
    "id",
    "number",
    "name",
    "name_en",
    "unit",
    "post",
    "post_class",
    "cleared_from",
    "cleared_until",
    "left_on",
]
PERSON_COLUMNS = [*PERSON_FIELDS, "name_sort"]


def carrier_values(state: CarrierState, scheme: Scheme) -> list[Any]:
    """A carrier's row, in the order of CARRIER_COLUMNS."""
    described = state.description
    period = described.period
    return [
        state.id,
        *(getattr(described, name) for name in DESCRIPTION),
        scheme.rank(described.level),
        period.kind,
        period.value,
        period.authority,
        secret_until(described, scheme),
        state.origin,
        state.status.value,
        *(getattr(state, name) for name in CUSTODY[1:]),
    ]


def carrier_state(
    row: Row[Any],
    scope: Sequence[str],
    tags: Sequence[Tag],
    retired: Sequence[str],
    queue: Sequence[int],
    descent: tuple[tuple[int, ...], str] = ((), ""),
    unreadable: Sequence[str] = (),
) -> CarrierState:
    """The state that a carrier's row and its side rows tell."""
    described = Description(
        **{name: getattr(row, name) for name in DESCRIPTION},
        period=Period(row.period_kind, row.period_value, row.period_authority),
        scope=Scope(tuple(scope)),
    )
    return CarrierState(
        id=row.id,
        description=described,
        origin=row.origin,
        status=Status(row.status),
        home=row.home,
        place=row.place,
        holder=row.holder,
        due_at=row.due_at,
        tags=tuple(tags),
        since_at=row.since_at,
        last_sequence=row.last_sequence,
        retired_epcs=tuple(retired),
        unreadable=tuple(unreadable),
        matter=row.matter,
        renewals=row.renewals,
        recalled=row.recalled,
        queue=tuple(queue),
        sources=descent[0],
        manner=descent[1],
    )


def load_states(connection: Connection, carriers: Iterable[int]) -> dict[int, CarrierState]:
    """The states of these carriers; those not in the register are left out. Scope and tags come sorted."""
    found: dict[int, CarrierState] = {}
    for ids in chunks(sorted(filter(is_int64, set(carriers)))):
        rows = connection.execute(select(t.CARRIER).where(t.CARRIER.c.id.in_(ids))).all()
        if not rows:
            continue
        scopes = scopes_of(connection, ids)
        tags, retired, unreadable = tags_of(connection, ids)
        queues = queues_of(connection, ids)
        descents = descents_of(connection, [row.id for row in rows if row.origin == "copied"])
        for row in rows:
            found[row.id] = carrier_state(
                row,
                scopes.get(row.id, ()),
                tags.get(row.id, ()),
                retired.get(row.id, ()),
                queues.get(row.id, ()),
                descents.get(row.id, ((), "")),
                unreadable.get(row.id, ()),
            )
    return found


def scopes_of(connection: Connection, carriers: Sequence[int]) -> dict[int, list[str]]:
    """Principals by carrier, sorted."""
    query = select(t.SCOPE.c.carrier, t.SCOPE.c.principal).where(t.SCOPE.c.carrier.in_(carriers))
    found: dict[int, list[str]] = {}
    for carrier, principal in connection.execute(query):
        found.setdefault(carrier, []).append(principal)
    return {carrier: sorted(principals) for carrier, principals in found.items()}


def tags_of(
    connection: Connection, carriers: Sequence[int]
) -> tuple[dict[int, list[Tag]], dict[int, list[str]], dict[int, list[str]]]:
    """Tags on, EPCs taken off, and EPCs of those on that do not answer, by carrier; sorted by EPC."""
    bound: dict[int, list[Tag]] = {}
    retired: dict[int, list[str]] = {}
    unreadable: dict[int, list[str]] = {}
    for row in sorted(connection.execute(select(t.TAG).where(t.TAG.c.carrier.in_(carriers))), key=lambda r: str(r.epc)):
        if row.retired:
            retired.setdefault(row.carrier, []).append(row.epc)
        else:
            bound.setdefault(row.carrier, []).append(Tag(row.epc, row.tid))
            if row.unreadable:
                unreadable.setdefault(row.carrier, []).append(row.epc)
    return bound, retired, unreadable


def queues_of(connection: Connection, carriers: Sequence[int]) -> dict[int, list[int]]:
    """Who waits, by carrier, in order."""
    c = t.QUEUE.c
    found: dict[int, list[int]] = {}
    for row in connection.execute(select(c.carrier, c.person).where(c.carrier.in_(carriers)).order_by(c.place)):
        found.setdefault(row.carrier, []).append(row.person)
    return found


def descents_of(connection: Connection, carriers: Sequence[int]) -> dict[int, tuple[tuple[int, ...], str]]:
    """What each was made from, and how."""
    c = t.DESCENT.c
    found: dict[int, tuple[tuple[int, ...], str]] = {}
    if carriers:
        for row in connection.execute(select(t.DESCENT).where(c.carrier.in_(carriers)).order_by(c.source)):
            found[row.carrier] = ((*found.get(row.carrier, ((), ""))[0], row.source), row.manner)
    return found


def write_carriers(
    connection: Connection, scheme: Scheme, before: Mapping[int, CarrierState], states: Iterable[CarrierState]
) -> None:
    """Bring the rows of these carriers from the states before to the states now."""
    for chunk in chunks(states):
        new = [state for state in chunk if state.id not in before]
        insert_rows(connection, t.CARRIER, CARRIER_COLUMNS, (carrier_values(state, scheme) for state in new))
        insert_rows(connection, t.SCOPE, ("principal", "carrier"), sorted(_scope_rows(new)))
        insert_rows(connection, t.GRAM, ("gram", "carrier"), sorted(_gram_rows(new)))
        descent = [(source, state.id, state.manner) for state in new for source in state.sources]
        insert_rows(connection, t.DESCENT, ("source", "carrier", "manner"), descent)
        known = [state for state in chunk if state.id in before]
        _update_custody(connection, known)
        _update_classified(connection, scheme, [s for s in known if s.description != before[s.id].description], before)
        _write_queues(connection, [s for s in known if s.queue != before[s.id].queue])
        _write_tags(connection, before, chunk)
        count_carriers(connection, scheme, before, chunk)


def _scope_rows(states: Iterable[CarrierState]) -> list[tuple[str, int]]:
    return [(name, state.id) for state in states for name in set(state.description.scope.principals)]


def _gram_rows(states: Iterable[CarrierState]) -> list[tuple[str, int]]:
    return [
        (gram, state.id)
        for state in states
        for gram in grams(state.description.control_number, state.description.title)
    ]


_UPDATE = (
    update(t.CARRIER)
    .where(t.CARRIER.c.id == bindparam("carrier_id"))
    .values({name: bindparam(f"new_{name}") for name in CUSTODY})
)


def _update_custody(connection: Connection, states: Sequence[CarrierState]) -> None:
    rows = [{"carrier_id": state.id} | {f"new_{name}": getattr(state, name) for name in CUSTODY} for state in states]
    if rows:
        connection.execute(_UPDATE, rows)


_UPDATE_CLASSIFIED = (
    update(t.CARRIER)
    .where(t.CARRIER.c.id == bindparam("carrier_id"))
    .values({name: bindparam(f"new_{name}") for name in [*DESCRIPTION, *CLASSIFIED]})
)


def _update_classified(
    connection: Connection, scheme: Scheme, states: Sequence[CarrierState], before: Mapping[int, CarrierState]
) -> None:
    """Bring what a decision of the determining authority, or an inventory, changed in the description."""
    if not states:
        return
    names = list(dict.fromkeys([*DESCRIPTION, *CLASSIFIED]))
    rows = []
    for state in states:
        values = dict(zip(CARRIER_COLUMNS, carrier_values(state, scheme), strict=True))
        rows.append({"carrier_id": state.id} | {f"new_{name}": values[name] for name in names})
    connection.execute(_UPDATE_CLASSIFIED, rows)
    renamed = [
        s
        for s in states
        if (s.description.control_number, s.description.title)
        != (before[s.id].description.control_number, before[s.id].description.title)
    ]
    if renamed:
        connection.execute(delete(t.GRAM).where(t.GRAM.c.carrier.in_([state.id for state in renamed])))
        insert_rows(connection, t.GRAM, ("gram", "carrier"), sorted(_gram_rows(renamed)))
    other_scope = [s for s in states if s.description.scope != before[s.id].description.scope]
    if other_scope:
        connection.execute(delete(t.SCOPE).where(t.SCOPE.c.carrier.in_([state.id for state in other_scope])))
        insert_rows(connection, t.SCOPE, ("principal", "carrier"), sorted(_scope_rows(other_scope)))


def _write_queues(connection: Connection, states: Sequence[CarrierState]) -> None:
    if states:
        connection.execute(delete(t.QUEUE).where(t.QUEUE.c.carrier.in_([state.id for state in states])))
        rows = [(state.id, at, person) for state in states for at, person in enumerate(state.queue, 1)]
        insert_rows(connection, t.QUEUE, ("carrier", "place", "person"), rows)


def _write_tags(connection: Connection, before: Mapping[int, CarrierState], states: Iterable[CarrierState]) -> None:
    bound: list[tuple[Any, ...]] = []
    freed: list[str] = []
    newly_retired: list[str] = []
    silent: list[str] = []
    answers: list[str] = []
    for state in states:
        was = before.get(state.id)
        known = {tag.epc for tag in was.tags} | set(was.retired_epcs) if was else set()
        silent_before = set(was.unreadable) if was else set()
        bound += [(tag.epc, tag.tid, state.id, False, False) for tag in state.tags if tag.epc not in known]
        silent += [epc for epc in state.unreadable if epc not in silent_before]
        answers += sorted(silent_before - set(state.unreadable))
        newly_retired += [epc for epc in state.retired_epcs if not was or epc not in was.retired_epcs]
        # What was taken over wrongly and taken back was never on it: the number is free again.
        freed += sorted(known - {tag.epc for tag in state.tags} - set(state.retired_epcs))
    for epcs in chunks(freed):
        connection.execute(delete(t.TAG).where(t.TAG.c.epc.in_(epcs)))
    insert_rows(connection, t.TAG, ("epc", "tid", "carrier", "retired", "unreadable"), bound)
    for changed, value in ((silent, True), (answers, False)):
        for epcs in chunks(changed):
            connection.execute(update(t.TAG).where(t.TAG.c.epc.in_(epcs)).values(unreadable=value))
    for epcs in chunks(newly_retired):
        connection.execute(update(t.TAG).where(t.TAG.c.epc.in_(epcs)).values(retired=True))


# The directory.


def load_directory(connection: Connection) -> Directory:
    """Units, places and persons as they stand."""
    directory = Directory()
    for row in connection.execute(select(t.UNIT)):
        directory.units[row.id] = Unit(**{name: getattr(row, name) for name in UNIT_COLUMNS})
    for row in connection.execute(select(t.PLACE)):
        directory.places[row.id] = Place(**{name: getattr(row, name) for name in PLACE_FIELDS})
    for row in connection.execute(select(t.PERSON)):
        directory.persons[row.id] = person_of(row)
    for row in connection.execute(select(t.DELEGATION)):
        directory.delegations[row.id] = Delegation(
            row.id, row.giver, row.deputy, tuple(row.permissions.split()), row.from_at, row.until_at, row.reason
        )
    for row in connection.execute(select(t.RESPONSIBILITY)):
        directory.accepted[row.place] = (row.person, row.accepted_at)
    for row in connection.execute(select(t.ORGANISATION)):
        directory.organisations[row.id] = Organisation(**row._mapping)
    for row in connection.execute(select(t.LICENCE)):
        directory.licences[row.id] = Licence(**row._mapping)
    for row in connection.execute(select(t.AGREEMENT)):
        directory.agreements[row.id] = Agreement(**row._mapping)
    for row in connection.execute(select(t.INSTRUCTION)):
        directory.instructions[row.subject] = Instruction(**row._mapping)
    for row in connection.execute(select(t.ACKNOWLEDGEMENT)):
        directory.acknowledged[(row.person, row.subject)] = Acknowledgement(row.at, row.text_hash)
    for row in connection.execute(select(t.BADGE)):
        directory.badges[row.uid] = Badge(**row._mapping)
    return directory


def person_of(row: Row[Any]) -> Person:
    """The person of a row of the table `person`."""
    return Person(**{name: getattr(row, name) for name in PERSON_FIELDS})


def unit_values(unit: Unit) -> list[Any]:
    """A unit's row, in the order of UNIT_COLUMNS."""
    return [getattr(unit, name) for name in UNIT_COLUMNS]


def place_values(place: Place, directory: Directory, scheme: Scheme) -> list[Any]:
    """A place's row, in the order of PLACE_COLUMNS, its path and the rating that holds there included."""
    rating = directory.rating(place.id)
    inward = [str(around.id) for around in reversed(directory.path(place.id))]
    rank = -1 if rating is None else scheme.rank(rating)
    return [*(getattr(place, name) for name in PLACE_FIELDS), f"/{'/'.join(inward)}/", rank]


DELEGATION_COLUMNS = ["id", "giver", "deputy", "permissions", "from_at", "until_at", "reason"]
RESPONSIBILITY_COLUMNS = ["place", "person", "accepted_at"]


def delegation_values(one: Delegation) -> list[Any]:
    """A delegation's row, in the order of DELEGATION_COLUMNS."""
    return [one.id, one.giver, one.deputy, " ".join(one.permissions), one.from_at, one.until_at, one.reason]


ORGANISATION_COLUMNS = ["id", "code", "name", "name_en", "ownership", "overseas", "contact", "remark"]
LICENCE_COLUMNS = ["id", "activity", "organisation", "number", "issued_by", "level", "valid_from", "valid_until"]
AGREEMENT_COLUMNS = ["id", "organisation", "number", "subject", "level", "valid_from", "valid_until", "signed_by"]
INSTRUCTION_COLUMNS = ["subject", "text", "issued_at"]
BADGE_COLUMNS = ["uid", "person", "given_at", "withdrawn_at", "reason"]
ACKNOWLEDGEMENT_COLUMNS = ["person", "subject", "at", "text_hash"]


def other_rows(directory: Directory) -> list[tuple[Table, list[str], dict[Any, list[Any]]]]:
    """The small tables of the directory that are written whole row by whole row: table, columns, rows by key."""

    def rows(columns: list[str], things: Mapping[Any, Any]) -> dict[Any, list[Any]]:
        return {key: [getattr(one, name) for name in columns] for key, one in things.items()}

    signed = {key: [*key, one.at, one.text_hash] for key, one in directory.acknowledged.items()}
    return [
        (t.ORGANISATION, ORGANISATION_COLUMNS, rows(ORGANISATION_COLUMNS, directory.organisations)),
        (t.LICENCE, LICENCE_COLUMNS, rows(LICENCE_COLUMNS, directory.licences)),
        (t.AGREEMENT, AGREEMENT_COLUMNS, rows(AGREEMENT_COLUMNS, directory.agreements)),
        (t.INSTRUCTION, INSTRUCTION_COLUMNS, rows(INSTRUCTION_COLUMNS, directory.instructions)),
        (t.ACKNOWLEDGEMENT, ACKNOWLEDGEMENT_COLUMNS, signed),
        (t.BADGE, BADGE_COLUMNS, rows(BADGE_COLUMNS, directory.badges)),
    ]


def _write_other(connection: Connection, before: Directory, now: Directory) -> None:
    # Every statement deletes the rows that were and are no more, or changed, by their own key; the rest stays.
    for (table, columns, was), (_table, _columns, rows) in zip(other_rows(before), other_rows(now), strict=True):
        stale = [key if isinstance(key, tuple) else (key,) for key in was if rows.get(key) != was[key]]
        keys = [table.c[name] for name in columns[: len(stale[0])]] if stale else []
        for chunk in chunks(stale, 500):
            connection.execute(delete(table).where(tuple_(*keys).in_(chunk)))
        insert_rows(connection, table, columns, [row for key, row in rows.items() if was.get(key) != row])


def person_values(person: Person) -> list[Any]:
    """A person's row, in the order of PERSON_COLUMNS, the pinyin key included."""
    return [*(getattr(person, name) for name in PERSON_FIELDS), name_sort(person.name)]


def name_sort(name: str) -> str:
    """Pinyin of a name, for sorting: 周敏 -> `zhou min`."""
    from pypinyin import lazy_pinyin  # its dictionary takes most of a second to read, and only here is it wanted

    return " ".join(lazy_pinyin(name)).casefold()


def write_directory(connection: Connection, scheme: Scheme, before: Directory, now: Directory) -> None:
    """Bring the rows of the directory from what it was to what it is.

    Places under a changed place get their path and inherited rating anew.
    """
    units = [unit for unit in now.units.values() if before.units.get(unit.id) != unit]
    persons = [person for person in now.persons.values() if before.persons.get(person.id) != person]
    _replace(connection, "unit", UNIT_COLUMNS, [unit_values(unit) for unit in units])
    _replace(connection, "person", PERSON_COLUMNS, [person_values(person) for person in persons])
    if before.delegations != now.delegations:
        connection.execute(delete(t.DELEGATION))
        insert_rows(connection, t.DELEGATION, DELEGATION_COLUMNS, map(delegation_values, now.delegations.values()))
    if before.accepted != now.accepted:
        connection.execute(delete(t.RESPONSIBILITY))
        accepted = [(place, person, at) for place, (person, at) in now.accepted.items()]
        insert_rows(connection, t.RESPONSIBILITY, RESPONSIBILITY_COLUMNS, accepted)
    _write_other(connection, before, now)
    if before.places != now.places:
        was = {place.id: place_values(place, before, scheme) for place in before.places.values()}
        rows = [place_values(place, now, scheme) for place in now.places.values()]
        _replace(connection, "place", PLACE_COLUMNS, [row for row in rows if was.get(cast(int, row[0])) != row])


def _replace(connection: Connection, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    table = {"unit": t.UNIT, "place": t.PLACE, "person": t.PERSON}[name]
    for chunk in chunks(rows):
        # Deleted first, so that two rows may change places in a unique code within one act.
        connection.execute(delete(table).where(table.c.id.in_([row[0] for row in chunk])))
    insert_rows(connection, table, columns, rows)

"""The wall on PostgreSQL: row-level security for a role that owns nothing and may only read.

Who stands there is a setting of the transaction (`custody.wall`, JSON), gone with it; without it every rule is NULL, so
no row is seen. What judges a row by rows that are themselves walled does so through views of the tables' owner, which
give away no more than the wall itself. The role is one for the whole server, and nobody signs in as it: the program
takes it for the transaction.

A setting is the transaction's own word: whoever can run any SQL he likes on the program's connection can set it too, or
give the role back. The wall is against queries that forget a condition; see the threat model.
"""

# ruff: noqa: S608 - the names are those of our own tables; no value is ever put in

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql

from custody.database import DatabaseError
from custody.store.walls.rules import NEVER, OPEN, WALLED
from custody.store.walls.sight import WallSight, row_rule

ROLE = "custody_wall"
"""The role that walled reading takes; also the schema of what it judges by."""
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
_WHO = "NULLIF(current_setting('custody.wall', true), '')::jsonb"


@dataclass(frozen=True, slots=True)
class _Words:
    """See `custody.store.walls.rules.Words`. A scalar subquery is asked once a statement, not once a row."""

    row: str

    def own(self, name: str) -> str:
        return f'"{self.row}"."{name}"'

    def number(self, name: str) -> str:
        return f"(SELECT ({_WHO} ->> '{name}')::bigint)"

    def text(self, name: str) -> str:
        return f"(SELECT {_WHO} ->> '{name}')"

    def flag(self, name: str) -> str:
        return f"COALESCE((SELECT ({_WHO} ->> '{name}') = '1'), false)"

    def within(self, column: str, name: str) -> str:
        kind = "text" if name == "principals" else "bigint"
        every = f"SELECT ARRAY(SELECT value::{kind} FROM jsonb_array_elements_text({_WHO} -> '{name}'))"
        return f"{column} = ANY (({every})::{kind}[])"

    def seen(self, table: str, key: str, column: str, more: str = "") -> str:
        besides = f" AND {more}" if more else ""
        return f'EXISTS (SELECT 1 FROM public."{table}" x_ WHERE x_."{key}" = {column}{besides})'

    def seen_singly(self, table: str, key: str, column: str) -> str:
        # With an offset the engine cannot turn it into one look at the whole other table.
        return f'EXISTS (SELECT 1 FROM public."{table}" x_ WHERE x_."{key}" = {column} OFFSET 0)'

    def seen_at_once(self, table: str, key: str, column: str) -> str:
        return self.seen(table, key, column)

    def sweep(self, column: str) -> str:
        return f"EXISTS (SELECT 1 FROM {ROLE}.sweep v_ WHERE v_.number = {column})"

    def unbound(self, column: str) -> str:
        return f"{ROLE}.unbound({column})"

    @property
    def carrier_row(self) -> str:
        return self.rule("carrier", self.row)

    @property
    def matter_row(self) -> str:
        return self.rule("matter", self.row)

    def rule(self, table: str, name: str) -> str:
        """The rule of `carrier` or `matter` over a row of this name."""
        named = f"EXISTS (SELECT 1 FROM {ROLE}.named v_ WHERE v_.carrier = {{carrier}})"
        part = f"EXISTS (SELECT 1 FROM {ROLE}.part v_ WHERE v_.matter = {{matter}})"
        return row_rule(WallSight(self, named, part), table, name, _DIALECT)


def statements() -> list[str]:
    """What makes the wall, in order; the role is there already. Made again they make the same."""
    any_row = _Words("")
    made = [
        f"DROP SCHEMA IF EXISTS {ROLE} CASCADE",
        f"CREATE SCHEMA {ROLE}",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {ROLE}",
        f"GRANT USAGE ON SCHEMA public, {ROLE} TO {ROLE}",
        f"CREATE VIEW {ROLE}.named WITH (security_barrier) AS SELECT n_.carrier FROM public.carrier_scope n_"
        f" WHERE {any_row.within('n_.principal', 'principals')} AND EXISTS (SELECT 1 FROM public.carrier c_"
        f" WHERE c_.id = n_.carrier AND c_.rank <= {any_row.number('rank')} AND {any_row.flag('carriers')})",
        f"CREATE VIEW {ROLE}.part WITH (security_barrier) AS SELECT p_.matter FROM public.matter_party p_"
        f" WHERE p_.person = {any_row.number('person')}",
        f"CREATE VIEW {ROLE}.sweep WITH (security_barrier) AS SELECT r_.number FROM public.round r_"
        f" WHERE {any_row.flag('carriers')} AND NOT EXISTS (SELECT 1 FROM public.round_expected e_"
        f" JOIN public.carrier s_ ON s_.id = e_.carrier"
        f" WHERE e_.round = r_.number AND NOT COALESCE({any_row.rule('carrier', 's_')}, false))",
        f"CREATE FUNCTION {ROLE}.unbound(epc text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER"
        " SET search_path = pg_catalog AS"
        " 'SELECT NOT EXISTS (SELECT 1 FROM public.tag t_ WHERE t_.epc = $1)'",
        f"REVOKE ALL ON FUNCTION {ROLE}.unbound(text) FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION {ROLE}.unbound(text) TO {ROLE}",
        f"GRANT SELECT ON {ROLE}.named, {ROLE}.part, {ROLE}.sweep TO {ROLE}",
    ]
    for table, rule in WALLED.items():
        made += [
            f'ALTER TABLE public."{table}" ENABLE ROW LEVEL SECURITY',
            f'DROP POLICY IF EXISTS wall ON public."{table}"',
            f'CREATE POLICY wall ON public."{table}" FOR SELECT TO {ROLE} USING ({rule.condition(_Words(table))})',
        ]
    return made


def build(connection: Connection) -> None:
    """Put the wall up, or up again where its rules are others by now; needs the tables' owner.

    Raises DatabaseError, with the SQL that is to be run, where the role is not there and may not be made.
    """
    if not _complete(connection):
        return  # an older schema, of which this program reads nothing
    _role(connection)
    made = statements()
    digest = hashlib.sha256("\n".join([*made, repr(sorted(OPEN)), repr(sorted(NEVER.items()))]).encode()).hexdigest()
    known = text("SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = :name")
    if connection.execute(known, {"name": ROLE}).scalar() == digest and not _unwalled(connection):
        return
    for statement in made:
        connection.exec_driver_sql(statement)
    for table in (*WALLED, *OPEN):
        connection.exec_driver_sql(f'GRANT SELECT ({_columns(connection, table)}) ON public."{table}" TO {ROLE}')
    connection.exec_driver_sql(f"COMMENT ON SCHEMA {ROLE} IS '{digest}'")


def take_down(connection: Connection) -> None:
    """Let the wall down, while a migration changes the columns that it is made of; `build` puts it up again."""
    standing = text("SELECT tablename FROM pg_policies WHERE schemaname = 'public' AND policyname = 'wall'")
    for table in connection.execute(standing).scalars().all():
        connection.exec_driver_sql(f'DROP POLICY wall ON public."{table}"')
    connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {ROLE} CASCADE")


def _complete(connection: Connection) -> bool:
    names = connection.execute(
        text("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")
    ).scalars()
    return {*WALLED, *OPEN} <= set(names)


def _columns(connection: Connection, table: str) -> str:
    query = text(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(:name) AND attnum > 0 AND NOT attisdropped"
    )
    names = connection.execute(query, {"name": f'public."{table}"'}).scalars()
    return ", ".join(f'"{name}"' for name in names if name not in NEVER.get(table, ()))


def _unwalled(connection: Connection) -> bool:
    """Whether somebody let a table's wall down behind our back, or a table is new."""
    query = text("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relrowsecurity")
    return not set(WALLED) <= set(connection.execute(query).scalars())


def _role(connection: Connection) -> None:
    """Make the role where it is not there, and let the present user take it."""
    # Roles are the server's: two databases of it may be migrated at once.
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": ROLE})
    there = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": ROLE}).scalar()
    taken = text(
        "SELECT r.rolsuper OR EXISTS (SELECT 1 FROM pg_auth_members m JOIN pg_roles w ON w.oid = m.roleid"
        " WHERE w.rolname = :name AND m.member = r.oid"
        " AND COALESCE((to_jsonb(m) ->> 'set_option')::boolean, true)) FROM pg_roles r WHERE r.rolname = current_user"
    )
    if there and connection.execute(taken, {"name": ROLE}).scalar():
        return
    may = text("SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user")
    user = connection.execute(text("SELECT current_user")).scalar_one()
    wanted = ([] if there else [f"CREATE ROLE {ROLE} NOLOGIN"]) + [f'GRANT {ROLE} TO "{user}"']
    if not connection.execute(may).scalar():
        raise DatabaseError(
            f"the role {ROLE}, as which persons' queries are answered, cannot be made by {user}; "
            f"let an administrator of PostgreSQL run once: {'; '.join(wanted)};"
        )
    for statement in wanted:
        connection.exec_driver_sql(statement)


def stand(connection: Connection, context: str) -> None:
    """Take the role until the transaction ends, as whoever the context says; an empty one is nobody."""
    connection.exec_driver_sql(
        f"SELECT set_config('custody.wall', %s, true), set_config('role', '{ROLE}', true)", (context,)
    )

"""Alembic's environment: runs on the connection of `Database.migrate`, in its transaction, without an ini file."""

from alembic import context

from custody.store.walls import postgresql

connection = context.config.attributes["connection"]
context.configure(connection=connection)
older = context.get_context().get_current_revision() != context.script.get_current_head()
if connection.dialect.name == "postgresql" and older:
    postgresql.take_down(connection)
with context.begin_transaction():
    context.run_migrations()
if connection.dialect.name == "postgresql":
    # Not a migration: the role may be of another server than the one that was migrated; the rules are the program's.
    postgresql.build(connection)

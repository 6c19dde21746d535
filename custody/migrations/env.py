"""Alembic's environment: runs on the connection of `Database.migrate`, in its transaction, without an ini file."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()

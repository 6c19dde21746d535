"""One cache of compiled statements for all databases of a test process.

Every test has a database of its own, and so an engine of its own; SQLAlchemy would compile every statement anew for
each of them, which is most of what a short test costs. Dialects of one kind are alike here: they are made with the
same options, and differ in nothing that compiling asks for.
"""

from typing import Any

import sqlalchemy
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

import custody.database

SIZE = 4_000
_CACHES: dict[str, Any] = {}


def share_compiled_statements() -> None:
    """From now on, in this process."""

    def create_engine(*given: Any, **named: Any) -> Any:
        engine = sqlalchemy.create_engine(*given, **named)
        engine._compiled_cache = _CACHES.setdefault(engine.dialect.name, LRUCache(SIZE))
        return engine

    dialect: Any = DefaultDialect
    dialect.__hash__ = lambda self: hash(type(self))
    dialect.__eq__ = lambda self, other: type(self) is type(other)
    module: Any = custody.database
    module.create_engine = create_engine

"""`custody device`: admit an edge daemon, give it another token, take nothing more from it."""

import os
import secrets
from argparse import Namespace

from api.cli.said import person_asking, say
from api.installation import InstallationError, data_folder, open_books
from custody import clock
from custody.access import Permission
from custody.store.books import Books
from custody.values import SECOND
from reconcile.store import devices

HOUR = 3600 * SECOND


def device(options: Namespace) -> int:
    """An edge daemon's token, shown once; or the end of it."""
    data = data_folder(options.data, os.environ)
    _configuration, database, books = open_books(data, clock.now)
    with database:
        now = clock.now()
        asking = person_asking(database, books.scheme, options.person, Permission.MANAGE_READERS, now, data=data)
        try:
            said = _changed(books, options, asking.person)
        except (devices.DeviceExists, devices.DeviceUnknown, ValueError) as error:
            raise InstallationError(f"{error}; nothing was changed.") from error
    say(said)
    return 0


def _changed(books: Books, options: Namespace, by: int) -> str:
    """What was done: the new token, or that there is none any more. Raises what the store raises."""
    now, token = clock.now(), secrets.token_urlsafe(32)
    hashed = devices.token_hash(token)
    with books.database.writing() as connection:
        if options.revoke:
            if not devices.revoke_device(connection, options.name, now, by=by):
                raise devices.DeviceUnknown(f"there is no device {options.name!r}, or it was revoked")
            return f"{options.name}  revoked"
        if options.rotate:
            until = now + books.scheme.number("device_overlap_hours") * HOUR
            devices.rotate_device(connection, options.name, hashed, now, until, by=by)
        else:
            devices.create_device(connection, options.name, hashed, now, by=by)
    return token

"""`custody password`: choose the own pass-phrase in the terminal, before anybody serves pages."""

import os
from argparse import Namespace

from api.cli.said import choose_password, say
from api.installation import data_folder, open_books
from custody import clock


def password(options: Namespace) -> int:
    """Instead of the one-time secret, or of the present pass-phrase; the owner's sessions end."""
    data = data_folder(options.data, os.environ)
    _configuration, database, books = open_books(data, clock.now)
    with database:
        choose_password(database, books.scheme, options.number, clock.now(), data=data)
    say(f"{options.number}  the pass-phrase is changed")
    return 0

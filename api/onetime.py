"""One-time secrets, whole or in two halves of which each is known to one person only.

The halves of a new account or a reset are made at different times for different persons: one for the security
administrator who granted it, one for the system administrator who asked. Neither is ever kept, so that nobody who
reads the database can put them together; what is kept says only how to check them. The first half is hashed like any
password; of the second, which is 80 random bits that nobody chose, SHA-256 is enough.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable

MARK = "halves:"
"""What is kept of a secret in two halves: `halves:<SHA-256 of the second>:<hash of the first>`. Until the first half is
made its hash is that of one that was shown to nobody: nothing fits, and finding that out costs the same work."""
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what is mistaken for something else when it is read from paper."""
GROUPS, GROUP = 4, 4
BETWEEN = "-"


def half() -> str:
    """Half of a secret: four groups of four that can be read out and typed, 79 bits."""
    return BETWEEN.join("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(GROUPS))


def whole() -> str:
    """A whole secret, as two halves make it."""
    return joined(half(), half())


def joined(first: str, second: str) -> str:
    """What is typed at the door: the asker's half, then the decider's."""
    return f"{first}{BETWEEN}{second}"


def digest(second: str) -> str:
    """What is kept of the second half."""
    return hashlib.sha256(second.encode()).hexdigest()


def kept(second_digest: str, first_hash: str) -> str:
    """What an account keeps of a secret in two halves."""
    return f"{MARK}{second_digest}:{first_hash}"


def is_halves(password_hash: str) -> bool:
    """Whether this is a secret in two halves."""
    return password_hash.startswith(MARK)


def fits(verify: Callable[[str, str], bool], typed: str, password_hash: str) -> bool:
    """Whether what was typed is the two halves. `verify(password, hash)` is asked once, whatever was typed."""
    second_digest, _, first_hash = password_hash.removeprefix(MARK).partition(":")
    groups = typed.strip().lower().split(BETWEEN)
    first, second = BETWEEN.join(groups[:GROUPS]), BETWEEN.join(groups[GROUPS:])
    right = verify(first, first_hash)
    return hmac.compare_digest(digest(second), second_digest) and right

"""The second factor: time-based codes (RFC 6238: SHA-1, 30 s, six digits), recovery codes, the key they rest under.

A secret lies in the database only sealed (AES-256-GCM) with the key of the data folder, and bound to its person: who
has the database alone can make no code, and moving a row to another person opens nothing.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import stat
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from custody.values import SECOND, Instant

STEP_SECONDS = 30
DIGITS = 6
STEPS_AROUND = (0, -1, 1)
"""A clock may be one step slow or fast."""
RECOVERY_CODES = 10
RECOVERY_BYTES = 15
"""120 random bits a code: a plain digest is then enough."""
ACCOUNT_KEY = "account.key"
KEY_BYTES = 32
_SEALED = "v1:"


class AccountKeyUnusable(Exception):
    """The key of the second factors is not there, may be read by others, or does not open what is kept."""


@dataclass(frozen=True, slots=True)
class AccountKey:
    """The key under which second factors' secrets rest and sessions are sealed: a file beside the ledger's key."""

    path: Path

    def create(self) -> None:
        """Make the file where it is not there: mode 0600, whole and on disk, or not at all."""
        if self.path.exists():
            return
        beside = self.path.with_name(f"{self.path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, base64.b64encode(AESGCM.generate_key(8 * KEY_BYTES)) + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            # A link, unlike a renaming, leaves what another process has just made.
            os.link(beside, self.path)
        except FileExistsError:
            pass
        finally:
            beside.unlink()
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def seal(self, person: int, secret: str) -> str:
        """The secret as the database keeps it. Raises AccountKeyUnusable."""
        self.create()
        nonce = os.urandom(12)
        sealed = self._cipher().encrypt(nonce, secret.encode(), _bound_to(person))
        return _SEALED + base64.b64encode(nonce + sealed).decode()

    def unseal(self, person: int, sealed: str) -> str:
        """The secret again. Raises AccountKeyUnusable."""
        try:
            raw = base64.b64decode(sealed.removeprefix(_SEALED), validate=True)
            return self._cipher().decrypt(raw[:12], raw[12:], _bound_to(person)).decode()
        except (InvalidTag, ValueError) as error:
            raise AccountKeyUnusable(
                f"{self.path} does not open the second factor of person {person}: bring back the key that was there, "
                "or reset this person's second factor"
            ) from error

    def mac(self, *parts: str | int | None) -> str:
        """HMAC-SHA256, hexadecimal, of these parts: what only who has the key could have written.

        Raises AccountKeyUnusable.
        """
        self.create()
        key = hmac.digest(self._read(), b"custody session", "sha256")
        return hmac.new(key, json.dumps(parts).encode(), "sha256").hexdigest()

    def _cipher(self) -> AESGCM:
        return AESGCM(self._read())

    def _read(self) -> bytes:
        try:
            mode = stat.S_IMODE(self.path.stat().st_mode)
            if mode & 0o077:
                raise AccountKeyUnusable(f"{self.path} may be read by others ({mode:04o}); run: chmod 600 {self.path}")
            key = base64.b64decode(self.path.read_bytes().strip(), validate=True)
            if len(key) != KEY_BYTES:
                raise ValueError(f"{len(key)} bytes")
            return key
        except (OSError, ValueError) as error:
            raise AccountKeyUnusable(
                f"{self.path} cannot be used as the key of the second factors: bring it back from the backup"
            ) from error


def _bound_to(person: int) -> bytes:
    return f"custody totp {person}".encode()


def new_secret() -> str:
    """A new secret, 160 random bits in base32."""
    return pyotp.random_base32()


def spelled(secret: str) -> str:
    """A secret in groups of four, to be typed."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def provisioning(secret: str, number: str, issuer: str) -> str:
    """What an authenticator reads from the QR code."""
    return pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS).provisioning_uri(name=number, issuer_name=issuer)


def plain(code: str) -> str:
    """A code as it is compared: without blanks and hyphens, in capitals."""
    return "".join(unicodedata.normalize("NFKC", code)[:200].split()).replace("-", "").upper()


def is_time_code(code: str) -> bool:
    """Whether a code (as `plain` gives it) is of the device, not a recovery code."""
    return len(code) == DIGITS and code.isascii() and code.isdecimal()


def step_of(secret: str, code: str, now: Instant) -> int | None:
    """The time step whose code this is, of the present one and its two neighbours; None: of none."""
    present = now // SECOND // STEP_SECONDS
    totp = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS)
    found = None
    for step in (present + around for around in STEPS_AROUND):
        # All three, whichever fits: the time taken says nothing.
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()):
            found = step if found is None else max(found, step)
    return found


def new_recovery_codes() -> tuple[str, ...]:
    """Recovery codes as they are shown, once: four groups of six."""
    codes = (base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode() for _ in range(RECOVERY_CODES))
    return tuple("-".join(code[at : at + 6] for at in range(0, len(code), 6)) for code in codes)


def recovery_digest(code: str) -> str:
    """What is kept of a recovery code: SHA-256, hexadecimal."""
    return hashlib.sha256(plain(code).encode()).hexdigest()

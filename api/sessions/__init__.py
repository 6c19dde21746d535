"""Signing in: pass-phrases, second factors, sessions, waits, and the fresh confirmation of identity."""

from api.sessions.choosing import Owner, objection, own_particulars
from api.sessions.factor import ACCOUNT_KEY, AccountKey, AccountKeyUnusable
from api.sessions.lasting import alive, freshly_confirmed, idle_before
from api.sessions.passwords import PASSWORD_CHARACTERS_MAX, PASSWORD_CHARACTERS_MIN, Passwords
from api.sessions.signing_in import (
    CodeNeeded,
    CodeWrong,
    Known,
    SamePerson,
    SecretExpired,
    SignIn,
    SignInFailed,
    TooManyAttempts,
    needs_factor,
)

__all__ = [
    "ACCOUNT_KEY",
    "PASSWORD_CHARACTERS_MAX",
    "PASSWORD_CHARACTERS_MIN",
    "AccountKey",
    "AccountKeyUnusable",
    "CodeNeeded",
    "CodeWrong",
    "Known",
    "Owner",
    "Passwords",
    "SamePerson",
    "SecretExpired",
    "SignIn",
    "SignInFailed",
    "TooManyAttempts",
    "alive",
    "freshly_confirmed",
    "idle_before",
    "needs_factor",
    "objection",
    "own_particulars",
]

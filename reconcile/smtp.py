"""The house's own mail relay: what `[mail]` says of it, and handing it one message. Nothing leaves the house.

The relay's name is looked up, and every address that it has must be private or of this machine, unless the
configuration allows others; the connection goes to the very address that was looked at. TLS knows the house's own
authority.
"""

import ipaddress
import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from pathlib import Path
from typing import Any

SECURITY = ("starttls", "tls", "none")
"""How the connection is protected: after STARTTLS, from its first byte, or not at all."""
PORTS: Mapping[str, int] = {"starttls": 587, "tls": 465, "none": 25}
TIMEOUT_SECONDS = 20.0
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._+-]{{0,62}}@({_LABEL}(?:\.{_LABEL})*)")


class MailInvalid(ValueError):
    """The section `[mail]` cannot be used; the message names every key that is wrong and what it should be."""


class Later(Exception):
    """The relay does not take the message now; it is tried again. `why`: a word, or the relay's number."""

    def __init__(self, why: str, *, relay: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.relay = relay
        """Whether it is the relay that fails, and not this message: the others need not be tried."""


class Refused(Exception):
    """The relay will never take this message. `why`: the relay's number."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Relay:
    """How messages leave: `domains` are the house's own, to which alone anything is sent."""

    host: str
    sender: str
    domains: tuple[str, ...]
    port: int
    security: str = "starttls"
    ca: Path | None = None
    user: str = ""
    password_file: Path | None = None
    at_once: int = 0
    """Notices up to this urgency (0 at once, 1 today) are sent by themselves; the others wait for the day's message."""
    allow_public: bool = False
    timeout_seconds: float = TIMEOUT_SECONDS

    def takes(self, address: str) -> bool:
        """Whether something may be sent there: a plain address of one of the house's own domains."""
        found = _ADDRESS.fullmatch(address)
        return found is not None and len(address) <= 200 and found[1].lower() in self.domains


def relay_from(section: Any, folder: Path) -> Relay | None:
    """The relay that `[mail]` says; None where there is none. Files are found from `folder`. Raises MailInvalid."""
    if section is None:
        return None
    if not isinstance(section, dict):
        raise MailInvalid("mail must be a section, [mail]")
    errors = [f"mail.{key} is not known; known are {', '.join(sorted(_KNOWN))}" for key in section if key not in _KNOWN]
    errors += [f"mail.{key} must be {what}" for key, (right, what) in _KNOWN.items() if not right(section.get(key))]
    security = section.get("security", "starttls")
    if not errors and section.get("user") and security == "none" and section["host"] not in ("localhost", "127.0.0.1"):
        errors.append("mail.user: a password is not sent over a network unprotected; set security to starttls or tls")
    if not errors and bool(section.get("user")) != bool(section.get("password_file")):
        errors.append("mail.user and mail.password_file belong together")
    if errors:
        raise MailInvalid("; ".join(errors))
    return Relay(
        host=section["host"],
        sender=section["sender"],
        domains=tuple(one.lower() for one in section["domains"]),
        port=section.get("port", PORTS[security]),
        security=security,
        ca=folder / section["ca"] if section.get("ca") else None,
        user=section.get("user", ""),
        password_file=folder / section["password_file"] if section.get("password_file") else None,
        at_once=section.get("at_once", 0),
        allow_public=section.get("allow_public", False),
    )


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def _texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_text(one) for one in value)


def _whole(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


_KNOWN: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "host": (_text, "the name or address of the house's relay"),
    "sender": (lambda value: _text(value) and bool(_ADDRESS.fullmatch(value)), "the address that messages come from"),
    "domains": (_texts, 'a list of the house\'s own domains, such as ["archive.lan"]'),
    "port": (lambda value: value is None or _whole(value, 1, 65_535), "a port from 1 to 65535"),
    "security": (lambda value: value in (None, *SECURITY), f"one of {', '.join(SECURITY)}"),
    "ca": (lambda value: value is None or _text(value), "the name of a file with the authority's certificate, in PEM"),
    "user": (lambda value: value is None or _text(value), "a name to sign in with"),
    "password_file": (lambda value: value is None or _text(value), "the name of a file that holds the password"),
    "at_once": (lambda value: value is None or _whole(value, 0, 1), "0 (what is to be done at once) or 1 (today)"),
    "allow_public": (lambda value: value is None or isinstance(value, bool), "true or false"),
}

Resolve = Callable[[str, int], Sequence[str]]


def resolve(host: str, port: int) -> list[str]:
    """Every address of a host. Raises Later where it has none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Later("no_such_host", relay=True) from error
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def inside(address: str) -> bool:
    """Whether an address is of this machine, or of a network that is not routed in public."""
    found = ipaddress.ip_address(address.partition("%")[0])
    return found.is_loopback or (found.is_private and not found.is_unspecified)


class _Session(smtplib.SMTP):
    """A session to an address that was looked at before, under the relay's own name."""

    def __init__(self, relay: Relay, address: str, context: ssl.SSLContext | None) -> None:
        self._relay_address, self._context = address, context if relay.security == "tls" else None
        # The name that is said in the greeting: looking up the own one would ask the network.
        super().__init__(relay.host, relay.port, local_hostname="[127.0.0.1]", timeout=relay.timeout_seconds)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = socket.create_connection((self._relay_address, port), timeout)
        if self._context is None:
            return plain
        try:
            return self._context.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise


def _context(relay: Relay) -> ssl.SSLContext | None:
    if relay.security == "none":
        return None
    try:
        context = ssl.create_default_context(cafile=str(relay.ca) if relay.ca else None)
    except (OSError, ssl.SSLError) as error:
        raise Later("authority_unreadable", relay=True) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def open_session(relay: Relay, resolving: Resolve = resolve) -> smtplib.SMTP:
    """A session with the relay, protected and signed in as configured. Raises Later: the relay fails, not a message."""
    addresses = resolving(relay.host, relay.port)
    if not relay.allow_public and not all(inside(one) for one in addresses):
        raise Later("not_inside", relay=True)
    context = _context(relay)
    try:
        session = _Session(relay, addresses[0], context)
    except ssl.SSLError as error:
        raise Later("certificate", relay=True) from error
    except (OSError, smtplib.SMTPException) as error:
        raise Later(_code(error) or "no_connection", relay=True) from error
    try:
        session.ehlo_or_helo_if_needed()
        if relay.security == "starttls":
            session.starttls(context=context)
            session.ehlo()
        if relay.user and relay.password_file is not None:
            session.login(relay.user, relay.password_file.read_text(encoding="utf-8").strip())
    except ssl.SSLError as error:
        session.close()
        raise Later("certificate", relay=True) from error
    except smtplib.SMTPNotSupportedError as error:
        session.close()
        raise Later("no_starttls" if relay.security == "starttls" else "no_sign_in", relay=True) from error
    except (OSError, smtplib.SMTPException, UnicodeDecodeError) as error:
        session.close()
        raise Later(_code(error) or "no_greeting", relay=True) from error
    return session


def hand_over(session: smtplib.SMTP, relay: Relay, message: EmailMessage) -> None:
    """Hand one message over. Raises Refused, Later; after a Later of the relay the session is of no more use."""
    try:
        session.send_message(message, relay.sender, [str(message["To"])])
    except smtplib.SMTPRecipientsRefused as error:
        ((code, _words),) = error.recipients.values()
        raise _by_code(code) from error
    except smtplib.SMTPSenderRefused as error:
        raise Later(str(error.smtp_code), relay=True) from error
    except smtplib.SMTPDataError as error:
        raise _by_code(error.smtp_code) from error
    except (OSError, smtplib.SMTPException) as error:
        # Perhaps it was taken, and only the answer was lost: it goes out once more, under the same Message-ID.
        raise Later(_code(error) or "broken_off", relay=True) from error


def _by_code(code: int) -> Later | Refused:
    # 421: the relay closes.
    return Refused(str(code)) if code >= 500 else Later(str(code), relay=code == 421)


def _code(error: Exception) -> str:
    return str(error.smtp_code) if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code > 0 else ""


def letter(relay: Relay, to: str, message_id: str, subject: str, text: str, language: str, date: str) -> EmailMessage:
    """A message in plain text. `date`: as of RFC 5322. It says that it is a machine's, so that nothing answers it."""
    found = EmailMessage(policy=SMTP_POLICY)
    found["From"] = relay.sender
    found["To"] = to
    found["Subject"] = subject
    found["Date"] = date
    found["Message-ID"] = message_id
    found["Content-Language"] = language
    found["Auto-Submitted"] = "auto-generated"
    found.set_content(text, cte="base64")
    return found

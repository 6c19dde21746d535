"""A visit: who asks, in which language, at what time. Every page gets one and asks it, and nothing else.

`signed_in` and `needs(permission)` are FastAPI dependencies that give a `Visit`; `posted` gives the fields of a
form after the checks against forged requests. What cannot be answered is raised and drawn by `api.web.errors`.
"""

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile

from api.locale import LANGUAGES, Value, translate
from api.services import Services
from api.sessions import SignIn, TooManyAttempts, freshly_confirmed
from api.store import Session
from custody import clock
from custody.access import Permission, Role, Subject, may
from custody.entries import Signature
from custody.store import queries
from custody.values import Instant, Person, Unit

COOKIE = "custody_session"
COOKIE_SECURE = "__Host-custody_session"
LANGUAGE_COOKIE = "lang"
TITLES_COOKIE = "titles"
KEYS_COOKIE = "keys"
FIELD_CHARACTERS_MAX = 10_000
BY_WEIGHT = (
    Role.LEADER,
    Role.SECRECY_COMMITTEE,
    Role.SECRECY_OFFICE,
    Role.MANAGER,
    Role.CLERK,
    Role.MEETING_SECRETARY,
    Role.SYSTEM_ADMINISTRATOR,
    Role.SECURITY_ADMINISTRATOR,
    Role.AUDITOR,
    Role.BORROWER,
    Role.DEVICE,
)
"""Which of several roles the shell names."""


class NotSignedIn(Exception):
    """There is no live session: sign in, then come back."""


class Forbidden(Exception):
    """The subject's roles do not open this."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission
        super().__init__(permission)


class Forged(Exception):
    """The request did not come from one of our own pages, or its page is older than the session."""


class ConfirmationNeeded(Exception):
    """Identity must be confirmed first; `back` is where to go on, an address of our own."""

    def __init__(self, back: str) -> None:
        self.back = back
        super().__init__(back)


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field of a form; `message` is already in the visitor's language."""

    field: str
    message: str


class Unfit(Exception):
    """A form cannot be taken as it is."""

    def __init__(self, errors: Iterable[FieldError]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in self.errors))


@dataclass(slots=True)
class Seen:
    """What a page came to show while it was drawn: the highest level, for the shell."""

    rank: int = -1
    level: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks, and everything to answer with. `day` is today's ISO date in the organisation's time zone."""

    request: Request
    services: Services
    subject: Subject
    person: Person
    unit: Unit | None
    session: Session
    language: str
    now: Instant
    day: str
    titles_hidden: bool = False
    keys_off: bool = False
    seen: Seen = field(default_factory=Seen)

    @property
    def csrf(self) -> str:
        """The token that every form of this session carries."""
        return self.session.csrf

    @property
    def standing(self) -> str:
        """The weightiest of the subject's roles; `none` where there is none."""
        held = {grant.role for grant in self.subject.grants}
        return next((role.value for role in BY_WEIGHT if role in held), "none")

    def may(self, permission: Permission) -> bool:
        """Whether one of the subject's roles opens this."""
        return may(self.subject, permission)

    def t(self, key: str, /, **params: Value) -> str:
        """A text of the catalogue in the visitor's language."""
        return translate(self.language, key, **params)

    def error(self, field_name: str, key: str, /, **params: Value) -> FieldError:
        """What is wrong with a field, in words."""
        return FieldError(field_name, self.t(key, **params))


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a posted form: texts stripped, never longer than a page of text."""

    data: FormData

    def text(self, name: str) -> str:
        """One field; empty where it is not there."""
        value = self.data.get(name)
        return value.strip()[:FIELD_CHARACTERS_MAX] if isinstance(value, str) else ""

    def secret(self, name: str) -> str:
        """A password: as typed, blanks included."""
        value = self.data.get(name)
        return value if isinstance(value, str) else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """All values of a repeated field."""
        return tuple(value.strip() for value in self.data.getlist(name) if isinstance(value, str))

    def names(self) -> frozenset[str]:
        """The names of all fields."""
        return frozenset(self.data)

    def number(self, name: str) -> int | None:
        """A whole number; None where there is none."""
        text = self.text(name)
        return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None

    def upload(self, name: str) -> UploadFile | None:
        """A file; None where none was chosen."""
        value = self.data.get(name)
        return value if isinstance(value, UploadFile) and value.filename else None

    def digest(self, name: str) -> str:
        """SHA-256, hexadecimal, of a file, which is read here and not kept; empty where none was chosen."""
        file = self.upload(name)
        if file is None:
            return ""
        found = hashlib.sha256()
        while chunk := file.file.read(1 << 20):
            found.update(chunk)
        return found.hexdigest()

    def kept(self) -> Mapping[str, str]:
        """What was typed, to be shown again; passwords and the token are not."""
        return {
            name: value
            for name, value in self.data.multi_items()
            if isinstance(value, str) and name != "csrf" and not name.endswith("password")
        }


def services_of(request: Request) -> Services:
    """The services of the application that serves this request."""
    services: Services = request.app.state.services
    return services


def sign_in_of(request: Request) -> SignIn:
    """The signing in of the application that serves this request."""
    sign_in: SignIn = request.app.state.sign_in
    return sign_in


def address_of(request: Request) -> str:
    """The address that the request came from."""
    return request.client.host if request.client else ""


def cookie_name(request: Request) -> str:
    """The session cookie's name: bound to the host where the connection is protected."""
    return COOKIE_SECURE if request.url.scheme == "https" else COOKIE


def asked_language(request: Request, default: str = "zh") -> str:
    """The language asked for: in the address, else remembered by the device, else the default."""
    for wanted in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if wanted in LANGUAGES:
            return wanted
    return default


def titles_hidden(request: Request) -> bool:
    """Whether titles are to be hidden: by the address, else as the device remembers."""
    wanted = request.query_params.get("titles") or request.cookies.get(TITLES_COOKIE)
    return wanted == "hide"


def signed_in(request: Request) -> Visit:
    """The visit of a signed-in person. Raises NotSignedIn."""
    services = services_of(request)
    now = services.clock()
    token = request.cookies.get(cookie_name(request))
    session = sign_in_of(request).session(token, now) if token else None
    if session is None:
        raise NotSignedIn
    day = clock.day(now, services.scheme.timezone)
    with services.database.reading() as connection:
        subject = queries.subject_for(connection, session.person, services.scheme, day)
        person = queries.person(connection, session.person)
        unit = services.books.directory(connection).units.get(person.unit or 0)
    visit = Visit(
        request=request,
        services=services,
        subject=subject,
        person=person,
        unit=unit,
        session=session,
        language=asked_language(request, subject.language),
        now=now,
        day=day,
        titles_hidden=titles_hidden(request),
        keys_off=request.cookies.get(KEYS_COOKIE) == "off",
    )
    request.state.visit = visit
    return visit


GUARDS: dict[Callable[..., Visit], tuple[Permission, ...]] = {}
"""Dependencies that ask for permissions, and which: so that a test can hold every route against what is declared."""


def needs(*permissions: Permission) -> Callable[[Visit], Visit]:
    """A dependency that gives the visit where one of these permissions is held. Raises Forbidden."""

    def allowed(visit: Visit = Depends(signed_in)) -> Visit:
        if not any(visit.may(permission) for permission in permissions):
            raise Forbidden(permissions[0])
        return visit

    GUARDS[allowed] = permissions
    return allowed


def same_origin(request: Request) -> bool:
    """Whether the browser says that our own page sent this (Sec-Fetch-Site, else Origin; both may be absent)."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    if origin is None:
        return True
    return urlsplit(origin).netloc == request.headers.get("host", "") and origin != "null"


def genuine(visit: Visit, token: str) -> bool:
    """Whether the token is the session's own, compared in constant time."""
    return hmac.compare_digest(token.encode(), visit.csrf.encode())


def posted_up_to(fields: int) -> Callable[..., AsyncIterator[Form]]:
    """A dependency: the fields of a form sent by a page of this session, so many at most. Raises Forged.

    Its files are closed after the answer.
    """

    async def sent(request: Request, visit: Visit = Depends(signed_in)) -> AsyncIterator[Form]:
        if not same_origin(request):
            raise Forged
        async with request.form(max_files=1, max_fields=fields) as data:
            form = Form(data)
            if not genuine(visit, form.secret("csrf")):
                raise Forged
            yield form

    return sent


posted = posted_up_to(500)
"""The fields of a form sent by a page of this session. Raises Forged."""


def local_address(back: str | None, default: str = "/") -> str:
    """An address to go on to, if it is one of our own; never another host's."""
    if back and back.startswith("/") and not back.startswith("//") and "\\" not in back and back.isprintable():
        return back
    return default


def fresh(visit: Visit) -> bool:
    """Whether identity was confirmed within the configured time."""
    return freshly_confirmed(visit.session, visit.services.scheme, visit.now)


def sign(visit: Visit, form: Form, text: str, *, each_time: bool = False) -> Signature:
    """The visitor's signature under exactly this text.

    The password is asked for in the form's field `password` (template `_confirm.html`) where identity was not
    confirmed lately, or `each_time` for grave acts. Raises Unfit naming the field.
    """
    return signed_with(visit, form.secret("password"), text, each_time=each_time)


def signed_with(visit: Visit, password: str, text: str, *, each_time: bool = False) -> Signature:
    """The same with the password itself, however it came. Raises Unfit naming the field `password`."""
    if each_time or not fresh(visit):
        if not password:
            raise Unfit([visit.error("password", "confirm.needed")])
        try:
            right = sign_in_of(visit.request).confirm(visit.session, password, visit.now)
        except TooManyAttempts as wait:
            raise Unfit([visit.error("password", "signin.wait", seconds=wait.wait_seconds)]) from wait
        if not right:
            raise Unfit([visit.error("password", "confirm.wrong")])
    return text_signature(visit, text)


def confirmed(visit: Visit, back: str, text: str) -> Signature:
    """A signature without asking in the form itself. Raises ConfirmationNeeded, which leads to `/confirm`."""
    if not fresh(visit):
        raise ConfirmationNeeded(back)
    return text_signature(visit, text)


def text_signature(visit: Visit, text: str) -> Signature:
    """The signature itself, for whoever has already seen that identity was confirmed."""
    text_hash = hashlib.sha256(text.encode()).hexdigest()
    return Signature(person=visit.subject.person, at=visit.now, means="password", text_hash=text_hash)

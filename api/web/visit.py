"""A visit: who asks, in which language, at what time. Every page gets one and asks it, and nothing else.

`signed_in` and `needs(permission)` are FastAPI dependencies that give a `Visit`; `posted` gives the fields of a
form after the checks against forged requests. What cannot be answered is raised and drawn by `api.web.errors`.
"""

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile

from api.locale import LANGUAGES, Value, translate
from api.services import Services
from api.sessions import CodeNeeded, CodeWrong, SignIn, TooManyAttempts, freshly_confirmed
from api.store import Connection, Session
from custody import clock
from custody.access import Permission, Role, Subject, may
from custody.entries import Signature
from custody.store import emergency, queries
from custody.store.walls import wall_of
from custody.values import Instant, Person, Unit

COOKIE = "custody_session"
COOKIE_SECURE = "__Host-custody_session"
LANGUAGE_COOKIE = "lang"
TITLES_COOKIE = "titles"
KEYS_COOKIE = "keys"
FIELD_CHARACTERS_MAX = 10_000
CODE_FIELD = "confirm_code"
"""Field of the code of the second factor, beside the field `password`."""
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


class MustFirst(Exception):
    """Something comes before everything else: an own pass-phrase (`password`), a second factor (`factor`)."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(what)


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
    """What an answer came to show: the highest level, for the shell; the carriers, for the disclosure record."""

    rank: int = -1
    level: str = ""
    carriers: dict[int, None] = field(default_factory=dict)
    how: str = ""
    """In which way, where the address does not say it (see `api.looked`)."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """A role that somebody has in an emergency now: what every page shows of it."""

    number: int
    person: Person | None
    role: Role
    unit: Unit | None
    until_at: Instant


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
    emergencies: tuple[Taken, ...] = ()
    """What is shown to everybody while it lasts."""
    seen: Seen = field(default_factory=Seen)

    def reading(self, eyes: Subject | None = None) -> AbstractContextManager[Connection]:
        """A reading of the database that finds nothing hidden from the visitor, whatever is asked (see
        `custody.store.walls`); `eyes`: those through which a deputy sees what waits for the absent person.
        """
        return self.services.database.reading(wall_of(eyes or self.subject, self.session.token_hash))

    def shows(self, *carriers: int, how: str = "", detail: str = "") -> None:
        """The answer shows particulars of these carriers: that is on record before it is given (see `api.looked`)."""
        self.seen.carriers.update(dict.fromkeys(carriers))
        if how:
            self.seen.how, self.seen.detail = how, detail

    def machines(self) -> AbstractContextManager[Connection]:
        """A reading for the health of the readers. Who has them in care is told how much each heard, of whatever: the
        figures of a machine, and none of any carrier. Everybody else is told of what he sees.
        """
        return self.services.database.reading() if self.may(Permission.MANAGE_READERS) else self.reading()

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
            if isinstance(value, str) and name != "csrf" and not name.endswith(("password", "_code", ".code"))
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
    """The visit of a signed-in person. Raises NotSignedIn; MustFirst where something comes before everything else."""
    visit = barely_signed_in(request)
    if visit.session.must:
        raise MustFirst(visit.session.must)
    return visit


def barely_signed_in(request: Request) -> Visit:
    """The visit of a signed-in person who may still have to choose a pass-phrase first. Raises NotSignedIn.

    For signing out and for what comes first, and for nothing else.
    """
    services = services_of(request)
    now = services.clock()
    token = request.cookies.get(cookie_name(request))
    session = sign_in_of(request).session(token, now) if token else None
    if session is None:
        raise NotSignedIn
    day = clock.day(now, services.scheme.timezone)
    with services.database.reading() as connection:
        subject = queries.subject_for(connection, session.person, services.scheme, day, now)
        person = queries.person(connection, session.person)
        directory = services.books.directory(connection)
        taken = tuple(
            Taken(one.id, directory.persons.get(one.person), one.role, directory.units.get(one.unit), one.over_at)
            for one in emergency.running(connection, now)
        )
        unit = directory.units.get(person.unit or 0)
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
        emergencies=taken,
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
    """Whether the browser says that our own page sent this: Sec-Fetch-Site and Origin, which must not disagree.

    Where neither is sent it is no browser of these years: then the token alone decides. A request that nobody's page
    made (`none`) counts only with our own origin; another site, a neighbour in the same domain and `null` never.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    own = origin is not None and urlsplit(origin).netloc == request.headers.get("host", "") and origin != "null"
    if site is None:
        return origin is None or own
    if site == "same-origin":
        return origin is None or own
    return site == "none" and own


def genuine(visit: Visit, token: str) -> bool:
    """Whether the token is the session's own, compared in constant time."""
    return hmac.compare_digest(token.encode(), visit.csrf.encode())


def posted_up_to(fields: int, visiting: Callable[[Request], Visit] = signed_in) -> Callable[..., AsyncIterator[Form]]:
    """A dependency: the fields of a form sent by a page of this session, so many at most. Raises Forged.

    Its files are closed after the answer.
    """

    async def sent(request: Request, visit: Visit = Depends(visiting)) -> AsyncIterator[Form]:
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
barely_posted = posted_up_to(50, barely_signed_in)
"""The same of somebody for whom something comes first."""


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

    The password is asked for in the form's field `password` (macro `confirm_field`) where identity was not confirmed
    lately, or `each_time` for grave acts: then with it, of who has a second factor, its code in `confirm_code`.
    Raises Unfit naming the field.
    """
    return signed_with(visit, form.secret("password"), text, code=form.secret(CODE_FIELD), each_time=each_time)


def signed_with(visit: Visit, password: str, text: str, *, code: str = "", each_time: bool = False) -> Signature:
    """The same with password and code, however they came. Raises Unfit naming `password` or `confirm_code`."""
    means = "password"
    if each_time or not fresh(visit):
        if not password:
            raise Unfit([visit.error("password", "confirm.needed")])
        try:
            door = sign_in_of(visit.request)
            means = door.confirm(visit.session, password, visit.now, code=code, each_time=each_time)
        except TooManyAttempts as wait:
            raise Unfit([visit.error("password", "signin.wait", seconds=wait.wait_seconds)]) from wait
        except CodeNeeded as needed:
            raise Unfit([visit.error(CODE_FIELD, "confirm.code_needed")]) from needed
        except CodeWrong as wrong:
            raise Unfit([visit.error(CODE_FIELD, "signin.code_wrong")]) from wrong
        if not means:
            raise Unfit([visit.error("password", "confirm.wrong")])
    return text_signature(visit, text, means)


def confirmed(visit: Visit, back: str, text: str) -> Signature:
    """A signature without asking in the form itself. Raises ConfirmationNeeded, which leads to `/confirm`."""
    if not fresh(visit):
        raise ConfirmationNeeded(back)
    return text_signature(visit, text)


def text_signature(visit: Visit, text: str, means: str = "password") -> Signature:
    """The signature itself, for whoever has already seen that identity was confirmed, and by which means."""
    text_hash = hashlib.sha256(text.encode()).hexdigest()
    return Signature(person=visit.subject.person, at=visit.now, means=means, text_hash=text_hash)

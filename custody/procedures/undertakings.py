"""Letter j: what people sign for (clause j.2, rules 4, 5 and 7), and what nobody gets or does who has not signed."""

from collections.abc import Iterable, Iterator, Mapping

from custody.access import Permission, may
from custody.entries import Borrowed, Fact, text_hash
from custody.entries.circulation import LegStarted, TakenToRead
from custody.entries.copying import CopiesMade
from custody.entries.dispatch import DistributedOnLoan, DistributedToKeep
from custody.entries.entry import Acknowledged, InstructionIssued
from custody.entries.meetings import HandedOut
from custody.procedures import people
from custody.register import CarrierState, Directory
from custody.rules import Params, Refusal, Rule, Situation, by_actor, named, signed
from custody.scheme import Scheme
from custody.values import DAY, Instant, Person

UNDERTAKING, INSTRUCTION, REMINDER, PHOTOGRAPHS = "undertaking", "instruction", "reminder", "photographs"
SUBJECTS = (UNDERTAKING, INSTRUCTION, REMINDER, PHOTOGRAPHS)
"""保密承诺书, 年度保密提醒, 日常保密提醒, 禁止拍照截屏: what is signed for."""
LASTS: Mapping[str, str] = {INSTRUCTION: "instruction_days", REMINDER: "reminder_days"}
"""Subject -> the number of the scheme that says for how many days a signature holds. The others hold until the text
is another.
"""


def signed_for(subject: str, directory: Directory, person: int) -> bool:
    """Whether the person signed the text in force, whenever that was; where there is none, there is nothing to sign."""
    text = directory.instructions.get(subject)
    if text is None:
        return True
    done = directory.acknowledged.get((person, subject))
    return done is not None and done.text_hash == text_hash(text.text)


def due_on(subject: str, directory: Directory, person: int, scheme: Scheme) -> Instant | None:
    """By when the person is to sign for a subject; None: nothing is in force, or the signature holds for good.

    A text never signed, or another than the one signed, is due a notice's time (`instruction_warning_days`) after it
    was issued; a signature that lasts only so long is due again when it ends.
    """
    text = directory.instructions.get(subject)
    if text is None:
        return None
    if not signed_for(subject, directory, person):
        return text.issued_at + scheme.number("instruction_warning_days") * DAY
    lasts = LASTS.get(subject)
    return None if lasts is None else directory.acknowledged[(person, subject)].at + scheme.number(lasts) * DAY


def obliged(subject: str, person: Person, day: str) -> bool:
    """Whether the person is to sign for a subject: who holds a post with clearance; the ban on photographs, anybody
    who can sign in, for anybody may come to print.
    """
    if person.left_on and person.left_on <= day:
        return False
    return person.post_class is not None or subject == PHOTOGRAPHS


def to_sign(
    directory: Directory, person: Person, scheme: Scheme, now: Instant, day: str
) -> Iterator[tuple[str, Instant]]:
    """What the person is to sign now, with the instant by which: texts not signed, and signatures that end soon."""
    warning = scheme.number("instruction_warning_days") * DAY
    for subject in SUBJECTS:
        due = due_on(subject, directory, person.id, scheme) if obliged(subject, person, day) else None
        if due is not None and (due - warning <= now or not signed_for(subject, directory, person.id)):
            yield subject, due


def ban_unsigned(person: int, directory: Directory) -> Refusal | None:
    """What stands against printing and exporting: the ban on photographs and screenshots, not signed for (rule 7)."""
    if signed_for(PHOTOGRAPHS, directory, person):
        return None
    known = directory.persons.get(person)
    return Refusal("7", "ban_unsigned", named(known) if known else {"person": str(person), "person_en": str(person)})


# The texts.


def _subject_unknown(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, InstructionIssued)
    return None if fact.subject in SUBJECTS else {"kind": "instruction", "id": fact.subject}


def _textless(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Params | None:
    assert isinstance(fact, InstructionIssued)
    return None if fact.text.strip() else {"field": "text"}


def _unchanged(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, InstructionIssued)
    was = situation.directory.instructions.get(fact.subject)
    return {} if was is not None and was.text == fact.text else None


# Signing.


def _nobody(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Acknowledged)
    return people.unknown(fact.person, situation)


def _left(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    assert isinstance(fact, Acknowledged)
    return people.left(fact.person, situation)


def _another_text(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """What is signed is the text in force, to the letter."""
    assert isinstance(fact, Acknowledged)
    text = situation.directory.instructions.get(fact.subject)
    return None if text is not None and text.text == fact.text else {}


def _anothers(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """One signs for oneself; the secrecy office may have people without a screen of their own sign at its desk."""
    assert isinstance(fact, Acknowledged)
    if situation.taking_over or fact.person == situation.subject.person or may(situation.subject, Permission.INSTRUCT):
        return None
    known = situation.directory.persons.get(fact.person)
    return named(known) if known is not None else None


def _the_person(_carrier: CarrierState | None, fact: Fact, _situation: Situation) -> Iterable[int]:
    assert isinstance(fact, Acknowledged)
    return (fact.person,)


# What is not had without.


_GETTING = (Borrowed, TakenToRead, LegStarted, HandedOut, DistributedOnLoan, DistributedToKeep)


def receiver(fact: Fact) -> int | None:
    """The person of the house who gets a carrier into the own hand by this fact; None for a guest."""
    match fact:
        case Borrowed(holder=person) | TakenToRead(holder=person) | LegStarted(reader=person):
            return person
        case HandedOut(person=attendee):
            return attendee
        case DistributedOnLoan(holder=person) | DistributedToKeep(recipient=person):
            return person
        case _:
            return None


def _undertaking_missing(carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """No state secret without the undertaking in force; internal papers are none."""
    person = receiver(fact)
    if carrier is None or person is None or situation.taking_over:
        return None
    known = situation.directory.persons.get(person)
    secret = situation.scheme.rank(carrier.description.level) > 0
    if not secret or known is None or signed_for(UNDERTAKING, situation.directory, person):
        return None
    return named(known)


def _ban_unsigned(_carrier: CarrierState | None, fact: Fact, situation: Situation) -> Params | None:
    """Whoever makes copies has signed that none are made by camera or screenshot."""
    assert isinstance(fact, CopiesMade)
    found = ban_unsigned(fact.operator, situation.directory)
    return None if found is None else found.params


RULES: tuple[Rule, ...] = (
    Rule("", "reference_unknown", (InstructionIssued,), _subject_unknown),
    Rule("", "text_missing", (InstructionIssued,), _textless),
    Rule("", "instruction_unchanged", (InstructionIssued,), _unchanged),
    signed("", (InstructionIssued,), by_actor),
    Rule("", "reference_unknown", (Acknowledged,), _nobody),
    Rule("", "signer_left", (Acknowledged,), _left),
    Rule("j.2", "not_the_text_in_force", (Acknowledged,), _another_text, "record"),
    Rule("", "signs_for_himself", (Acknowledged,), _anothers),
    signed("j.2", (Acknowledged,), _the_person),
    Rule("j.2", "undertaking_missing", _GETTING, _undertaking_missing, "record"),
    Rule("7", "ban_unsigned", (CopiesMade,), _ban_unsigned, "record"),
)

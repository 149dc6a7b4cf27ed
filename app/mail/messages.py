"""The mails, one function per kind: who may have it still, and what goes into it.

A function looks at the database as it is when the mail is sent. It raises Withheld
when there is nothing to say any more: the consent is gone, the seat was given, the
suggestions are answered.
"""

from collections.abc import Callable
from datetime import datetime

from flask import current_app
from flask_babel import force_locale
from flask_security.confirmable import generate_confirmation_token
from flask_security.recoverable import generate_reset_password_token
from sqlalchemy.orm import Session

from app import db
from app.errors import AppError
from app.i18n import LANGUAGES
from app.mail import cards, envelopes, links, meetings, render
from app.mail.message import Message, Withheld, link_to
from app.models import (
    Company,
    CompanyStatus,
    ConsentKind,
    MailKind,
    Person,
    Round,
    Seat,
)
from app.models.keeping import ACCOUNT
from app.services import consent, feedback, introductions_views
from app.services.introductions import Standing
from app.services.outbox import CONSENT_OF, Claimed
from config import Settings

Compose = Callable[[Session, Claimed, Person, datetime], Message]


def compose(mail: Claimed, *, at: datetime) -> envelopes.Envelope:
    """The finished mail, in the person's language and by today's rights.

    Needs an application context. Raises Withheld.
    """
    settings: Settings = current_app.config["SETTINGS"]
    session = db.session()
    with current_app.test_request_context(base_url=settings.BASE_URL):
        person = _reader(session, mail)
        locale = person.locale if person.locale in LANGUAGES else "de"
        with force_locale(locale):
            message = MESSAGES[mail.kind](session, mail, person, at)
            unsubscribe = _unsubscribe(settings, mail)
            letter = render.letter(
                message.template,
                person=person,
                locale=locale,
                unsubscribe=unsubscribe,
                choices=link_to("mail_choices.choose"),
                **message.values,
            )
        try:
            return envelopes.seal(
                letter,
                mail_from=settings.MAIL_FROM,
                name=person.name,
                address=person.email,
                message_id=mail.message_id,
                at=at,
                unsubscribe=unsubscribe,
                invitation=message.invitation,
            )
        except envelopes.BadHeader as error:
            raise Withheld(f"address or header: {error}") from error


def confirm(session: Session, mail: Claimed, person: Person, at: datetime) -> Message:
    """Asks for a confirmation: of the address, or of the kinds of mail just ticked."""
    if "consent" in mail.params:
        return _confirm_consent(session, mail, person)
    if person.confirmed_at is not None:
        raise Withheld("confirmed already")
    token = generate_confirmation_token(person)
    return Message("confirm", {"link": link_to("security.confirm_email", token=token)})


def _confirm_consent(session: Session, mail: Claimed, person: Person) -> Message:
    asked = {ConsentKind(kind) for kind in mail.params["consent"]}
    kinds = [
        one.kind
        for one in consent.choices(session, person.id)
        if one.requested and one.kind in asked
    ]
    if not kinds:
        raise Withheld("confirmed or taken back already")
    token = links.consent_token(_secret(), person.id, kinds)
    return Message(
        "consent",
        {"kinds": kinds, "link": link_to("mail_choices.confirm", token=token)},
    )


def reset(session: Session, mail: Claimed, person: Person, at: datetime) -> Message:
    """The link to a new password."""
    token = generate_reset_password_token(person)
    return Message("reset", {"link": link_to("security.reset_password", token=token)})


def security(session: Session, mail: Claimed, person: Person, at: datetime) -> Message:
    """Something about the account changed, or somebody tried."""
    event = str(mail.params.get("event", ""))
    return Message(
        "security",
        {"event": event, "when": mail.created_at, "link": link_to("security.login")},
    )


def approved(session: Session, mail: Claimed, person: Person, at: datetime) -> Message:
    """Whether the company, or the person in it, may take part now."""
    event = str(mail.params.get("event", ""))
    company = _company(session, person)
    if event == "admitted":
        if person.seat is not Seat.TAKEN:
            raise Withheld("the seat was taken back")
    elif company.status.value != event:
        raise Withheld("decided otherwise since")
    return Message("approved", {"event": event, "company": company, "link": _home()})


def seat(session: Session, mail: Claimed, person: Person, at: datetime) -> Message:
    """A colleague asks to be let into the company."""
    asking = session.get(Person, mail.subject_id) if mail.subject_id else None
    company = _company(session, person)
    if asking is None or asking.company_id != company.id or person.seat is Seat.ASKED:
        raise Withheld("not this company's question any more")
    if asking.seat is not Seat.ASKED:
        raise Withheld("answered already")
    return Message(
        "seat",
        {
            "asking": asking,
            "company": company,
            "link": link_to("companies.profile"),
        },
    )


def contact(session: Session, mail: Claimed, person: Person, at: datetime) -> Message:
    """Both have accepted: the other side's contact, reasons and an agenda."""
    if mail.subject_id is None:
        raise Withheld("no introduction")
    try:
        view = introductions_views.view(session, person.id, mail.subject_id, at=at)
    except AppError as error:
        raise Withheld("not this person's introduction any more") from error
    if view.standing is not Standing.CONNECTED or view.contact is None:
        raise Withheld("nothing was released")
    link = link_to("introductions.show", introduction_id=view.id)
    card = cards.of_view(view)
    return Message("contact", {"card": card, "contact": view.contact, "link": link})


def digest(session: Session, mail: Claimed, person: Person, at: datetime) -> Message:
    """The week's suggestions, reduced to their facts; never an empty mail."""
    found = _asked(session, person, at)
    week = session.get(Round, mail.subject_id) if mail.subject_id else None
    mine = [one for one in found if week is not None and one.week == week.week]
    if not mine:
        raise Withheld("nothing to answer any more")
    return Message(
        "digest",
        {
            "cards": [cards.of_view(one) for one in mine],
            "until": min(one.expires_at for one in mine),
            "link": _home(),
        },
    )


def reminder(session: Session, mail: Claimed, person: Person, at: datetime) -> Message:
    """Suggestions run out soon and await an answer."""
    found = _asked(session, person, at)
    if not found:
        raise Withheld("nothing to answer any more")
    return Message(
        "reminder",
        {
            "cards": [cards.of_view(one) for one in found],
            "until": min(one.expires_at for one in found),
            "link": _home(),
        },
    )


def feedback_request(
    session: Session, mail: Claimed, person: Person, at: datetime
) -> Message:
    """Two weeks after a connection, or after the date agreed on: what came of it?"""
    if mail.subject_id is None:
        raise Withheld("no introduction")
    try:
        view = introductions_views.view(session, person.id, mail.subject_id, at=at)
        if feedback.given_by(session, mail.subject_id, by=person.id, at=at):
            raise Withheld("answered already")
    except AppError as error:
        raise Withheld("not connected any more") from error
    link = link_to("feedback.give", introduction_id=view.id)
    values = {"card": cards.of_view(view), "meets_at": view.meets_at, "link": link}
    return Message("feedback", values)


def erased(session: Session, mail: Claimed, person: Person, at: datetime) -> Message:
    """An account or a company was deleted, as its owner asked."""
    event = str(mail.params.get("event", ""))
    values = {
        "event": event,
        "when": mail.created_at,
        "days": ACCOUNT.numbers["unseated"],
        "link": link_to("my_data.index"),
    }
    return Message("erased", values)


MESSAGES: dict[MailKind, Compose] = {
    MailKind.CONFIRM: confirm,
    MailKind.RESET: reset,
    MailKind.SECURITY: security,
    MailKind.APPROVED: approved,
    MailKind.SEAT: seat,
    MailKind.CONTACT: contact,
    MailKind.MEETING_PROPOSED: meetings.proposed,
    MailKind.MEETING_FIXED: meetings.fixed,
    MailKind.MEETING_MOVED: meetings.moved,
    MailKind.MEETING_CANCELLED: meetings.cancelled,
    MailKind.DIGEST: digest,
    MailKind.REMINDER: reminder,
    MailKind.FEEDBACK: feedback_request,
    MailKind.ERASED: erased,
}


def _reader(session: Session, mail: Claimed) -> Person:
    """The person, if this kind of mail may still reach them."""
    if mail.kind is MailKind.ERASED and mail.params.get("address"):
        return _former(mail)
    person = session.get(Person, mail.person_id)
    if person is None or person.erased_at is not None or not person.active:
        raise Withheld("account closed")
    kind = CONSENT_OF.get(mail.kind)
    if kind is not None:
        if not consent.granted(session, kind, [person.id]):
            raise Withheld("consent taken back")
        if person.confirmed_at is None:
            raise Withheld("address not confirmed")
    return person


def _former(mail: Claimed) -> Person:
    """Whom an erased account belonged to: an address, for this one mail."""
    return Person(
        id=mail.person_id,
        name="",
        email=mail.params["address"],
        locale=mail.params["locale"],
    )


def _asked(
    session: Session, person: Person, at: datetime
) -> list[introductions_views.View]:
    company = _company(session, person)
    if company.status is not CompanyStatus.APPROVED or not person.sits:
        raise Withheld("takes no part now")
    if company.is_paused(at.date()):
        raise Withheld("the company pauses")
    return introductions_views.asked(session, company.id, at=at)


def _company(session: Session, person: Person) -> Company:
    found = session.get(Company, person.company_id) if person.company_id else None
    if found is None:
        raise Withheld("no company any more")
    return found


def _unsubscribe(settings: Settings, mail: Claimed) -> str | None:
    kind = CONSENT_OF.get(mail.kind)
    if kind is None:
        return None
    token = links.unsubscribe_token(settings.SECRET_KEY, mail.person_id, kind)
    return link_to("mail_choices.unsubscribe", token=token)


def _home() -> str:
    return link_to("suggestions.week")


def _secret() -> str:
    return str(current_app.config["SETTINGS"].SECRET_KEY)

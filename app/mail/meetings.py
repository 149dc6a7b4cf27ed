"""Mails about meetings: what was proposed, fixed, moved, called off.

The other side's name and contact are those that the reader may see when the mail is
sent. What was changed since is told by the mail about that change.
"""

from datetime import datetime

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.errors import AppError
from app.mail import invitations
from app.mail.message import Message, Withheld, link_to
from app.models import Meeting, MeetingState, Person
from app.services import introductions_sides, introductions_views
from app.services.introductions import Standing
from app.services.introductions_views import View
from app.services.outbox import Claimed


def proposed(session: Session, mail: Claimed, person: Person, at: datetime) -> Message:
    """The other side proposes starts: choose one, or propose others."""
    meeting, view = _meeting(session, mail, person, at)
    if meeting.state is not MeetingState.PROPOSED:
        raise Withheld("answered or replaced already")
    if view.contact is None or meeting.slots[-1] <= at:
        raise Withheld("cannot be chosen any more")
    return Message("meeting_proposed", _values(meeting, view))


def fixed(session: Session, mail: Claimed, person: Person, at: datetime) -> Message:
    """Both agreed on a start; with the entry for the calendar."""
    return _agreed("meeting_fixed", session, mail, person, at)


def moved(session: Session, mail: Claimed, person: Person, at: datetime) -> Message:
    """Both agreed on another start; the entry of the calendar moves."""
    return _agreed("meeting_moved", session, mail, person, at)


def cancelled(session: Session, mail: Claimed, person: Person, at: datetime) -> Message:
    """A meeting was called off; the entry of the calendar goes."""
    meeting, view = _meeting(session, mail, person, at)
    if meeting.state is not MeetingState.CANCELLED or meeting.starts_at is None:
        raise Withheld("not called off")
    side = introductions_sides.visible_to(session, person.id, view.id, at=at).side
    by = "nobody"
    if meeting.cancelled_by is not None:
        by = "us" if meeting.cancelled_by is side else "them"
    return _with_invitation("meeting_cancelled", meeting, view, person, by=by)


def _agreed(
    template: str, session: Session, mail: Claimed, person: Person, at: datetime
) -> Message:
    meeting, view = _meeting(session, mail, person, at)
    if meeting.state is not MeetingState.FIXED:
        raise Withheld("moved or called off since")
    if view.contact is None or not meeting.is_ahead(at):
        raise Withheld("over, or the contact is gone")
    return _with_invitation(template, meeting, view, person)


def _with_invitation(
    template: str, meeting: Meeting, view: View, person: Person, **more: str
) -> Message:
    values = _values(meeting, view)
    entry = invitations.invitation(
        meeting,
        view,
        person,
        mail_from=current_app.config["SETTINGS"].MAIL_FROM,
        link=_page(view),
    )
    return Message(template, values | more, entry)


def _values(meeting: Meeting, view: View) -> dict[str, object]:
    return {
        "meeting": meeting,
        "company": view.company.name or _("einer ausgeschiedenen Firma"),
        "contact": view.contact,
        "place": invitations.place(meeting),
        "link": _page(view),
    }


def _page(view: View) -> str:
    return link_to("introductions.show", introduction_id=view.id, _anchor="meeting")


def _meeting(
    session: Session, mail: Claimed, person: Person, at: datetime
) -> tuple[Meeting, View]:
    """The meeting and its introduction, if they are still the person's to know."""
    meeting = session.get(Meeting, mail.subject_id) if mail.subject_id else None
    if meeting is None:
        raise Withheld("no meeting")
    try:
        view = introductions_views.view(
            session, person.id, meeting.introduction_id, at=at
        )
    except AppError as error:
        raise Withheld("not this person's introduction any more") from error
    if view.standing is not Standing.CONNECTED:
        raise Withheld("not connected")
    return meeting, view

"""A meeting as an entry of a calendar (RFC 5545), and as part of a mail (RFC 5546).

The organizer is the association's own address: calendars take changes from the sender
of the first invitation only, and it gives nobody's address away. Who takes part is
named to a reader by what was released to that reader. Times are UTC, so that no
calendar needs our table of clock changes. Escaping and folding is the library's.
"""

from datetime import UTC
from email.utils import parseaddr

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from icalendar import Calendar, Event, vCalAddress, vText

from app.mail.envelopes import Invitation
from app.models import Meeting, MeetingKind, MeetingState, Person
from app.services.introductions_views import View

KINDS = {
    MeetingKind.VIDEO: _l("Video"),
    MeetingKind.PHONE: _l("Telefon"),
    MeetingKind.ONSITE: _l("Vor Ort"),
}


def place(meeting: Meeting) -> str:
    """How and where, in one line: Telefon: Ich rufe an."""
    kind = str(KINDS[meeting.kind])
    return f"{kind}: {meeting.note}" if meeting.note else kind


def invitation(
    meeting: Meeting, view: View, person: Person, *, mail_from: str, link: str
) -> Invitation:
    """What a reader's calendar is told of a meeting that was fixed, moved or called
    off, in the current language."""
    entry = _entry(meeting, view, mail_from=mail_from, link=link)
    entry.add("attendee", _attendee(person.name, person.email))
    if view.contact is not None and view.contact.email:
        other = _attendee(view.contact.name, view.contact.email)
        entry.add("attendee", other)
    cancelled = meeting.state is MeetingState.CANCELLED
    method = "CANCEL" if cancelled else "REQUEST"
    return Invitation(method, _calendar(method, entry))


def file(meeting: Meeting, view: View, *, mail_from: str, link: str) -> bytes:
    """The same entry for whoever of the company takes it from the page: nobody is
    invited by it, so it names no attendees and asks for no answer."""
    return _calendar("PUBLISH", _entry(meeting, view, mail_from=mail_from, link=link))


def _calendar(method: str, entry: Event) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//Handschlag//Meetings//DE")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(entry)
    return calendar.to_ical()


def _entry(meeting: Meeting, view: View, *, mail_from: str, link: str) -> Event:
    told_at = meeting.cancelled_at or meeting.chosen_at
    if meeting.starts_at is None or told_at is None:
        raise ValueError("nothing was agreed on")
    start = meeting.starts_at.astimezone(UTC)
    cancelled = meeting.state is MeetingState.CANCELLED
    name, address = parseaddr(mail_from)
    entry = Event()
    entry.add("uid", f"{meeting.entry_id}@meeting.handschlag")
    entry.add("sequence", meeting.sequence)
    entry.add("dtstamp", told_at.astimezone(UTC))
    entry.add("dtstart", start)
    entry.add("dtend", start + meeting.lasting)
    company = view.company.name or _("einer ausgeschiedenen Firma")
    entry.add("summary", _("Gespräch mit %(company)s", company=company))
    entry.add("location", _location(meeting))
    entry.add("description", "\n".join([*_contact(view), link]))
    entry.add("url", link)
    entry.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    entry.add("transp", "TRANSPARENT" if cancelled else "OPAQUE")
    organizer = vCalAddress(f"mailto:{address}")
    if name:
        organizer.params["CN"] = vText(name)
    entry.add("organizer", organizer)
    return entry


def _location(meeting: Meeting) -> str:
    """Maps look for the place alone."""
    return meeting.note if meeting.kind is MeetingKind.ONSITE else place(meeting)


def _contact(view: View) -> list[str]:
    """What was released of the other side, a line each."""
    if view.contact is None:
        return []
    one = view.contact
    return [line for line in (one.name, one.company, one.email, one.phone) if line]


def _attendee(name: str, address: str) -> vCalAddress:
    """Both have agreed already: nobody is asked to answer."""
    one = vCalAddress(f"mailto:{address}")
    one.params["CN"] = vText(name)
    one.params["ROLE"] = vText("REQ-PARTICIPANT")
    one.params["PARTSTAT"] = vText("ACCEPTED")
    one.params["RSVP"] = vText("FALSE")
    return one

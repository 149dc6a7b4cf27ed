"""A mail as bytes on the wire: headers that nobody can smuggle one into, two bodies."""

import email
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

WIRE = policy.SMTP.clone(cte_type="7bit")


class BadHeader(Exception):
    """A value would change the headers of the mail, or is no address."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says, in the reader's language."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """An entry for the reader's calendar: what to do with it, and the entry."""

    method: str  # REQUEST or CANCEL
    content: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """A finished mail and the two addresses the mail server is told."""

    sender: str
    recipient: str
    message_id: str
    content: bytes


def seal(
    letter: Letter,
    *,
    mail_from: str,
    name: str,
    address: str,
    message_id: str,
    at: datetime,
    unsubscribe: str | None = None,
    invitation: Invitation | None = None,
) -> Envelope:
    """Put a letter into an envelope.

    `unsubscribe` is the address for one-click unsubscribing (RFC 8058). Raises
    BadHeader when a value would add or change a header: the library folds encoded
    words unchecked, so the result is read again and compared.
    """
    sender_name, sender = parseaddr(mail_from)
    recipient = _ascii(address)
    message = EmailMessage(policy=WIRE)
    try:
        message["From"] = _address(sender_name, sender)
        message["To"] = _address(name, recipient)
        message["Subject"] = letter.subject
        message["Message-ID"] = f"<{message_id}@{sender.rpartition('@')[2]}>"
        message["Date"] = format_datetime(at)
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        if unsubscribe:
            message["List-Unsubscribe"] = f"<{unsubscribe}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(letter.text)
        message.add_alternative(letter.html, subtype="html")
        _enclose(message, invitation)
        content = message.as_bytes()
    except (ValueError, MessageError, UnicodeError) as error:
        raise BadHeader(str(error)) from error
    _compare(message, content, recipient)
    return Envelope(sender, recipient, str(message["Message-ID"]), content)


def _enclose(message: EmailMessage, invitation: Invitation | None) -> None:
    """It goes along twice: for calendars that read the mail, and as a file."""
    if invitation is None:
        return
    message.add_alternative(
        invitation.content.decode(),
        subtype="calendar",
        params={"method": invitation.method},
    )
    message.add_attachment(
        invitation.content, maintype="application", subtype="ics", filename="termin.ics"
    )


def _address(name: str, address: str) -> Address:
    return Address(display_name=name, addr_spec=address)


def _ascii(address: str) -> str:
    """The address with its domain as mail servers spell it."""
    user, at, domain = address.rpartition("@")
    if not at or not user.isascii():
        raise BadHeader("no address that every mail server takes")
    try:
        return f"{user}@{domain.encode('idna').decode()}"
    except UnicodeError as error:
        raise BadHeader("no address that every mail server takes") from error


def _compare(message: EmailMessage, content: bytes, recipient: str) -> None:
    read = email.message_from_bytes(content, policy=policy.default)
    if [name.lower() for name in read] != [name.lower() for name in message]:
        raise BadHeader("a value adds a header")
    to = [one.addr_spec for one in read["To"].addresses]
    if to != [recipient]:
        raise BadHeader("a value adds a recipient")

"""How mails leave: by SMTP, into a folder (demo), or into a list (tests)."""

import contextlib
import re
import smtplib
import ssl
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Protocol

from app.mail.envelopes import Envelope
from config import Settings

SECONDS_TO_ANSWER = 30
LINE_STARTS_WITH_DOT = re.compile(rb"(?m)^\.")

Begin = Callable[[], None]


class SendingFailed(Exception):
    """A mail did not leave; the kinds below say what to do about it."""


class Unreachable(SendingFailed):
    """The server cannot be talked to at all: no use trying the next mail now."""


class TryLater(SendingFailed):
    """The server does not take this mail at the moment."""


class Refused(SendingFailed):
    """The server will never take this mail."""


class Unanswered(SendingFailed):
    """The mail was handed over and no answer came: it may have arrived."""


class Sender(Protocol):
    """Takes mails one by one; closed at the end of a run."""

    def send(self, envelope: Envelope, begin: Begin) -> None:
        """Send one mail. `begin` is called just before it is handed over; what
        fails before that is certain not to have arrived. Raises SendingFailed."""

    def close(self) -> None:
        """Hang up."""


class SmtpSender:
    """Speaks to the mail server of the settings, over one connection while it lasts."""

    def __init__(self, settings: Settings, *, seconds: float = SECONDS_TO_ANSWER):
        self._settings = settings
        self._seconds = seconds
        self._smtp: smtplib.SMTP | None = None

    def send(self, envelope: Envelope, begin: Begin) -> None:
        smtp = self._connected()
        try:
            self._address(smtp, envelope)
            begin()
        except SendingFailed:
            self._reset()
            raise
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise Unreachable(_told(error)) from error
        except BaseException:
            self.close()  # the lease is lost or we are stopping: say nothing more
            raise
        self._hand_over(smtp, envelope.content)

    def close(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                smtp.close()

    def _connected(self) -> smtplib.SMTP:
        if self._smtp is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                if self._smtp.noop()[0] == 250:
                    return self._smtp
            self.close()
        settings = self._settings
        try:
            smtp = smtplib.SMTP(
                settings.MAIL_SERVER, settings.MAIL_PORT, timeout=self._seconds
            )
            self._smtp = smtp
            smtp.ehlo_or_helo_if_needed()
            if settings.MAIL_TLS:
                smtp.starttls(context=ssl.create_default_context())
                smtp.ehlo()
            if settings.MAIL_USERNAME:
                smtp.login(settings.MAIL_USERNAME, settings.MAIL_PASSWORD)
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise Unreachable(_told(error)) from error
        return smtp

    def _address(self, smtp: smtplib.SMTP, envelope: Envelope) -> None:
        code, answer = smtp.mail(envelope.sender)
        if code != 250:
            # Our own address is refused: the settings are wrong, not this mail.
            raise TryLater(f"sender: {code} {_text(answer)}")
        code, answer = smtp.rcpt(envelope.recipient)
        if code not in (250, 251):
            raise _by_code(code, f"recipient: {code} {_text(answer)}")

    def _hand_over(self, smtp: smtplib.SMTP, content: bytes) -> None:
        try:
            smtp.putcmd("data")
            code, answer = smtp.getreply()
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise Unreachable(_told(error)) from error
        if code != 354:
            self._reset()
            raise _by_code(code, f"DATA: {code} {_text(answer)}")
        try:
            smtp.send(LINE_STARTS_WITH_DOT.sub(b"..", content) + b"\r\n.\r\n")
            code, answer = smtp.getreply()
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise Unanswered(_told(error)) from error
        if code != 250:
            self._reset()
            raise _by_code(code, f"content: {code} {_text(answer)}")

    def _reset(self) -> None:
        if self._smtp is not None:
            try:
                self._smtp.rset()
            except (smtplib.SMTPException, OSError):
                self.close()


class FolderSender:
    """Keeps mails as files; the same mail twice is one file."""

    def __init__(self, folder: Path):
        self._folder = folder

    def send(self, envelope: Envelope, begin: Begin) -> None:
        begin()
        name = _file_name(envelope.message_id)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            part = self._folder / f".{name}.part"
            part.write_bytes(envelope.content)
            part.rename(self._folder / name)
        except OSError as error:
            raise TryLater(str(error)) from error

    def close(self) -> None:
        """Nothing is open."""


def forget_files(folder: Path, known: Collection[str]) -> int:
    """Delete kept mails whose Message-ID (the part before @) the outbox no longer
    knows; returns how many."""
    names = {_file_name(one) for one in known}
    gone = [one for one in folder.glob("*.eml") if one.name not in names]
    for one in gone:
        one.unlink(missing_ok=True)
    return len(gone)


def _file_name(message_id: str) -> str:
    return re.sub(r"[^a-z0-9.-]", "", message_id.strip("<").split("@")[0]) + ".eml"


class MemorySender:
    """Remembers mails; fails with what `failures` says next."""

    def __init__(self) -> None:
        self.sent: list[Envelope] = []
        self.failures: list[SendingFailed | None] = []

    def send(self, envelope: Envelope, begin: Begin) -> None:
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None and not isinstance(failure, Unanswered):
            raise failure
        begin()
        if failure is not None:
            raise failure
        self.sent.append(envelope)

    def close(self) -> None:
        """Nothing is open."""


def sender_of(settings: Settings) -> Sender:
    """SMTP where a server is set; else a folder, as in the demo."""
    if settings.DEMO or not settings.MAIL_SERVER:
        return FolderSender(folder_of(settings))
    return SmtpSender(settings)


def folder_of(settings: Settings) -> Path:
    return settings.DATA_DIR / "mail"


def _by_code(code: int, why: str) -> SendingFailed:
    if code == 421:  # the server hangs up
        return Unreachable(why)
    return Refused(why) if 500 <= code < 600 else TryLater(why)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer

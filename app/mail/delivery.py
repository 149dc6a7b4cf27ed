"""Takes mails from the outbox, sends them, and writes down what became of them."""

import logging
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from app import db
from app.mail import messages
from app.mail.envelopes import Envelope
from app.mail.message import Withheld
from app.mail.senders import Refused, Sender, TryLater, Unanswered, Unreachable
from app.services import outbox
from app.services.outbox import Claimed, LeaseLost

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


def deliver_due(
    sender: Sender,
    *,
    context: Callable[[], AbstractContextManager[object]],
    clock: Clock = utc_now,
    stop: Callable[[], bool] = lambda: False,
) -> Counter[str]:
    """Send every mail that is due; returns how many came to which end.

    `context` opens the application context that templates and links need. `stop` is
    asked between two mails. What cannot be sent now is left for the next call.
    """
    tally: Counter[str] = Counter()
    try:
        while mails := outbox.claim(at=clock()):
            while mails:
                if stop():
                    outbox.give_back(mails)
                    return tally
                mail = mails.pop(0)
                with context():
                    end = _deliver(mail, sender, clock)
                tally[end] += 1
                if end == "unreachable":
                    outbox.give_back(mails)
                    return tally
        return tally
    finally:
        sender.close()


def _deliver(mail: Claimed, sender: Sender, clock: Clock) -> str:
    """One mail; the word says how it ended."""
    try:
        envelope = _composed(mail, clock())
        if isinstance(envelope, str):
            return envelope
        try:
            sender.send(envelope, lambda: outbox.begin(mail, at=clock()))
        except Refused as error:
            outbox.refuse(mail, str(error))
            return "refused"
        except (TryLater, Unreachable) as error:
            outbox.postpone(mail, str(error), at=clock())
            return "unreachable" if isinstance(error, Unreachable) else "later"
        except Unanswered as error:
            outbox.doubt(mail, str(error), at=clock())
            return "in doubt"
        outbox.sent(mail, at=clock())
        return "sent"
    except LeaseLost:
        return "taken over"


def _composed(mail: Claimed, at: datetime) -> Envelope | str:
    """The finished mail, or how it ended before that."""
    try:
        return messages.compose(mail, at=at)
    except Withheld as error:
        db.session().rollback()
        outbox.suppress(mail, str(error))
        return "withheld"
    except LeaseLost:
        raise
    except Exception as error:
        # A mail that cannot be made must not keep the others from leaving.
        log.exception("mail %s (%s) cannot be made", mail.id, mail.kind)
        db.session().rollback()
        outbox.postpone(mail, f"{type(error).__name__}", at=at)
        return "broken"
    finally:
        db.session().rollback()  # no read snapshot stays open while we talk to a server

"""A mail worker with a short lease, to be killed: sends until nothing waits."""

import functools
import os
import time
from datetime import timedelta

from app import create_app, db
from app.mail import delivery, messages, senders
from app.models import MailKind, MailState
from app.services import outbox
from config import Settings

LEASE = timedelta(seconds=1)


def main() -> None:
    # The digest's words are tested elsewhere; here its delivery is.
    messages.MESSAGES[MailKind.DIGEST] = lambda *_: messages.Message(
        "reset", {"link": "http://localhost/week"}
    )
    outbox.claim = functools.partial(outbox.claim, lease=LEASE)
    outbox.begin = functools.partial(outbox.begin, lease=LEASE)
    settings = Settings.from_environment(os.environ)
    app = create_app(settings)
    while True:
        delivery.deliver_due(senders.sender_of(settings), context=app.app_context)
        counts = outbox.counts(db.session())
        db.remove()
        if not counts[MailState.QUEUED] + counts[MailState.SENDING]:
            return
        time.sleep(0.1)


if __name__ == "__main__":
    main()

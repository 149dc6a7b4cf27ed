"""The week of the worker on one page.

Every sweep is cheap when nothing is due. `minutes` says how often it looks; what
wakes it earlier (a mail in the outbox, a round asked for) only saves the wait.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from app.jobs import sweeps
from app.jobs.work import Work


@dataclass(frozen=True, slots=True)
class Sweep:
    """A name, how often, what, and for how long one worker has it to itself."""

    name: str
    minutes: int
    do: Callable[[Work], int]
    lease: timedelta = timedelta(minutes=2)


SCHEDULE = (
    # Monday morning: the round of the week. Any minute: one that was asked for.
    Sweep("compute", 1, sweeps.compute_rounds),
    # 26 hours later, unless an organizer was quicker, holds it, or releases by hand.
    Sweep("release", 1, sweeps.release_rounds),
    # Right after the release: the digests; all day: what people wait for.
    Sweep("mails", 1, sweeps.send_mails),
    # Eleven days after the release: a reminder; fourteen days after it: the end.
    Sweep("remind", 15, sweeps.remind),
    Sweep("expire", 5, sweeps.expire_introductions),
    # Two weeks after a connection: what came of it?
    Sweep("feedback", 30, sweeps.ask_feedback),
    # After an update of the knowledge: new vectors.
    Sweep("listings", 15, sweeps.describe_listings),
    # So that the preview of a form knows what was written a moment ago.
    Sweep("preview", 2, sweeps.refresh_preview, lease=timedelta(minutes=10)),
    # After an erasure: caches, files and the log that a restored backup needs.
    Sweep("erase", 5, sweeps.finish_erasures, lease=timedelta(minutes=10)),
    # What is past its time goes.
    Sweep("forget", 60, sweeps.forget, lease=timedelta(minutes=10)),
)

BY_NAME = {sweep.name: sweep for sweep in SCHEDULE}


def due_in(minute: int) -> list[Sweep]:
    """The sweeps of a minute, counted since 1970."""
    return [sweep for sweep in SCHEDULE if minute % sweep.minutes == 0]

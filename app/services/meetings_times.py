"""When two companies could meet: read by the clock of Berlin, kept in UTC."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from app.errors import N_, Invalid
from app.models import MOST_SLOTS
from app.services.rounds_week import ZONE

FARTHEST = timedelta(days=180)

TOO_MANY = N_("Bitte nennen Sie höchstens drei Termine.")
NO_SLOT = N_("Bitte nennen Sie mindestens einen Termin.")
PAST = N_("Dieser Termin liegt in der Vergangenheit.")
TOO_FAR = N_("Bitte wählen Sie einen Termin im nächsten halben Jahr.")
TWICE = N_("Diesen Termin haben Sie zweimal genannt.")
CLOCKS = N_(
    "In dieser Stunde wird die Uhr umgestellt. Bitte wählen Sie eine andere Uhrzeit."
)


def instant_of(local: datetime) -> datetime:
    """The instant that the clock of Berlin shows; Invalid for the hours in which it is
    put forward (such a time does not exist) or back (it exists twice)."""
    readings = [local.replace(tzinfo=ZONE, fold=fold) for fold in (0, 1)]
    if readings[0].utcoffset() != readings[1].utcoffset():
        raise Invalid(CLOCKS)
    return readings[0].astimezone(UTC)


def slots_of(starts: Sequence[datetime | None], at: datetime) -> list[datetime]:
    """The instants of a proposal in their order; Invalid names the row."""
    now = at.astimezone(ZONE).replace(tzinfo=None)
    found: list[datetime] = []
    for number, local in enumerate(starts, 1):
        if local is None:
            continue
        field = f"slot_{number}"
        # Compared by the clock first: the calendar's ends have no other zone's time.
        if local <= now - timedelta(days=1):
            raise Invalid(PAST, field=field)
        if local > now + FARTHEST:
            raise Invalid(TOO_FAR, field=field)
        try:
            instant = instant_of(local)
        except Invalid as refused:
            raise Invalid(refused.message, field=field) from refused
        if instant <= at:
            raise Invalid(PAST, field=field)
        if instant in found:
            raise Invalid(TWICE, field=field)
        found.append(instant)
    if not found:
        raise Invalid(NO_SLOT, field="slot_1")
    if len(found) > MOST_SLOTS:
        raise Invalid(TOO_MANY, field="slot_1")
    return sorted(found)

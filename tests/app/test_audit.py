"""The audit log says who did what, and cannot be changed."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from app import db
from app.models import AuditEvent
from app.services import audit
from tests import factories
from tests.factories import MONDAY

pytestmark = pytest.mark.usefixtures("database")


def test_event_names_actor_action_and_subject():
    organizer, week = factories.person(), factories.round_()

    with db.transaction() as session:
        audit.record(
            session,
            "round.release",
            actor_id=organizer.id,
            subject=("round", week.id),
            detail={"pairs": 3},
            at=MONDAY,
        )

    (event,) = audit.of_subject(db.session(), ("round", week.id))
    assert (event.action, event.actor_id) == ("round.release", organizer.id)
    assert (event.detail, event.at) == ({"pairs": 3}, MONDAY)


@pytest.mark.parametrize("statement", ["DELETE FROM audit_event", "UPDATE"])
def test_event_is_never_changed_or_deleted(statement: str):
    with db.transaction() as session:
        audit.record(session, "company.approve", actor_id=None, at=MONDAY)

    changing = (
        sa.update(AuditEvent).values(action="nothing")
        if statement == "UPDATE"
        else sa.delete(AuditEvent)
    )

    with pytest.raises(DBAPIError, match="only appended"), db.transaction() as session:
        session.execute(changing)

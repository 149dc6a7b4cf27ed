"""The audit log: who did what to whom, appended in the transaction that did it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.models import AuditEvent


def record(
    session: Session,
    action: str,
    *,
    actor_id: UUID | None,
    at: datetime,
    subject: tuple[str, UUID | str] | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Append one event, such as `record(session, "round.release", …)`.

    `actor_id` is None for the system. `subject` is a kind and an id. `detail` holds
    ids and figures, never contact data or texts of members.
    """
    kind, identity = subject if subject else (None, None)
    session.add(
        AuditEvent(
            actor_id=actor_id,
            action=action,
            subject_kind=kind,
            subject_id=None if identity is None else str(identity),
            detail=detail or {},
            at=at,
        )
    )


def of_subject(session: Session, subject: tuple[str, UUID | str]) -> list[AuditEvent]:
    """What was done to one subject, the newest first."""
    kind, identity = subject
    return list(
        session.scalars(
            sa.select(AuditEvent)
            .where(
                AuditEvent.subject_kind == kind, AuditEvent.subject_id == str(identity)
            )
            .order_by(AuditEvent.at.desc(), AuditEvent.id)
        )
    )


def empty_details(
    session: Session, *, subjects: Iterable[UUID], actor: UUID | None = None
) -> None:
    """Take away what events say beyond who did what to whom and when: names before
    and after, reasons given. The table accepts this one change and no other."""
    which: list[sa.ColumnElement[bool]] = [
        AuditEvent.subject_id.in_([str(one) for one in subjects])
    ]
    if actor is not None:
        which.append(AuditEvent.actor_id == actor)
    session.flush()
    filled = session.execute(
        sa.select(AuditEvent.id, AuditEvent.detail).where(sa.or_(*which))
    ).all()
    session.execute(
        sa.update(AuditEvent)
        .where(AuditEvent.id.in_([row.id for row in filled if row.detail]))
        .values(detail={})
        .execution_options(synchronize_session=False)
    )

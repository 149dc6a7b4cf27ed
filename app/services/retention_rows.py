"""How the retention job deletes rows, also those of tables that are only appended."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.models import RetentionLimit
from app.services.introductions_ends import insert


def open_gate(session: Session, table: Any, before: datetime) -> None:
    """Let the triggers accept that older rows of an append-only table are deleted."""
    statement = insert(session, RetentionLimit).values(
        table_name=table.__tablename__, before=before
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["table_name"],
            set_={"before": statement.excluded.before},
            where=RetentionLimit.before < statement.excluded.before,
        )
    )


def delete(session: Session, table: Any, *which: sa.ColumnElement[bool]) -> int:
    """Delete rows; returns how many."""
    statement = (
        sa.delete(table)
        .where(*which)
        .returning(sa.literal(1))
        .execution_options(synchronize_session=False)
    )
    return len(session.execute(statement).all())

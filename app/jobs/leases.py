"""One worker per sweep: a row with a name, a token and until when."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app import db
from app.models import Lease


@contextmanager
def leased(name: str, *, at: datetime, lasting: timedelta) -> Iterator[bool]:
    """Whether this worker may do the sweep now; given back at the end of the block.

    A lease spares work, no more: every sweep stays right when two do it at once.
    """
    token = uuid4()
    taken = _take(name, token, at, lasting)
    try:
        yield taken
    finally:
        if taken:
            with db.transaction() as session:
                session.execute(
                    sa.delete(Lease)
                    .where(Lease.name == name, Lease.token == token)
                    .execution_options(synchronize_session=False)
                )


def _take(name: str, token: Any, at: datetime, lasting: timedelta) -> bool:
    with db.transaction() as session:
        dialect = session.get_bind().dialect.name
        insert: Any = (sqlite if dialect == "sqlite" else postgresql).insert(Lease)
        statement = insert.values(name=name, token=token, until=at + lasting)
        held = session.scalar(
            statement.on_conflict_do_update(
                index_elements=["name"],
                set_={"token": token, "until": at + lasting},
                where=Lease.until <= at,
            ).returning(Lease.token)
        )
    return bool(held == token)

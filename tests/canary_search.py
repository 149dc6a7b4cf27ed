"""Where the word of `canaries.py` stands: tables, files, and fields that lack it."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app import db
from app.models import Base, Block, Cooldown, Feedback, Meeting, MeetingState, Nature
from app.models.keeping import declared
from tests.canaries import CANARY

# Columns of these natures that no member's word gets into.
WITHOUT = {
    "company.postal_code",  # ten characters are too few for the word
    "company.lat",
    "company.lon",
    "introduction.misfits",
}


def silent_columns() -> list[str]:
    """Columns for contacts, texts and secrets in which no canary sits: the search
    would prove nothing about them."""
    singing = {f"{table}.{column}" for table, column in hits()}
    wanted = declared(Base.metadata, Nature.CONTACT, Nature.TEXT, Nature.SECRET)
    return sorted({str(one) for one in wanted} - singing - WITHOUT)


def hits(word: str = CANARY) -> list[tuple[str, str]]:
    """Tables and columns where the word stands."""
    session = db.session()
    session.rollback()
    found = []
    for table in Base.metadata.sorted_tables:
        for row in session.execute(sa.select(table)).mappings():
            found += [
                (table.name, name)
                for name, value in row.items()
                if word in _as_text(value)
            ]
    session.rollback()
    return sorted(set(found))


def files_with(folder: Path, word: str = CANARY) -> list[str]:
    """Files below the folder that contain the word: database, its log, caches."""
    return sorted(
        str(one.relative_to(folder))
        for one in folder.rglob("*")
        if one.is_file() and word.encode() in one.read_bytes()
    )


def states(meeting_of: UUID) -> list[MeetingState]:
    db.session().rollback()
    return list(
        db.session().scalars(
            sa.select(Meeting.state).where(Meeting.introduction_id == meeting_of)
        )
    )


def sentences() -> list[str | None]:
    db.session().rollback()
    return list(db.session().scalars(sa.select(Feedback.sentence)))


def apart() -> list[Any]:
    db.session().rollback()
    return [
        *db.session().scalars(sa.select(Block)),
        *db.session().scalars(sa.select(Cooldown)),
    ]


def _as_text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return json.dumps(value, default=str) if not isinstance(value, str) else value

"""Topics and vectors of listings: computed outside of transactions, then stored."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import db
from app.models import Listing, ListingStatus, ListingTopic
from app.services import topics
from app.services.topics import Weights
from matching.topics import TextVectors

AT_ONCE = 500  # listings vectorised and stored together
SURE = 1.0  # weight of a topic that only a person named


@dataclass(frozen=True)
class Wording:
    """What a listing says, and how a person corrected the topics recognised in it."""

    title: str
    text: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def is_corrected(self) -> bool:
        return bool(self.added or self.removed)

    @property
    def words(self) -> str:
        """Title and text; a title that only repeats the text counts once."""
        repeats = self.text.startswith(self.title.removesuffix(" …"))
        return self.text if repeats else f"{self.title}.\n{self.text}"


@dataclass(frozen=True)
class Described:
    """What the engine makes of a wording, ready to be stored."""

    vector: bytes
    version: str
    topics: Weights
    by_person: frozenset[str]
    is_corrected: bool

    def columns(self) -> dict[str, Any]:
        """Values of the columns of `Listing`."""
        return {
            "vector": self.vector,
            "vector_version": self.version,
            "topics_corrected": self.is_corrected,
        }

    def rows(self, listing_id: UUID) -> list[dict[str, Any]]:
        """Rows of `ListingTopic`."""
        return [
            {
                "listing_id": listing_id,
                "topic_id": topic,
                "weight": weight,
                "by_person": topic in self.by_person,
            }
            for topic, weight in self.topics.items()
        ]


def describe(session: Session, wordings: Sequence[Wording]) -> list[Described]:
    """Vectors and topics of many wordings at once; reads only the list of topics.

    Topics that a person added or removed replace the model's in the vector too.
    """
    vectors, weighed = vectors_of(session, wordings)
    model = topics.model()
    return [
        Described(
            model.pack(vectors, row), model.version, *weighed[row], one.is_corrected
        )
        for row, one in enumerate(wordings)
    ]


def vectors_of(
    session: Session, wordings: Sequence[Wording]
) -> tuple[TextVectors, list[tuple[Weights, frozenset[str]]]]:
    """The vectors as the engine takes them; with each, what `corrected` returns."""
    model = topics.model()
    replaced = topics.replacements(session)
    vectors = model.transform([one.words for one in wordings])
    weighed = []
    for row, wording in enumerate(wordings):
        weighed.append(corrected(topics.spoken_of(wording.words, replaced), wording))
        if wording.is_corrected:
            vectors = model.with_topics(vectors, row, list(weighed[row][0]))
    return vectors, weighed


def corrected(found: Weights, wording: Wording) -> tuple[Weights, frozenset[str]]:
    """The recognised topics without the removed and with the added ones, and those
    that only a person named."""
    weights = {
        topic: weight for topic, weight in found.items() if topic not in wording.removed
    }
    named = [topic for topic in wording.added if topic not in found]
    weights.update({topic: weights.get(topic, SURE) for topic in wording.added})
    return weights, frozenset(named)


def wording_of(listing: Listing, replaced: topics.Replaced) -> Wording:
    """The wording of a stored listing: its topics, if a person corrected them,
    against those that the model recognises now."""
    wording = Wording(listing.title, listing.text)
    if not listing.topics_corrected:
        return wording
    stored = [row.topic_id for row in listing.topics]
    found = topics.spoken_of(wording.words, replaced)
    return replace(
        wording,
        added=tuple(topic for topic in stored if topic not in found),
        removed=tuple(topic for topic in found if topic not in stored),
    )


def due_vectors(session: Session) -> list[UUID]:
    """Listings whose vector is missing or of another model; open ones first."""
    return list(
        session.scalars(
            sa.select(Listing.id)
            .where(_is_due(topics.model().version))
            .order_by(Listing.status != ListingStatus.OPEN, Listing.id)
        )
    )


def refresh_vectors(progress: Callable[[int, int], None] | None = None) -> int:
    """Describe all due listings anew, in batches; returns how many were stored.

    What a person edits meanwhile is left alone: it has its new vector already.
    """
    due = due_vectors(db.session())
    stored = 0
    for start in range(0, len(due), AT_ONCE):
        stored += _refresh(due[start : start + AT_ONCE])
        if progress:
            progress(min(start + AT_ONCE, len(due)), len(due))
    return stored


def _refresh(ids: Sequence[UUID]) -> int:
    session = db.session()
    replaced = topics.replacements(session)
    rows = session.scalars(sa.select(Listing).where(Listing.id.in_(ids))).all()
    seen = [(row.id, row.updated_at, row.topics_corrected) for row in rows]
    described = describe(session, [wording_of(row, replaced) for row in rows])
    with db.transaction() as writing:
        stored = 0
        for (listing_id, updated_at, is_corrected), one in zip(
            seen, described, strict=True
        ):
            unchanged = sa.and_(
                Listing.id == listing_id, Listing.updated_at == updated_at
            )
            values = one.columns() | {"topics_corrected": is_corrected}
            done = writing.execute(
                sa.update(Listing)
                .where(unchanged)
                .values(values)
                .returning(Listing.id)
                .execution_options(synchronize_session=False)
            ).all()
            if done:
                store_topics(writing, listing_id, one)
                stored += 1
        writing.expire_all()
    return stored


def store_topics(session: Session, listing_id: UUID, described: Described) -> None:
    """Put the topics of a listing in place of those it had."""
    session.execute(
        sa.delete(ListingTopic)
        .where(ListingTopic.listing_id == listing_id)
        .execution_options(synchronize_session=False)
    )
    rows = described.rows(listing_id)
    if rows:
        session.execute(sa.insert(ListingTopic), rows)


def _is_due(version: str) -> sa.ColumnElement[bool]:
    return sa.or_(
        Listing.vector.is_(None),
        Listing.vector_version.is_(None),
        Listing.vector_version != version,
    )

"""Topics: the process's one topic model, the table, and the picker of the forms."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.models import Listing, ListingTopic, Topic, TopicStatus
from matching import knowledge
from matching.topics import TopicModel
from matching.types import Language

MOST_RECOGNISED = 5
LEAST_WEIGHT = 0.4  # of the strongest; what is weaker is more often noise than topic
MOST_FOUND = 6

Weights = dict[str, float]
Replaced = Mapping[str, str | None]


@dataclass(frozen=True)
class Chip:
    """A topic as a form or card shows it."""

    id: str
    name: str
    weight: float = 1.0


@dataclass(frozen=True)
class Synced:
    """What `sync` changed in the table."""

    added: int = 0
    updated: int = 0
    deprecated: int = 0
    moved: int = 0  # listings' topics that went to a replacement


class _Shared:
    """The model of this process: loaded once, by whoever needs it first."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.folder: Path | None = None
        self.model: TopicModel | None = None


_shared = _Shared()


def configure(folder: Path | None) -> None:
    """Say where the trained weights are kept; None: where the engine keeps them."""
    _shared.folder = folder


def model() -> TopicModel:
    """The topic model, loaded at the first call and shared by all threads."""
    if _shared.model is None:
        with _shared.lock:
            if _shared.model is None:
                _shared.model = TopicModel.load(_shared.folder)
    return _shared.model


def warm() -> threading.Thread:
    """Load the model in the background, so that the first form is quick too."""

    def load() -> None:
        model().recognise("Sichtprüfung von Gussteilen mit Kameras")

    thread = threading.Thread(target=load, name="topic-model", daemon=True)
    thread.start()
    return thread


def recognise(session: Session, text: str, language: str) -> list[Chip]:
    """The topics of a text being typed, strongest first; none in nonsense."""
    return chips(session, spoken_of(text, replacements(session)), language)


def spoken_of(text: str, replaced: Replaced) -> Weights:
    """The recognised topics and their weights in (0, 1], the strongest first.

    A deprecated topic counts as its replacement.
    """
    found = model().recognise(text, top=MOST_RECOGNISED)
    return current(
        replaced,
        {one.topic: one.weight for one in found if one.weight >= LEAST_WEIGHT},
    )


def search(session: Session, query: str, language: str) -> list[Chip]:
    """Topics whose labels are like the query, in German and English, typos forgiven."""
    query = query.strip()[:100]
    if not query:
        return []
    lang: Language = "en" if language == "en" else "de"
    ids = model().search_topics(query, lang, MOST_FOUND)
    found = current(replacements(session), dict.fromkeys(ids, 1.0))
    return chips(session, found, language)


def chips(session: Session, weights: Mapping[str, float], language: str) -> list[Chip]:
    """Topics with their names, in the order given; unknown ids are left out."""
    rows = session.scalars(sa.select(Topic).where(Topic.id.in_(weights)))
    known = {topic.id: topic for topic in rows}
    return [
        Chip(one, known[one].name(language), weight)
        for one, weight in weights.items()
        if one in known
    ]


def active(session: Session, language: str) -> list[Chip]:
    """All topics that are in use, in the order of the taxonomy."""
    rows = session.scalars(
        sa.select(Topic)
        .where(Topic.status == TopicStatus.ACTIVE)
        .order_by(Topic.position, Topic.id)
    )
    return [Chip(topic.id, topic.name(language)) for topic in rows]


def names(
    session: Session, listings: Iterable[Listing], language: str
) -> dict[UUID, list[str]]:
    """The names of the topics of each listing, the strongest first."""
    of = {one.id: [row.topic_id for row in one.topics] for one in listings}
    wanted = {topic_id for ids in of.values() for topic_id in ids}
    known = {
        chip.id: chip.name
        for chip in chips(session, dict.fromkeys(sorted(wanted), 1.0), language)
    }
    return {one: [known[topic_id] for topic_id in ids] for one, ids in of.items()}


def usable(session: Session, ids: Iterable[str]) -> list[str]:
    """Those of the ids that a listing may have: known, replaced if deprecated."""
    wanted = dict.fromkeys(ids, 1.0)
    known = set(session.scalars(sa.select(Topic.id).where(Topic.id.in_(wanted))))
    weights = {one: weight for one, weight in wanted.items() if one in known}
    return list(current(replacements(session), weights))


def replacements(session: Session) -> dict[str, str | None]:
    """Every deprecated topic and the active one that stands for it, if there is one."""
    rows = session.execute(
        sa.select(Topic.id, Topic.replaced_by).where(
            Topic.status == TopicStatus.DEPRECATED
        )
    )
    direct = {row.id: row.replaced_by for row in rows}
    return {one: _end_of_chain(direct, one) for one in direct}


def current(replaced: Replaced, weights: Mapping[str, float]) -> Weights:
    """Weights of active topics only: a replacement takes the larger of two weights."""
    merged: Weights = {}
    for one, weight in weights.items():
        active = replaced.get(one, one)
        if active is not None:
            merged[active] = max(weight, merged.get(active, 0.0))
    return merged


def sync(session: Session) -> Synced:
    """Bring the table to the knowledge base by permanent ids; nothing is deleted.

    New topics are added, names and places in the taxonomy updated, topics that the
    knowledge base deprecates marked so; listings of deprecated topics move to the
    replacement. What organizers deprecated here stays deprecated. A second call
    changes nothing. Runs inside the caller's transaction.
    """
    rows = {topic.id: topic for topic in session.scalars(sa.select(Topic))}
    added = updated = deprecated = 0
    known = knowledge.load().topics
    for position, said in enumerate(known):
        row = rows.get(said.id)
        values = {"de": said.de, "en": said.en, "parent_id": said.parent}
        if row is None:
            session.add(Topic(id=said.id, position=position, **values))
            added += 1
        else:
            updated += _update(row, values | {"position": position})
    session.flush()
    for said in known:
        if said.status == "deprecated":
            row = session.get_one(Topic, said.id)
            if (row.status, row.replaced_by) != (
                TopicStatus.DEPRECATED,
                said.replaced_by,
            ):
                row.status, row.replaced_by = TopicStatus.DEPRECATED, said.replaced_by
                deprecated += 1
    session.flush()
    return Synced(added, updated, deprecated, move_listings(session))


def move_listings(session: Session) -> int:
    """Give listings of deprecated topics the replacement; returns how many moved."""
    moved = 0
    for old, new in replacements(session).items():
        if new is None:
            continue
        for row in session.scalars(
            sa.select(ListingTopic).where(ListingTopic.topic_id == old)
        ).all():
            _move(session, row, new)
            moved += 1
    return moved


def _move(session: Session, row: ListingTopic, new: str) -> None:
    there = session.get(ListingTopic, (row.listing_id, new))
    if there is None:
        session.add(
            ListingTopic(
                listing_id=row.listing_id,
                topic_id=new,
                weight=row.weight,
                by_person=row.by_person,
            )
        )
    else:
        there.weight = max(there.weight, row.weight)
        there.by_person = there.by_person or row.by_person
    session.delete(row)
    # Its stored vector speaks of the old topic: due for `listings.refresh_vectors`.
    session.execute(
        sa.update(Listing)
        .where(Listing.id == row.listing_id)
        .values(vector_version=None)
    )
    session.flush()


def _update(row: Topic, values: Mapping[str, object]) -> bool:
    changed = {
        name: value for name, value in values.items() if getattr(row, name) != value
    }
    for name, value in changed.items():
        setattr(row, name, value)
    return bool(changed)


def _end_of_chain(direct: Mapping[str, str | None], start: str) -> str | None:
    """Follow replacements of replacements; a circle or an open end leads nowhere."""
    seen = {start}
    at = direct[start]
    while at is not None and at in direct:
        if at in seen:
            return None
        seen.add(at)
        at = direct[at]
    return at

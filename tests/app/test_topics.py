"""Topics in the table, and the topics of a typed text."""

import time
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import db
from app.models import Listing, ListingTopic, Topic, TopicStatus
from app.services import topics
from matching import knowledge
from tests import factories

INSPECTION = "Wir prüfen Bauteile mit Kameras und Bilderkennung auf Kratzer und Risse."


def deprecate(old: str, new: str | None) -> None:
    with db.transaction() as session:
        topic = session.get_one(Topic, old)
        topic.status, topic.replaced_by = TopicStatus.DEPRECATED, new


def sync() -> topics.Synced:
    with db.transaction() as session:
        return topics.sync(session)


@pytest.fixture
def knowledge_with(monkeypatch: pytest.MonkeyPatch):
    """Let the knowledge base say something else about one topic."""

    def change(topic_id: str, **values: object) -> None:
        known = knowledge.load()
        changed = tuple(
            replace(one, **values) if one.id == topic_id else one
            for one in known.topics
        )
        monkeypatch.setattr(
            topics.knowledge, "load", lambda: replace(known, topics=changed)
        )

    return change


def test_sync_fills_an_empty_table_with_permanent_ids(session: Session):
    with db.transaction() as writing:
        writing.execute(sa.delete(Topic))

    done = sync()

    rows = session.scalars(sa.select(Topic).order_by(Topic.position)).all()
    assert done == topics.Synced(added=100)
    assert [row.id for row in rows] == [one.id for one in knowledge.load().topics]


def test_second_sync_changes_nothing(database: str):
    sync()

    assert sync() == topics.Synced()


def test_sync_updates_names_and_deletes_nothing(session: Session, knowledge_with):
    knowledge_with("tec.cv", de="Sehen mit KI")
    factories.add(Topic(id="old.one", de="Altes", en="Old", position=999))

    done = sync()

    assert done == topics.Synced(updated=1)
    assert session.get_one(Topic, "tec.cv").de == "Sehen mit KI"
    assert session.get(Topic, "old.one") is not None


def test_listings_of_a_deprecated_topic_move_to_its_replacement(
    session: Session, knowledge_with
):
    one = factories.listing(factories.company(), vector_version="x")
    both = factories.listing(factories.company())
    factories.add(
        ListingTopic(listing_id=one.id, topic_id="tec.recsys", weight=0.5),
        ListingTopic(listing_id=both.id, topic_id="tec.recsys", weight=0.9),
        ListingTopic(listing_id=both.id, topic_id="tec.ml", weight=0.4, by_person=True),
    )
    knowledge_with("tec.recsys", status="deprecated", replaced_by="tec.ml")

    done = sync()

    assert (done.deprecated, done.moved) == (1, 2)
    rows = session.execute(
        sa.select(ListingTopic.listing_id, ListingTopic.topic_id, ListingTopic.weight)
    ).all()
    assert {tuple(row) for row in rows} == {
        (one.id, "tec.ml", 0.5),
        (both.id, "tec.ml", 0.9),
    }
    assert session.get_one(Listing, one.id).vector_version is None
    assert sync() == topics.Synced()


def test_what_organizers_deprecated_stays_deprecated(session: Session):
    deprecate("tec.recsys", "tec.ml")

    sync()

    assert session.get_one(Topic, "tec.recsys").status is TopicStatus.DEPRECATED


def test_replacements_follow_chains_and_survive_circles(session: Session):
    deprecate("tec.recsys", "tec.anomaly")
    deprecate("tec.anomaly", "tec.ml")
    deprecate("tec.mt", "tec.speech")
    deprecate("tec.speech", "tec.mt")
    deprecate("tec.kg", None)

    assert topics.replacements(session) == {
        "tec.recsys": "tec.ml",
        "tec.anomaly": "tec.ml",
        "tec.mt": None,
        "tec.speech": None,
        "tec.kg": None,
    }


def test_a_text_shows_its_topics_in_both_languages(session: Session):
    german = topics.recognise(session, INSPECTION, "de")
    english = topics.recognise(session, INSPECTION, "en")

    assert "app.prod.visual-inspection" in [chip.id for chip in german[:3]]
    assert [chip.id for chip in german] == [chip.id for chip in english]
    known = knowledge.load().topic
    assert [chip.name for chip in german] == [known[chip.id].de for chip in german]
    assert [chip.name for chip in english] == [known[chip.id].en for chip in english]
    weights = [chip.weight for chip in german]
    assert weights == sorted(weights, reverse=True)


@pytest.mark.parametrize("text", ["", "asdf qwer yxcv", "1234 5678", "🙂 🙂 🙂"])
def test_nothing_is_recognised_in_nonsense(session: Session, text: str):
    assert topics.recognise(session, text, "de") == []


def test_a_deprecated_topic_shows_as_its_replacement(session: Session):
    deprecate("app.prod.visual-inspection", "tec.cv")

    found = [chip.id for chip in topics.recognise(session, INSPECTION, "de")]

    assert "tec.cv" in found
    assert "app.prod.visual-inspection" not in found
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("query", "topic"),
    [
        ("Datenschutz", "gov.gdpr"),
        ("datenschuz", "gov.gdpr"),
        ("Uebersetzung", "tec.mt"),
        ("computer vision", "tec.cv"),
    ],
)
def test_topics_are_found_despite_typos_and_spellings(
    session: Session, query: str, topic: str
):
    found = [chip.id for chip in topics.search(session, query, "de")]

    assert topic in found


def test_a_search_without_words_finds_nothing(session: Session):
    assert topics.search(session, "   ", "de") == []


def test_only_known_and_active_topics_are_usable(session: Session):
    deprecate("tec.recsys", "tec.ml")

    usable = topics.usable(session, ["tec.recsys", "no.such", "tec.cv", "tec.cv"])

    assert usable == ["tec.ml", "tec.cv"]


def test_the_model_is_loaded_once_for_all_threads():
    thread = topics.warm()
    thread.join(60)

    assert topics.model() is topics.model()


@pytest.mark.benchmark
def test_chips_come_within_20_ms(session: Session):
    topics.recognise(session, INSPECTION, "de")
    times = []

    for turn in range(50):
        started = time.perf_counter()
        topics.recognise(session, f"{INSPECTION} {turn}", "de")
        times.append(time.perf_counter() - started)

    assert sorted(times)[len(times) // 2] < 0.02

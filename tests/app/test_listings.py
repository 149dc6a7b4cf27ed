"""Needs and offerings: create, edit, renew, close, reopen, describe."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import db
from app.errors import AppError, Conflict, Invalid, NotFound
from app.models import (
    CompanyStatus,
    Introduction,
    Kind,
    Listing,
    ListingStatus,
    ListingTopic,
    Paid,
    Person,
    Reach,
    State,
)
from app.services import listings, topics
from app.services.listings import Draft
from tests import factories
from tests.factories import MONDAY

TEXT = "Unser Ausschuss bei Gussteilen ist zu hoch, wir prüfen noch mit bloßem Auge."
NEED = Draft(Kind.NEED, TEXT, title="Sichtprüfung", help_kinds=("exp-exchange",))
OFFERING = Draft(Kind.OFFERING, "Wir zeigen unsere Kameraprüfung.", paid=Paid.MAYBE)


@pytest.fixture
def kim(database: str) -> Person:
    return factories.person(factories.company())


def create(draft: Draft, by: Person, **values: Any) -> UUID:
    return listings.create(draft, by=by.id, **({"at": MONDAY} | values))


def topics_of(session: Session, listing_id: UUID) -> dict[str, bool]:
    session.expire_all()
    rows = session.scalars(
        sa.select(ListingTopic).where(ListingTopic.listing_id == listing_id)
    )
    return {row.topic_id: row.by_person for row in rows}


def test_a_need_is_stored_with_vector_and_topics(session: Session, kim: Person):
    listing_id = create(NEED, kim)

    listing = session.get_one(Listing, listing_id)
    assert (listing.company_id, listing.author_id) == (kim.company_id, kim.id)
    assert (listing.title, listing.text) == ("Sichtprüfung", TEXT)
    assert listing.valid_until == date(2026, 11, 23) + timedelta(days=180)
    assert listing.vector_version == topics.model().version
    assert len(topics.model().unpack([listing.vector or b""])) == 1
    found = topics_of(session, listing_id)
    assert found
    assert not any(found.values())
    assert not listing.topics_corrected


def test_a_missing_title_is_taken_from_the_text(session: Session, kim: Person):
    long = create(replace(NEED, title=""), kim)
    short = create(replace(NEED, title=" ", text="Chatbot\nfür Gäste"), kim)

    assert session.get_one(Listing, long).title == (
        "Unser Ausschuss bei Gussteilen ist zu hoch, wir prüfen noch mit bloßem …"
    )
    assert session.get_one(Listing, short).title == "Chatbot für Gäste"


def test_a_title_taken_from_the_text_does_not_count_twice(kim: Person):
    given = listings.checked(db.session(), replace(NEED, title=""))

    assert given.wording.words == TEXT


def test_a_person_corrects_the_recognised_topics(session: Session, kim: Person):
    recognised = [chip.id for chip in topics.recognise(session, TEXT, "de")]
    dropped = recognised[0]

    listing_id = create(
        replace(NEED, title="", added=("gov.gdpr",), removed=(dropped,)), kim
    )

    found = topics_of(session, listing_id)
    assert found == dict.fromkeys(recognised[1:], False) | {"gov.gdpr": True}
    assert session.get_one(Listing, listing_id).topics_corrected


def test_a_correction_changes_the_vector(session: Session, kim: Person):
    plain = create(NEED, kim)
    other = create(replace(NEED, title="Sichtprüfung 2", added=("gov.gdpr",)), kim)

    vectors = topics.model().unpack(
        [session.get_one(Listing, one).vector or b"" for one in (plain, other)]
    )
    at = topics.model().topic_ids.index("gov.gdpr")
    assert vectors.topics[[1], [at]] > vectors.topics[[0], [at]]


def test_the_form_of_a_corrected_listing_shows_its_corrections(
    session: Session, kim: Person
):
    dropped = topics.recognise(session, TEXT, "de")[0].id
    draft = replace(NEED, title="", added=("gov.gdpr",), removed=(dropped,))
    listing = session.get_one(Listing, create(draft, kim))

    shown = listings.typed(session, listing)

    assert shown == replace(draft, title=listing.title)


def test_an_offering_keeps_its_price_and_a_need_has_none(session: Session, kim: Person):
    offering = create(OFFERING, kim)
    need = create(replace(NEED, paid=Paid.YES), kim)

    assert session.get_one(Listing, offering).paid is Paid.MAYBE
    assert session.get_one(Listing, need).paid is Paid.NONE


def test_only_help_on_site_has_a_radius(session: Session, kim: Person):
    onsite = create(replace(NEED, reach=Reach.ONSITE, title="a"), kim)
    near = create(replace(NEED, reach=Reach.ONSITE, radius_km=20, title="b"), kim)
    remote = create(replace(NEED, reach=Reach.REMOTE, radius_km=20, title="c"), kim)

    radii = [session.get_one(Listing, one).radius_km for one in (onsite, near, remote)]
    assert radii == [50, 20, None]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": "x" * 4001}, "text"),
        ({"text": "x" * 10_000}, "text"),
        ({"text": "PK\x03\x04\x00"}, "text"),
        ({"text": "Bitte an kim@firma.example schreiben"}, "text"),
        ({"title": "Ruf an: 0731 123456"}, "title"),
        ({"title": "y" * 121}, "title"),
        ({"help_kinds": ("no-such",)}, "help_kinds"),
        ({"added": ("no.such",)}, "topics"),
        ({"removed": ("'; DROP TABLE topic; --",)}, "topics"),
        ({"added": tuple(f"tec.{n}" for n in range(13))}, "topics"),
        ({"reach": Reach.ONSITE, "radius_km": 0}, "radius_km"),
        ({"reach": Reach.ONSITE, "radius_km": 1001}, "radius_km"),
    ],
)
def test_bad_values_are_refused_with_their_field(
    session: Session, kim: Person, changes: dict[str, Any], field: str
):
    with pytest.raises(Invalid) as refusal:
        create(replace(NEED, **changes), kim)

    assert refusal.value.field == field
    assert session.scalar(sa.select(sa.func.count(Listing.id))) == 0


def test_the_same_words_sent_twice_make_one_listing(session: Session, kim: Person):
    first = create(NEED, kim)

    assert create(NEED, kim) == first
    assert session.scalar(sa.select(sa.func.count(Listing.id))) == 1


def test_the_same_words_of_two_companies_are_two_listings(kim: Person):
    other = factories.person(factories.company())

    assert create(NEED, kim) != create(NEED, other)


def test_a_company_has_at_most_fifty_open_listings(session: Session, kim: Person):
    company = session.get_one(Person, kim.id).company
    assert company is not None
    for number in range(50):
        factories.listing(company, title=f"Nummer {number}")

    with pytest.raises(Conflict, match="50 offene"):
        create(NEED, kim)


def test_an_edit_replaces_words_topics_and_vector(session: Session, kim: Person):
    listing_id = create(NEED, kim)
    before = session.get_one(Listing, listing_id).vector
    text = "Wir suchen Erfahrung mit Datenschutz und Auftragsverarbeitung bei KI."

    listings.edit(
        listing_id,
        Draft(Kind.OFFERING, text, title="DSGVO"),
        by=kim.id,
        at=MONDAY + timedelta(days=1),
    )

    session.expire_all()
    listing = session.get_one(Listing, listing_id)
    assert (listing.kind, listing.title, listing.text) == (Kind.NEED, "DSGVO", text)
    assert listing.vector != before
    assert "gov.gdpr" in topics_of(session, listing_id)
    assert listing.updated_at == MONDAY + timedelta(days=1)


def test_a_listing_is_renewed_for_180_days(session: Session, kim: Person):
    listing_id = create(NEED, kim)
    later = MONDAY + timedelta(days=200)

    until = listings.renew(listing_id, by=kim.id, at=later)

    assert until == later.date() + timedelta(days=180)
    assert session.get_one(Listing, listing_id).is_open(later.date())


def test_a_listing_is_closed_and_opened_again(session: Session, kim: Person):
    listing_id = create(NEED, kim)

    listings.close(listing_id, by=kim.id, at=MONDAY)
    listings.close(listing_id, by=kim.id, at=MONDAY + timedelta(days=1))
    session.expire_all()
    assert session.get_one(Listing, listing_id).closed_at == MONDAY

    listings.reopen(listing_id, by=kim.id, at=MONDAY + timedelta(days=300))
    session.expire_all()
    listing = session.get_one(Listing, listing_id)
    assert (listing.status, listing.closed_at) == (ListingStatus.OPEN, None)
    assert listing.is_open(MONDAY.date() + timedelta(days=400))


def test_a_closed_listing_is_neither_edited_nor_renewed(kim: Person):
    listing_id = create(NEED, kim)
    listings.close(listing_id, by=kim.id, at=MONDAY)

    with pytest.raises(Conflict, match="geschlossen"):
        listings.edit(listing_id, NEED, by=kim.id, at=MONDAY)
    with pytest.raises(Conflict, match="geschlossen"):
        listings.renew(listing_id, by=kim.id, at=MONDAY)


def test_closing_ends_suggestions_that_rest_on_no_other_listing(session: Session):
    introduction = factories.introduction()
    states = []

    for match in introduction.matches:
        kim = factories.person(introduction.company(match.giver))
        listings.close(match.offering_id, by=kim.id, at=MONDAY)
        session.expire_all()
        states.append(session.get_one(Introduction, introduction.id).state)

    assert states == [State.PROPOSED, State.CANCELLED]


@pytest.mark.parametrize("act", ["edit", "renew", "close", "reopen"])
def test_absent_and_foreign_listings_are_not_found_alike(kim: Person, act: str):
    foreign = create(NEED, factories.person(factories.company()))
    draft = (NEED,) if act == "edit" else ()

    refusals = []
    for listing_id in (foreign, uuid4()):
        with pytest.raises(NotFound) as refusal:
            getattr(listings, act)(listing_id, *draft, by=kim.id, at=MONDAY)
        refusals.append(refusal.value.message)

    assert refusals[0] == refusals[1]


def test_only_members_of_approved_companies_may_create(session: Session):
    waiting = factories.person(factories.company(status=CompanyStatus.APPLIED))
    nobody = factories.person()

    for person in (waiting, nobody):
        with pytest.raises(NotFound):
            create(NEED, person)
    assert session.scalar(sa.select(sa.func.count(Listing.id))) == 0


def test_own_listings_come_open_ones_first(session: Session, kim: Person):
    closed = create(replace(NEED, title="zu"), kim, at=MONDAY + timedelta(days=3))
    listings.close(closed, by=kim.id, at=MONDAY)
    old = create(replace(NEED, title="alt"), kim)
    new = create(replace(NEED, title="neu"), kim, at=MONDAY + timedelta(days=2))
    create(NEED, factories.person(factories.company()))

    assert kim.company_id is not None
    found = listings.of_company(session, kim.company_id)

    assert [one.id for one in found] == [new, old, closed]


def test_new_knowledge_gives_all_listings_new_vectors(session: Session, kim: Person):
    plain = create(NEED, kim)
    fixed = create(replace(NEED, title="b", added=("gov.gdpr",)), kim)
    corrected = topics_of(session, fixed)
    with db.transaction() as writing:
        writing.execute(sa.update(Listing).values(vector_version="older", vector=b"x"))
    seen: list[tuple[int, int]] = []

    count = listings.refresh_vectors(lambda done, total: seen.append((done, total)))

    session.expire_all()
    assert count == 2
    assert seen == [(2, 2)]
    assert listings.due_vectors(session) == []
    for listing_id in (plain, fixed):
        listing = session.get_one(Listing, listing_id)
        assert listing.vector_version == topics.model().version
        assert len(topics.model().unpack([listing.vector or b""])) == 1
    assert topics_of(session, fixed).keys() == corrected.keys()
    assert session.get_one(Listing, fixed).topics_corrected
    assert listings.refresh_vectors() == 0


def test_a_listing_edited_meanwhile_keeps_its_new_words(
    session: Session, kim: Person, monkeypatch: pytest.MonkeyPatch
):
    listing_id = create(NEED, kim)
    with db.transaction() as writing:
        writing.execute(sa.update(Listing).values(vector_version=None))
    describe = listings.describe

    def slow(*given: Any) -> Any:
        described = describe(*given)
        with db.transaction() as writing:
            writing.execute(
                sa.update(Listing).values(
                    title="neu", updated_at=MONDAY + timedelta(hours=1)
                )
            )
        return described

    monkeypatch.setattr("app.services.listings_vectors.describe", slow)

    assert listings.refresh_vectors() == 0
    session.expire_all()
    assert session.get_one(Listing, listing_id).title == "neu"


def test_every_refusal_is_one_of_ours(kim: Person):
    for text in ("\x00", "\ud800", "<script>" * 900, "a" * 60_000, "\u202e"):
        with pytest.raises(AppError):
            create(replace(NEED, text=text), kim)

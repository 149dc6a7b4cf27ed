"""Erasure while others act: nobody is connected with nobody, nothing is left behind."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
import sqlalchemy as sa

from app import db
from app.errors import AppError
from app.models import (
    Company,
    ContactRelease,
    Erasure,
    Introduction,
    Kind,
    Listing,
    Person,
    RoleName,
    Side,
    State,
)
from app.services import erasure, introductions, listings
from app.services.introductions_ends import expire_due
from app.services.listings import Draft
from tests import factories
from tests.factories import MONDAY

pytestmark = pytest.mark.usefixtures("database")

NIGHTLY = bool(os.environ.get("HANDSCHLAG_NIGHTLY"))
TIMES = int(os.environ.get("RACE_ERASURES", "100" if NIGHTLY else "6"))
SOON = MONDAY + timedelta(hours=1)
THREADS = 6


def race(*commands: Callable[[], object]) -> None:
    """All at once; a refusal is fine, anything else fails."""

    def attempt(command: Callable[[], object]) -> None:
        try:
            command()
        except AppError:
            pass
        finally:
            db.remove()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(attempt, commands))
    db.session().rollback()


def erase(person_id: UUID) -> Callable[[], object]:
    return partial(erasure.erase_account, person_id, at=SOON)


def test_of_two_colleagues_who_leave_at_once_the_second_takes_the_company():
    for _ in range(TIMES):
        company = factories.company()
        company_id = company.id
        both = [factories.person(company).id for _ in range(2)]
        db.remove()

        race(*(erase(one) for one in both * 2))

        session = db.session()
        assert session.get_one(Company, company_id).erased_at == SOON
        for one in both:
            assert session.get_one(Person, one).erased_at == SOON
    assert db.session().scalar(sa.select(sa.func.count(Erasure.subject_id))) == (
        3 * TIMES
    )


def test_of_two_admins_who_leave_at_once_one_stays():
    for _ in range(TIMES):
        both = [factories.person(None, RoleName.ADMIN.value).id for _ in range(2)]
        db.remove()

        race(*(erase(one) for one in both * 2))

        left = [
            one for one in both if db.session().get_one(Person, one).erased_at is None
        ]
        assert len(left) == 1
        with db.transaction() as session:
            session.get_one(Person, left[0]).roles = []


def test_who_accepts_during_an_erasure_is_not_connected_with_nobody():
    for number in range(TIMES):
        row = factories.introduction(factories.round_(f"2025-W{number + 1:02}"))
        identity = row.id
        lo_id, hi_id = row.company_lo_id, row.company_hi_id
        session = db.session()
        lo, hi = (
            factories.person(session.get_one(Company, one)).id for one in (lo_id, hi_id)
        )
        introductions.accept(identity, by=lo, at=MONDAY)
        db.remove()

        race(
            erase(lo),
            partial(introductions.accept, identity, by=hi, at=SOON),
            partial(expire_due, at=SOON),
            erase(lo),
        )

        found = db.session().get_one(Introduction, identity)
        assert found.state in (State.CONNECTED, State.CANCELLED, State.WITHDRAWN)
        assert found.lo_person_id is None
        released = db.session().scalars(
            sa.select(ContactRelease).where(ContactRelease.introduction_id == identity)
        )
        assert released.all() == []
        assert found.side_of(hi_id) is Side.HI


def test_what_is_written_during_an_erasure_is_refused_or_goes():
    draft = Draft(kind=Kind.NEED, text="Wir suchen Rat zur Prüfung von Guss.")
    for _ in range(TIMES):
        company = factories.company()
        company_id, person_id = company.id, factories.person(company).id
        write = partial(listings.create, draft, by=person_id, at=SOON)
        db.remove()

        race(write, erase(person_id), write)

        left = sa.select(Listing.id).where(Listing.company_id == company_id)
        assert db.session().scalars(left).all() == []
        assert db.session().get_one(Company, company_id).erased_at == SOON

"""The preview counts what the worker indexed, and follows what members write."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app import db
from app.models import Kind, Listing
from app.services import listings, preview, preview_index
from app.services.listings import Draft
from app.services.preview_index import FOLDER, Opened
from tests import factories
from tests.factories import MONDAY

pytestmark = pytest.mark.usefixtures("database")

NEED = Draft(
    kind=Kind.NEED,
    text="Unser Ausschuss bei Gussteilen ist zu hoch, Risse sehen wir zu spät.",
)


@pytest.fixture
def folder(tmp_path: Path):
    preview.look_in(tmp_path)
    yield tmp_path
    preview.use(None)


def offering():
    company = factories.company()
    factories.listing(company, Kind.OFFERING)
    listings.refresh_vectors()
    return company.id


def counted(company_id) -> int | None:
    fits = preview.of_draft(db.session(), NEED, company_id)
    return None if fits is None else fits.companies


def test_there_is_no_number_before_the_first_index(folder):
    assert counted(offering()) is None


def test_new_offerings_count_and_ones_own_do_not(folder):
    mine, _ = offering(), offering()
    made = preview_index.refresh(folder, MONDAY)
    one = counted(mine)
    _ = offering()
    again = preview_index.refresh(folder, MONDAY + timedelta(minutes=5))

    assert (made, again) == (True, True)
    assert (one, counted(mine)) == (1, 2)


def test_nothing_is_made_anew_while_nothing_changes(folder):
    offering()
    preview_index.refresh(folder, MONDAY)

    assert not preview_index.refresh(folder, MONDAY + timedelta(minutes=5))


def test_old_versions_go_and_a_half_written_one_is_written_anew(folder):
    offering()
    for hour in range(4):
        with db.transaction() as session:
            at = MONDAY + timedelta(hours=hour)
            session.execute(sa.update(Listing).values(updated_at=at))
        version = preview_index._version(db.session(), MONDAY)
        (folder / FOLDER / version).mkdir(parents=True)
        assert preview_index.refresh(folder, MONDAY)

    versions = [one for one in (folder / FOLDER).iterdir() if one.is_dir()]
    assert len(versions) == preview_index.KEPT
    assert Opened(folder).index() is not None


def test_an_index_of_another_model_is_not_opened(folder):
    offering()
    preview_index.refresh(folder, MONDAY)
    (folder / FOLDER / "current").write_text("00000000-0000000000000000")

    assert Opened(folder).index() is None

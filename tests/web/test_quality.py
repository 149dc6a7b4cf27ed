"""The organizers' pages of figures: every link works, every table downloads."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from app.models import Decision, Introduction, Person, State
from app.web.sheets import csv_answer
from tests import factories

LAST_WEEK = datetime.now(UTC) - timedelta(days=7)


def week_of(day: datetime) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


@pytest.fixture
def organizer(app: object, sign_in: Callable[[Person], FlaskClient]) -> FlaskClient:
    return sign_in(factories.person(None, "organizer"))


@pytest.fixture
def history(app: object) -> Introduction:
    of = factories.round_(
        week_of(LAST_WEEK),
        computed_at=LAST_WEEK,
        released_at=LAST_WEEK,
        manifest={"ratio": 0.999},
    )
    values = {
        "shown_at": LAST_WEEK,
        "created_at": LAST_WEEK,
        "expires_at": LAST_WEEK + timedelta(days=14),
    }
    factories.introduction(of, **values)
    demo = [factories.company(is_demo=True, name=f"Demo {k}") for k in range(2)]
    factories.introduction(of, *demo, **values)
    return factories.introduction(
        of,
        state=State.CONNECTED,
        lo_decision=Decision.ACCEPTED,
        hi_decision=Decision.ACCEPTED,
        lo_decided_at=LAST_WEEK,
        hi_decided_at=LAST_WEEK,
        connected_at=LAST_WEEK,
        closed_at=LAST_WEEK,
        **values,
    )


def test_empty_association_says_what_comes_next(organizer: FlaskClient):
    page = organizer.get("/organize/quality")

    assert page.status_code == 200
    assert "keine Runde veröffentlicht" in page.text


def test_every_figure_links_to_what_it_counts(
    history: Introduction, organizer: FlaskClient
):
    page = organizer.get("/organize/quality")

    links = {
        part.split('"')[0].replace("&amp;", "&")
        for part in page.text.split('href="')[1:]
        if part.startswith("/organize/")
    }
    assert len(links) > 12
    for link in links:
        assert organizer.get(link).status_code == 200, link


@pytest.mark.parametrize("table", ["weeks", "reasons", "exposure", "figures"])
def test_tables_download_as_csv(
    history: Introduction, organizer: FlaskClient, table: str
):
    answer = organizer.get(f"/organize/quality/{table}.csv")

    rows = list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff")), delimiter=";"))
    assert answer.status_code == 200
    assert len({len(row) for row in rows}) == 1


def test_charts_get_the_numbers_of_the_table(
    history: Introduction, organizer: FlaskClient
):
    data = organizer.get("/organize/quality/data.json").json

    assert data is not None
    assert [row["week"] for row in data["weeks"]] == [week_of(LAST_WEEK)]
    assert data["weeks"][0]["mutual"]["n"] == 2


def test_nonsense_in_the_filter_is_left_out(
    history: Introduction, organizer: FlaskClient
):
    page = organizer.get(
        "/organize/quality?first=x&last=2026-W99&state=DE-XX&topic=no.such"
    )

    assert page.status_code == 200


def test_unknown_lists_and_tables_do_not_exist(organizer: FlaskClient):
    assert organizer.get("/organize/quality/list/none").status_code == 404
    assert organizer.get("/organize/quality/none.csv").status_code == 404


def test_members_do_not_see_the_figures(
    app: object, sign_in: Callable[[Person], FlaskClient]
):
    member = sign_in(factories.person(factories.company()))

    for path in ("/organize/quality", "/organize/quality/data.json", "/organize/radar"):
        assert member.get(path).status_code == 404


def test_radar_lists_needs_that_wait(organizer: FlaskClient):
    factories.listing(factories.company(name="Weberei Sommer"))

    page = organizer.get("/organize/radar")

    assert "Weberei Sommer" in page.text


def test_cells_never_become_formulas(app: object):
    rows = [["=1+1", "+49", "-x", "@a", "\tb", "\rc", "plain", 1.5, None]]

    with app.test_request_context():  # type: ignore[attr-defined]
        text = csv_answer("x.csv", [*"abcdefghi"], rows).get_data(as_text=True)

    cells = list(csv.reader(io.StringIO(text), delimiter=";"))[1]
    assert [cell[0] for cell in cells[:6]] == ["'"] * 6
    assert cells[6:] == ["plain", "1,5000", ""]

"""Small markets for tests: random vectors, places, reaches and wishes."""

from datetime import date, timedelta

import numpy as np

from matching.market import Market
from matching.sparse_rows import UNIT, Rows
from matching.types import Company, Listing, Meeting
from matching.whole_vectors import WholeVectors

TODAY = date(2026, 11, 23)
STATES = ("DE-BW", "DE-BY", "DE-HE", "DE-SN", "DE-HH", None)
HELP = ("training", "mentoring", "pilot", "expert-talk", "contract")
REACH = ("onsite", "state", "national", "remote")


def random_vectors(rng, n, *, width=476, filled=20):
    """Unit rows with a few heavy columns, so that some rows are much alike."""
    rows = []
    for _ in range(n):
        centre = rng.integers(0, width // 4) * 4
        column = np.unique((centre + rng.geometric(0.05, filled)) % width)
        weight = rng.random(len(column)) ** 2 + 0.01
        rows.append((column, weight / np.linalg.norm(weight)))
    start = np.cumsum([0] + [len(column) for column, _ in rows])
    weight = np.concatenate([weight for _, weight in rows])
    return Rows(
        start.astype(np.int64),
        np.concatenate([column for column, _ in rows]).astype(np.uint16),
        np.rint(weight * UNIT).astype(np.int16),
    )


def random_company(rng, number, ids):
    placed = rng.random() < 0.9
    return Company(
        id=ids[number],
        lat=float(rng.uniform(47.5, 54.5)) if placed else None,
        lon=float(rng.uniform(6.5, 14.5)) if placed else None,
        state=STATES[rng.integers(len(STATES))],
        sector=(None, "28", "2815", "62", "6201")[rng.integers(5)],
        languages=((), ("de",), ("en",), ("de", "en"))[rng.integers(4)],
        capacity=int(rng.integers(0, 6)),
        avoid=(ids[(number + 1) % len(ids)],) if rng.random() < 0.1 else (),
        no_paid=bool(rng.random() < 0.2),
        no_competitors=bool(rng.random() < 0.2),
        paused=bool(rng.random() < 0.05),
    )


def random_listing(rng, number, company):
    return Listing(
        id=f"l{number:05d}",
        kind="need" if rng.random() < 0.5 else "offering",
        text=f"Text {number}",
        company=company,
        help=tuple(rng.choice(HELP, rng.integers(0, 3), replace=False).tolist()),
        reach=REACH[rng.integers(4)],
        radius_km=(None, 10.0, 33.3, 120.0)[rng.integers(4)],
        paid=("none", "maybe", "yes")[rng.integers(3)],
        since=(None, TODAY - timedelta(days=int(rng.integers(0, 300))))[
            rng.integers(2)
        ],
    )


def random_market(seed=0, *, companies=60, listings=4, history=10):
    """A market in which every rule has work to do."""
    rng = np.random.default_rng(seed)
    ids = [f"c{number:05d}" for number in range(companies)]
    firms = [random_company(rng, number, ids) for number in range(companies)]
    n = companies * listings
    rows = [random_listing(rng, at, ids[rng.integers(companies)]) for at in range(n)]
    met = [
        Meeting(*rng.choice(ids, 2, replace=False).tolist(), "2026-W40", "declined")
        for _ in range(history)
    ]
    vectors = WholeVectors(
        random_vectors(rng, n), random_vectors(rng, n, width=900), (476, 900)
    )
    return Market.of(rows, firms, met, vectors, as_of=TODAY)

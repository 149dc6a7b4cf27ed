"""A synthetic market: companies in real places with needs and offerings in words.

Texts are put together from sentences of the knowledge base and from phrases of our
own, so that no two listings of a market need be the same; some topics are asked for
far more often than others. For measuring speed and for trying things out: figures of
quality come from texts that people wrote (`tests/data`).
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matching import knowledge as base
from matching.files import write_rows
from matching.knowledge import Knowledge, UseCase
from matching.types import REACHES, Company, Kind, Listing, Meeting

TODAY = date(2026, 11, 23)
LISTINGS_PER_COMPANY = 4
SKEW = 0.8  # exponent of Zipf's law of use cases
PLACES = Path(__file__).parents[2] / "app" / "data" / "places.csv"

# Name, state, latitude, longitude, population in thousands: where the table of all
# places is not at hand.
CITIES = (
    ("Berlin", "DE-BE", 52.52, 13.41, 3700),
    ("Hamburg", "DE-HH", 53.55, 9.99, 1850),
    ("München", "DE-BY", 48.14, 11.58, 1490),
    ("Köln", "DE-NW", 50.94, 6.96, 1080),
    ("Frankfurt am Main", "DE-HE", 50.11, 8.68, 760),
    ("Stuttgart", "DE-BW", 48.78, 9.18, 630),
    ("Leipzig", "DE-SN", 51.34, 12.37, 610),
    ("Bremen", "DE-HB", 53.08, 8.80, 570),
    ("Hannover", "DE-NI", 52.37, 9.73, 540),
    ("Nürnberg", "DE-BY", 49.45, 11.08, 520),
    ("Magdeburg", "DE-ST", 52.13, 11.62, 240),
    ("Kiel", "DE-SH", 54.32, 10.14, 250),
    ("Mainz", "DE-RP", 50.00, 8.27, 220),
    ("Erfurt", "DE-TH", 50.98, 11.03, 215),
    ("Rostock", "DE-MV", 54.09, 12.13, 210),
    ("Saarbrücken", "DE-SL", 49.23, 7.00, 180),
    ("Potsdam", "DE-BB", 52.40, 13.06, 185),
)
TRADES = (
    *(
        "Gießerei",
        "Spedition",
        "Bäckerei mit Filialen",
        "Maschinenbauer",
        "Malerbetrieb",
    ),
    *(
        "Steuerkanzlei",
        "Pflegedienst",
        "Großhandel für Sanitär",
        "Druckerei",
        "Stadtwerk",
    ),
    *("Zerspanungsbetrieb", "Hotel", "Möbelhersteller", "Autohaus", "Ingenieurbüro"),
    *("Brauerei", "Molkerei", "Elektrobetrieb", "Textilveredler", "Gebäudereinigung"),
    *("Wohnungsgesellschaft", "Saatguthandel", "Kunststoffspritzer", "Werbeagentur"),
    *(
        "Dentallabor",
        "Galvanik",
        "Softwarehaus",
        "Fensterbauer",
        "Verpackungshersteller",
    ),
)
SITUATIONS = (
    *("Bisher läuft das über Tabellen.", "Das Thema liegt bei der Geschäftsführung."),
    *("Die Daten liegen auf drei Systemen.", "Wir haben noch kein Projekt begonnen."),
    *("Ein erster Versuch ist stecken geblieben.", "Der Betriebsrat ist eingebunden."),
    *("Uns fehlt jemand, der das schon gemacht hat.", "Bis Frühjahr soll es laufen."),
    *("Eine Fachkraft geht nächstes Jahr in Rente.", "Das Budget ist klein."),
    *("Die IT macht bei uns ein Dienstleister.", "Wir arbeiten in zwei Schichten."),
)
EXPERIENCES = (
    *("Seit zwei Jahren im Einsatz.", "Wir zeigen gern, was schiefging."),
    *("Die Kolleginnen haben mitentwickelt.", "Das rechnet sich nach acht Monaten."),
    *("Besuch vor Ort ist möglich.", "Wir haben klein angefangen."),
    *("Eingeführt ohne eigene IT-Abteilung.", "Unsere Vorlagen geben wir weiter."),
    *("Heute nutzen es vierzig Leute täglich.", "Auch die Grenzen kennen wir."),
    *("Zusammen mit einer Hochschule entstanden.", "Betrieben auf eigenen Rechnern."),
)

WEEKS = tuple(f"2026-W{week:02d}" for week in range(30, 47))
OUTCOMES = ("connected", "declined", "withdrawn", "expired")


@dataclass(frozen=True)
class Simulated:
    """The records of a synthetic market."""

    companies: list[Company]
    listings: list[Listing]
    history: list[Meeting]


def generate(
    companies: int, *, seed: int = 0, knowledge: Knowledge | None = None
) -> Simulated:
    """Make a market up.

    Parameters
    ----------
    companies : int, at least 1
    seed : int
        The same seed gives the same market.
    knowledge : Knowledge, optional
        Where topics and sentences come from.
    """
    rng = np.random.default_rng(seed)
    known = base.load() if knowledge is None else knowledge
    firms = _companies(rng, companies)
    listings = list(_listings(rng, firms, known))
    return Simulated(firms, listings, _history(rng, firms))


def _companies(rng: np.random.Generator, n: int) -> list[Company]:
    places = _places()
    crowd = np.array([place[3] for place in places], np.float64)
    home = rng.choice(len(places), n, p=crowd / crowd.sum())
    aside = rng.normal(0, 0.04, (n, 2))
    sector = rng.integers(10, 97, n)
    capacity = rng.choice(6, n, p=[0.03, 0.1, 0.2, 0.4, 0.12, 0.15])
    draws = rng.random((n, 5))
    size = rng.choice(
        ["micro", "small", "medium", "midcap"], n, p=[0.3, 0.4, 0.22, 0.08]
    )
    stage = rng.integers(0, 6, n)
    width = len(str(n - 1))
    return [
        Company(
            id=f"c{at:0{width}d}",
            lat=round(places[home[at]][1] + float(aside[at, 0]), 4),
            lon=round(places[home[at]][2] + float(aside[at, 1]), 4),
            state=places[home[at]][0],
            sector=str(sector[at]),
            size=str(size[at]),
            stage=int(stage[at]),
            languages=("de", "en") if draws[at, 0] < 0.3 else ("de",),
            capacity=int(capacity[at]),
            avoid=(f"c{(at + 7) % n:0{width}d}",)
            if draws[at, 1] < 0.02 and n > 7
            else (),
            no_paid=bool(draws[at, 2] < 0.2),
            no_competitors=bool(draws[at, 3] < 0.15),
            paused=bool(draws[at, 4] < 0.03),
        )
        for at in range(n)
    ]


def _places() -> list[tuple[str, float, float, float]]:
    """Return state, latitude, longitude and population of places."""
    if not PLACES.is_file():
        return [(state, lat, lon, crowd) for _, state, lat, lon, crowd in CITIES]
    with PLACES.open(encoding="utf-8", newline="") as file:
        return [
            (r["state"], float(r["lat"]), float(r["lon"]), float(r["population"]))
            for r in csv.DictReader(file)
        ]


def _listings(
    rng: np.random.Generator, firms: Sequence[Company], known: Knowledge
) -> Iterator[Listing]:
    n = LISTINGS_PER_COMPANY * len(firms)
    cases = known.use_cases
    popular = 1 / np.arange(1, len(cases) + 1) ** SKEW
    case = rng.permutation(len(cases))[
        rng.choice(len(cases), n, p=popular / popular.sum())
    ]
    # Two of four on average, but some companies only ask and some mostly offer.
    owner = rng.choice(len(firms), n, p=_unequal(rng, len(firms)))
    kinds = rng.random(n) < 0.5
    reach = rng.choice(4, n, p=[0.3, 0.2, 0.3, 0.2])
    age = rng.integers(0, 200, n)
    paid = rng.choice(3, n, p=[0.7, 0.2, 0.1])
    helps = np.array([kind.id for kind in known.help_kinds])
    help_kind = rng.integers(0, len(helps), (n, 2))
    n_helps = rng.choice(3, n, p=[0.4, 0.4, 0.2])
    draws = rng.integers(0, 1 << 30, (n, 7))
    width = len(str(n - 1))
    for at in range(n):
        kind: Kind = "need" if kinds[at] else "offering"
        yield Listing(
            id=f"l{at:0{width}d}",
            kind=kind,
            text=_text(draws[at].tolist(), cases[case[at]], kind),
            company=firms[owner[at]].id,
            help=tuple(dict.fromkeys(helps[help_kind[at, : n_helps[at]]].tolist())),
            reach=REACHES[reach[at]],
            radius_km=(30.0, 50.0, 80.0)[draws[at][0] % 3] if reach[at] == 0 else None,
            paid="none" if kinds[at] else ("none", "maybe", "yes")[paid[at]],
            since=TODAY - timedelta(days=int(age[at])),
        )


def _unequal(rng: np.random.Generator, n: int) -> npt.NDArray[np.float64]:
    share = rng.gamma(3.0, 1.0, n)
    unequal: npt.NDArray[np.float64] = share / share.sum()
    return unequal


def _text(draw: Sequence[int], case: UseCase, kind: Kind) -> str:
    """Put a text together: who, one or two sentences of the case, a situation."""
    german = draw[0] % 12 > 0
    if kind == "need":
        said = case.needs_de if german else case.needs_en
        around = SITUATIONS
    else:
        said = case.offers_de if german else case.offers_en
        around = EXPERIENCES
    staff = 5 + draw[1] % 400
    parts = [f"{TRADES[draw[2] % len(TRADES)]}, {staff} Beschäftigte."]
    parts.append(said[draw[3] % len(said)])
    if draw[4] % 3 == 0:
        parts.append(case.terms_de[draw[4] // 3 % len(case.terms_de)] + ".")
    parts.append(around[draw[5] % len(around)])
    if draw[6] % 2:
        parts.append(around[draw[6] // 2 % len(around)])
    return " ".join(dict.fromkeys(parts))


def _history(rng: np.random.Generator, firms: Sequence[Company]) -> list[Meeting]:
    n = len(firms) // 2 if len(firms) > 1 else 0
    a = rng.integers(0, len(firms), n)
    b = (a + rng.integers(1, max(len(firms), 2), n)) % len(firms)
    week, outcome = rng.integers(0, len(WEEKS), n), rng.integers(0, len(OUTCOMES), n)
    return [
        Meeting(
            firms[a[at]].id,
            firms[b[at]].id,
            WEEKS[week[at]],
            OUTCOMES[outcome[at]],  # type: ignore[arg-type]
        )
        for at in range(n)
    ]


def write(
    companies: int,
    folder: Path,
    *,
    seed: int = 0,
    vectors: bool = False,
    progress: Callable[[str, float], None] = lambda name, share: None,
) -> None:
    """Write a market as files: companies, listings, history, and vectors if wanted."""
    from matching.topics import TopicModel
    from matching.vectors import save, vectorise

    progress("market", 0)
    market = generate(companies, seed=seed)
    write_rows(folder / "companies.jsonl", map(_row, market.companies))
    write_rows(folder / "listings.jsonl", map(_row, market.listings))
    write_rows(folder / "history.jsonl", map(_row, market.history))
    progress("market", 1)
    if vectors:
        model, n = TopicModel.load(), len(market.listings)
        found = vectorise(
            market.listings, model, lambda done: progress("texts", done / n)
        )
        ids = [one.id for one in market.listings]
        save(folder / "vectors.npz", ids, found, model.version)


def _row(record: Company | Listing | Meeting) -> dict[str, Any]:
    """Return a record as a row, without what was left at its default."""
    row = {}
    for one in fields(record):
        value = getattr(record, one.name)
        if value != one.default and value is not None:
            row[one.name] = value.isoformat() if isinstance(value, date) else value
    return row

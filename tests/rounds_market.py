"""A small association whose needs and offerings meet, for tests of rounds."""

from datetime import datetime
from typing import Any

from app.models import Company, Kind, Person
from tests import factories
from tests.factories import MONDAY

THEMES = (
    (
        "Unser Ausschuss bei Gussteilen ist zu hoch, Risse sehen wir zu spät.",
        "Wir prüfen Schmiedeteile seit 2023 mit Kameras auf Risse und Lunker.",
    ),
    (
        "Wir tippen Eingangsrechnungen von Hand ab und suchen Hilfe bei OCR.",
        "Unsere Buchhaltung liest Rechnungen mit OCR aus und bucht sie vor.",
    ),
    (
        "Die Maschinen fallen ohne Vorwarnung aus, wir wollen Wartung vorhersagen.",
        "Sensoren an unseren Pressen melden Verschleiß, bevor etwas ausfällt.",
    ),
    (
        "Angebote schreiben dauert zu lange, ein Sprachmodell soll Texte entwerfen.",
        "Wir lassen Angebotstexte von einem Sprachmodell entwerfen und prüfen sie.",
    ),
)


def association(
    companies: int = 12, *, at: datetime = MONDAY, **values: Any
) -> list[tuple[Company, Person]]:
    """Companies that each need one theme and offer the next, with one person each."""
    made = []
    for number in range(companies):
        company = factories.company(
            name=f"Betrieb {number:03} GmbH",
            lat=48.0 + (number % 7) / 2,
            lon=9.0 + (number % 5) / 2,
            **values,
        )
        need = THEMES[number % len(THEMES)][0]
        offering = THEMES[(number + 1) % len(THEMES)][1]
        for kind, text in ((Kind.NEED, need), (Kind.OFFERING, offering)):
            factories.listing(
                company, kind, text=text, title="", updated_at=at, created_at=at
            )
        made.append((company, factories.person(company)))
    return made


def round_table(*, at: datetime = MONDAY) -> None:
    """Five companies that want the same and one that can show it, and three each of
    which offers what the next one needs."""
    need, offering = THEMES[0]
    for number in range(5):
        company = _placed(f"Betrieb {number}", number, sector=f"{10 + number}")
        _listing(company, Kind.NEED, need, "Risse im Guss", at)
    helper = _placed("Prüfhaus", 5, sector="71")
    _listing(helper, Kind.OFFERING, offering, "Kameras", at)
    for number in range(3):
        company = _placed(f"Ring {number}", 6 + number, sector=f"{46 + number}")
        _listing(company, Kind.OFFERING, THEMES[1 + number][1], "", at)
        _listing(company, Kind.NEED, THEMES[1 + (number + 1) % 3][0], "", at)


def _placed(name: str, number: int, **values: Any) -> Company:
    return factories.company(name=name, lat=48.0 + number / 10, lon=9.0, **values)


def _listing(company: Company, kind: Kind, text: str, title: str, at: datetime) -> None:
    factories.listing(
        company, kind, text=text, title=title, updated_at=at, created_at=at
    )

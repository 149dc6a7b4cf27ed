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

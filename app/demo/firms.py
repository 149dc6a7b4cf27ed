"""Invented companies: their trades, names, and how they speak of themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("trades.yaml")


@dataclass(frozen=True, slots=True)
class Trade:
    """A trade: its sector, how common it is, and its kinds of companies with what
    each says of itself."""

    key: str
    sector: str
    weight: int
    kinds: Mapping[str, tuple[str, ...]]


def _read(file: Path) -> dict[str, Trade]:
    rows = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {
        key: Trade(
            key,
            row["sector"],
            row["weight"],
            {kind: tuple(openings) for kind, openings in row["kinds"].items()},
        )
        for key, row in rows.items()
    }


TRADES = _read(FILE)

FAMILY_NAMES = tuple(
    """Albrecht Arnold Bachmann Baumgartner Behrens Berger Bischoff Brandl Brinkmann
    Claussen Dietz Dörfler Eberle Ehlers Engelhardt Feldmann Fischbach Frenzel
    Friedl Gebauer Gehring Grabowski Gruber Haas Hagedorn Hartwig Heinemann
    Hellwig Hoyer Huber Jakobi Janssen Jessen Kaiser Kellermann Kirchner
    Klingler Knoll Kollmann Kranz Kröger Lachner Lampe Lechner Lindner Lohmann
    Lorenz Maurer Menzel Mertens Möllers Nagel Neubert Nolte Oppermann Ostermann
    Paulsen Petri Pfister Pohlmann Quandt Rasch Rehbein Reinhold Riedel Ritter
    Rohde Rothmann Sander Sauter Schäfers Schilling Schröter Seidl Siebert
    Sommer Späth Stadler Steiner Stolze Tappe Thiele Trautmann Uhlig Ullmann
    Vogelsang Voss Wachter Walther Weidner Wendt Wiegand Wittmann Zander Zeller
    Zimmerer""".split()
)
FIRST_NAMES = tuple(
    """Andrea Anke Ayşe Bernd Birgit Carsten Claudia Daniel Dirk Elif Emre Eva Frank
    Gabriele Georg Hanna Heike Ingo Jana Jens Joachim Julia Kathrin Klaus
    Kerstin Lars Lena Lukas Maren Marek Martin Melanie Michael Miriam Nadine
    Nils Olaf Petra Ralf Regina Sabine Sandra Selim Silke Stefan Susanne Thomas
    Tobias Ulrike Uwe Vera Volker Wolfgang Yvonne""".split()
)
LEGAL_FORMS = ("GmbH", "GmbH", "GmbH", "GmbH & Co. KG", "GmbH & Co. KG", "KG", "e. K.")
POSITIONS = (
    *("Geschäftsführung", "Geschäftsführung", "Geschäftsführung", "Betriebsleitung"),
    *("Kaufmännische Leitung", "Assistenz der Geschäftsführung", "Prokura"),
    *("Leitung IT", "Digitalisierung", "Qualitätsmanagement"),
)
# Kept free for novels and films by the Bundesnetzagentur: nobody is called by them.
PHONES = ("+49 30 23125", "+49 40 66969", "+49 69 90009", "+49 89 99998")

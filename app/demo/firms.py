"""Invented companies: their trades, names, and how they speak of themselves."""

import csv
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("trades.csv")


@dataclass(frozen=True, slots=True)
class Trade:
    """A trade: its sector, what its companies are called, how they begin a text."""

    key: str
    sector: str
    names: tuple[str, ...]
    openings: tuple[str, ...]


def _read(file: Path) -> dict[str, Trade]:
    with file.open(encoding="utf-8", newline="") as rows:
        return {
            row["key"]: Trade(
                row["key"],
                row["sector"],
                tuple(row["names"].split(", ")),
                tuple(row["openings"].split("; ")),
            )
            for row in csv.DictReader(rows, delimiter="|")
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
    *("Geschäftsführung", "Geschäftsführung", "Leitung Fertigung", "Leitung IT"),
    *("Assistenz der Geschäftsführung", "Leitung Vertrieb", "Prokura", "Inhaberin"),
)

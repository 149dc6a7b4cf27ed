"""What is stored, and for how long: declared once, beside the columns.

Each model says of each of its columns what it is (`Nature`) and how long it is kept
(`Keeping`). The page "My data", the table in the README, the job that deletes and the
tests read these declarations and nothing else.
"""

import enum
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.errors import N_


class Nature(enum.StrEnum):
    """What a column holds; contact and text may name people."""

    ID = "id"
    CONTACT = "contact"
    TEXT = "text"  # words that somebody typed, or that were taken from them
    FACT = "fact"  # choices, answers, figures
    TIME = "time"
    SECRET = "secret"  # noqa: S105 - the name of a kind
    TECHNICAL = "technical"


@dataclass(frozen=True, slots=True)
class Keeping:
    """A kind of data in plain words (German msgids), and when it goes."""

    key: str
    name: str
    what: str
    until: str
    numbers: dict[str, int] = field(default_factory=dict)

    def span(self, name: str = "") -> timedelta:
        """A figure of `numbers` as a time; without a name the only one."""
        if not name:
            (name,) = self.numbers
        return timedelta(
            days=self.numbers[name] * (365 if name.startswith("years") else 1)
        )


ACCOUNT = Keeping(
    "account",
    N_("Ihr Konto"),
    N_(
        "Name, Funktion, Telefon, E-Mail-Adresse, Sprache, Rolle und was Sie andere"
        " sehen lassen"
    ),
    N_(
        "solange Ihr Konto besteht; eines, dessen Adresse nie bestätigt wurde,"
        " %(unconfirmed)s Tage, eines ohne Firma %(unseated)s Tage"
    ),
    {"unconfirmed": 30, "unseated": 180},
)
SIGN_IN = Keeping(
    "sign_in",
    N_("Anmeldung"),
    N_("Kennwort als Prüfwert, zweiter Faktor, Ersatzcodes, einmalige Links"),
    N_("bis Sie es ändern oder Ihr Konto endet; Links bis %(days)s Tag nach Ablauf"),
    {"days": 1},
)
TRIES = Keeping(
    "tries",
    N_("Gezählte Versuche"),
    N_(
        "Adresse im Netz und ein Prüfwert der E-Mail-Adresse, damit niemand Kennwörter"
        " durchprobiert"
    ),
    N_("bis zum Ende der gezählten Stunde, höchstens %(days)s Tag länger"),
    {"days": 1},
)
COMPANY = Keeping(
    "company",
    N_("Ihre Firma"),
    N_("Name, Ort, Branche, Größe, Profil, Aufnahme und Pause"),
    N_("solange die Firma dabei ist; eine nicht aufgenommene %(applied)s Tage"),
    {"applied": 365},
)
LISTING = Keeping(
    "listing",
    N_("Bedarfe und Angebote"),
    N_("Titel, Text, Themen, Reichweite und was das Verfahren daraus errechnet"),
    N_("solange sie offen sind, danach %(years)s Jahre"),
    {"years": 2},
)
INTRODUCTION = Keeping(
    "introduction",
    N_("Vorstellungen"),
    N_(
        "wer wem vorgeschlagen wurde und warum, wie jede Seite entschied, welche"
        " Kontakte freigegeben sind"
    ),
    N_("%(years)s Jahre nach dem letzten Schritt"),
    {"years": 3},
)
MEETING = Keeping(
    "meeting",
    N_("Verabredungen"),
    N_("vorgeschlagene und vereinbarte Zeiten, Ort oder Nummer"),
    N_("mit der Vorstellung: %(years)s Jahre nach dem letzten Schritt"),
    {"years": 3},
)
FEEDBACK = Keeping(
    "feedback",
    N_("Rückmeldungen"),
    N_("ob ein Gespräch stattfand, was daraus wurde, Ihr Satz dazu"),
    N_("mit der Vorstellung: %(years)s Jahre nach dem letzten Schritt"),
    {"years": 3},
)
CONSENT = Keeping(
    "consent",
    N_("Einwilligungen"),
    N_("wann Sie welcher Art von Mails zugestimmt oder sie abgewählt haben"),
    N_("solange sie gilt, danach %(years)s Jahre als Nachweis"),
    {"years": 3},
)
MAIL = Keeping(
    "mail",
    N_("Mails"),
    N_("Art, Zeit und Verbleib jeder Mail an Sie; ihr Text nicht"),
    N_("%(days)s Tage"),
    {"days": 180},
)
APART = Keeping(
    "apart",
    N_("Wen Sie nicht treffen"),
    N_("Firmen, die Sie nicht treffen möchten, Beschwerden, Ruhezeiten von Paaren"),
    N_("bis Sie es aufheben oder eine der Firmen geht; Ruhezeiten bis zu ihrem Ende"),
)
AUDIT = Keeping(
    "audit",
    N_("Protokoll"),
    N_(
        "was die Organisation und das System taten, mit Kennungen statt Namen, und"
        " genannte Gründe"
    ),
    N_("%(years)s Jahre"),
    {"years": 3},
)
ROUND = Keeping(
    "round",
    N_("Wochenrunden"),
    N_("Einstellungen und Ergebnis jeder Runde, mit Kennungen statt Namen"),
    N_("%(years)s Jahre"),
    {"years": 3},
)
ERASURE = Keeping(
    "erasure",
    N_("Spur einer Löschung"),
    N_("eine Kennung ohne Namen und die Zeit, damit keine Sicherung etwas zurückholt"),
    N_("%(years)s Jahre nach der Löschung"),
    {"years": 3},
)
SERVICE = Keeping(
    "service",
    N_("Betrieb"),
    N_("Themen, Rollen, Gewichte der Rechnung, wer gerade rechnet: nichts über Sie"),
    N_("solange der Dienst läuft"),
)

KEEPINGS = (
    *(ACCOUNT, SIGN_IN, TRIES, COMPANY, LISTING, INTRODUCTION, MEETING, FEEDBACK),
    *(CONSENT, MAIL, APART, AUDIT, ROUND, ERASURE, SERVICE),
)


def declare(model: Any, keeping: Keeping, **columns: str) -> None:
    """Say of columns what they are and how long they are kept.

    `columns` maps a `Nature` to names: `declare(Person, ACCOUNT, contact="name")`.
    Raises KeyError for a column that is not there, ValueError for one said twice.
    """
    table: sa.Table = getattr(model, "__table__", model)
    for nature, names in columns.items():
        for name in names.split():
            column = table.columns[name]
            if column.info:
                raise ValueError(f"{column} is declared twice")
            column.info.update(what=Nature(nature), kept=keeping)


def declared(metadata: sa.MetaData, *natures: Nature) -> list[sa.Column[Any]]:
    """The columns of these natures, by table and place."""
    return [
        column
        for table in metadata.sorted_tables
        for column in table.columns
        if column.info.get("what") in natures
    ]


def undeclared(metadata: sa.MetaData) -> list[str]:
    """Columns that do not say what they are or how long they are kept."""
    return [
        str(column)
        for table in metadata.sorted_tables
        for column in table.columns
        if not {"what", "kept"} <= column.info.keys()
    ]

"""Texts of members: what passes, what is refused and why."""

import json
import time
from pathlib import Path

import pytest
import yaml

from app.errors import Invalid
from app.services import texts

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    "text",
    [
        "Schreiben Sie an kim.muster@firma.example, dann reden wir.",
        "Kontakt: kim (at) firma (punkt) de",
        "Melden: kim[at]firma.de",
        "info at giesserei-albrecht punkt de",
        "Mehr unter https://firma.example/ki",
        "Mehr auf www.firma-albrecht.de",
        "Siehe giesserei-albrecht.de/ki für Bilder.",
        "Unsere Seite: albrecht.gmbh.",
        "Rufen Sie an: 0731 123456",
        "Tel. 0731/123 45-0",
        "Mobil 0171-1234567 abends",
        "+49 (0)731 12345-67",
        "+49 731 1234567",
        "0049 731 1234567",
        "(0731) 12 34 56",
        "Telefon: 123456 (Durchwahl 12)",
        "WhatsApp 01711234567",
        "Bild schicken an wa.me/49171",
    ],
)
def test_contact_data_is_refused_with_the_reason(text: str):
    with pytest.raises(Invalid) as refusal:
        texts.checked(text, field="text", longest=4000)

    assert refusal.value.field == "text"
    assert "erst bei einer Vorstellung" in refusal.value.message


@pytest.mark.parametrize(
    "text",
    [
        "Wir prüfen seit 2019-2023 nach DIN EN ISO 9001:2015 und DIN 50125.",
        "Maschinen wie DMU 50, Trumpf TruLaser 3030 und S7-1500, z.B. u.a. d.h. i.d.R.",
        "Toleranz 0,005 mm, Stückzahl 100.000 bis 1.000.000, Ausschuss 0.8 - 1.2 %",
        "Am 05.11.2024, Projekt vom 01.01.-31.12.2025, Stand 03/2026, 2026-11-05.",
        "Schichten 06.00-14.00 und 08:00 bis 16:30 Uhr, 24/7, 365 Tage.",
        "Wir haben Daten vorhanden.Die Auswertung fehlt.Info folgt.",
        "Programmiert in ASP.NET und Node.js, Daten aus SAP R/3, Industrie 4.0.",
        "Bewertungen auf Booking.com und Amazon.de beantworten wir von Hand.",
        "Artikelnummer 0815-4711-001 steht auf dem Etikett, Teile-Nr. 00123456.",
        "PLZ 01067 und 04109, rund 5 Mio. Euro, 12.000 m², 3 x 400 V.",
        "20 Stück @ 8 € je Stunde, 1:1 abgetippt, C# und .NET, v2.0.1",
        "Zwischen 2000 und 2500 Belege, davon 1200 / 1300 / 1400 je Monat.",
        "Wir nutzen Copilot und ChatGPT (GPT-4o) auf 30 PCs; Budget 10 000 - 20 000 €.",
        "Telefonisch fragen täglich 120 Kunden nach; Anrufe nimmt niemand an.",
        "Signal 4 bis 20 mA, Sensor PT100, Modell 0301234567",
    ],
)
def test_years_norms_machines_and_dates_pass(text: str):
    assert texts.contact_in(text) is None


def test_no_sentence_of_the_knowledge_base_is_refused():
    folder = ROOT / "matching" / "knowledge"
    sentences = [
        sentence
        for file in folder.rglob("*.yaml")
        if file.name not in ("taxonomy.yaml", "lexicon.yaml", "everyday.yaml")
        for entry in yaml.load(file.read_text(), yaml.CSafeLoader)
        for key, values in entry.items()
        if key.startswith(("needs_", "offers_"))
        for sentence in values
    ]

    refused = [one for one in sentences if texts.contact_in(one)]

    assert len(sentences) > 3000
    assert not refused


def test_no_judged_text_is_refused():
    lines = (ROOT / "tests/data/judged_dev.jsonl").read_text().splitlines()
    rows = [row for row in map(json.loads, lines) if "text" in row]

    refused = [row["text"] for row in rows if texts.contact_in(row["text"])]

    assert len(rows) > 100
    assert not refused


def test_text_is_composed_trimmed_and_freed_of_the_unseen():
    raw = "  Gu\u0308te \t der\u202e Teile\u200b \r\n\r\n\r\n\r\nzu niedrig\u00a0 \n"

    cleaned = texts.checked(raw, field="text", longest=100)

    assert cleaned == "Güte der Teile\n\nzu niedrig"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("", "schreiben Sie hier etwas"),
        (" \n ", "schreiben Sie hier etwas"),
        ("12 34 …", "schreiben Sie hier etwas"),
        ("a" * 4001, "zu lang"),
        ("a" * 10_000, "zu lang"),
        ("PK\x03\x04\x00\x00", "kein Text"),
        ("\ufffd\ufffdJFIF", "kein Text"),
        ("kaputt \ud800", "kein Text"),
        ("\x1b[31mrot", "kein Text"),
    ],
)
def test_what_is_no_text_is_refused_with_field_and_reason(raw: str, words: str):
    with pytest.raises(Invalid) as refusal:
        texts.checked(raw, field="title", longest=4000)

    assert refusal.value.field == "title"
    assert words in refusal.value.message


def test_an_optional_text_may_be_empty():
    assert texts.checked("  ", field="title", longest=120, required=False) == ""


@pytest.mark.parametrize("filler", [" ", "a", "a.", "0", "0 ", "a@", "(", "\t\n", "+1"])
def test_long_nonsense_is_judged_at_once(filler: str):
    raw = (filler * 64_000)[:64_000]

    started = time.perf_counter()
    texts.contact_in(texts.clean(raw)[:4000])

    assert time.perf_counter() - started < 0.5

"""Names of what an export contains: sections, fields, and codes in words."""

from collections.abc import Callable

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.i18n import language
from app.models import KEEPINGS
from app.services import sectors
from app.web import cards
from matching import knowledge

SECTIONS = {
    "account": _l("Ihr Konto"),
    "consents": _l("Einwilligungen"),
    "company": _l("Ihre Firma"),
    "listings": _l("Bedarfe und Angebote"),
    "introductions": _l("Vorstellungen"),
    "decisions": _l("Ihre Entscheidungen"),
    "meetings": _l("Verabredungen"),
    "feedback": _l("Rückmeldungen"),
    "avoided": _l("Nicht vorschlagen"),
    "mails": _l("Mails an Sie"),
    "log": _l("Protokoll"),
}

FIELDS = {
    "about": _l("In zwei Sätzen"),
    "act": _l("Entscheidung"),
    "action": _l("Vorgang"),
    "answer": _l("Ihre Antwort"),
    "approved_at": _l("Aufgenommen am"),
    "areas": _l("KI im Einsatz"),
    "at": _l("Zeit"),
    "band": _l("Passung"),
    "capacity": _l("Vorschläge je Woche"),
    "closed_at": _l("Geschlossen am"),
    "company": _l("Firma"),
    "confirmed_at": _l("Adresse bestätigt am"),
    "connected_at": _l("Verbunden am"),
    "consent": _l("Einwilligung"),
    "contact_email": _l("E-Mail-Adresse der Ansprechperson"),
    "contact_name": _l("Ansprechperson"),
    "contact_phone": _l("Telefon der Ansprechperson"),
    "contact_position": _l("Funktion der Ansprechperson"),
    "created_at": _l("Angelegt am"),
    "detail": _l("Einzelheiten"),
    "distance_km": _l("Entfernung in km"),
    "done_by_you": _l("von Ihnen"),
    "email": _l("E-Mail-Adresse"),
    "expires_at": _l("Antwort bis"),
    "federal_state": _l("Bundesland"),
    "given_at": _l("Gegeben am"),
    "held": _l("Gespräch geführt"),
    "help_kinds": _l("Art der Hilfe"),
    "helpful": _l("Hilfreich, 1 bis 5"),
    "introduction": _l("Vorstellung"),
    "kind": _l("Art"),
    "language": _l("Sprache"),
    "languages": _l("Sprachen"),
    "lat": _l("Breite"),
    "lon": _l("Länge"),
    "mail": _l("Mail"),
    "mail_state": _l("Verbleib"),
    "max_open": _l("Offene Vorstellungen, höchstens"),
    "may_publish": _l("Darf ein Anwendungsfall werden"),
    "meeting_state": _l("Stand"),
    "member_number": _l("Mitgliedsnummer"),
    "membership": _l("Mitgliedschaft"),
    "minutes": _l("Minuten"),
    "name": _l("Name"),
    "no_competitors": _l("Keine Firmen der gleichen Branche"),
    "no_paid": _l("Keine bezahlten Angebote"),
    "note": _l("Ort, Link oder Nummer"),
    "outcome": _l("Ergebnis"),
    "paid": _l("Bezahlt"),
    "password_set": _l("Kennwort gesetzt"),
    "paused_until": _l("Pause bis"),
    "phone": _l("Telefon"),
    "place": _l("Ort"),
    "position": _l("Funktion"),
    "postal_code": _l("Postleitzahl"),
    "proposed_at": _l("Vorgeschlagen am"),
    "proposed_by_you": _l("von Ihrer Firma vorgeschlagen"),
    "radius_km": _l("Umkreis in km"),
    "reach": _l("Reichweite"),
    "reason": _l("Grund"),
    "roles": _l("Rollen"),
    "seat": _l("Platz in der Firma"),
    "second_factor_set": _l("Zweiter Faktor eingerichtet"),
    "sector": _l("Branche (WZ 2008)"),
    "sent_at": _l("Gesendet am"),
    "sentence": _l("Ihr Satz"),
    "show_name": _l("Name schon im Vorschlag"),
    "shown_at": _l("Gezeigt am"),
    "shows_email": _l("Zeigt die E-Mail-Adresse"),
    "shows_phone": _l("Zeigt die Telefonnummer"),
    "size": _l("Größe"),
    "slots": _l("Vorgeschlagene Zeiten"),
    "source": _l("Weg"),
    "stage": _l("Stand bei KI"),
    "standing": _l("Stand"),
    "starts_at": _l("Beginn"),
    "status": _l("Stand"),
    "status_reason": _l("Grund des Stands"),
    "text": _l("Text"),
    "title": _l("Titel"),
    "topics": _l("Themen"),
    "updated_at": _l("Geändert am"),
    "valid_until": _l("Gültig bis"),
    "week": _l("Woche"),
    "wording": _l("Fassung des Textes"),
    "written_by_you": _l("von Ihnen geschrieben"),
    "you_get": _l("Was die andere Firma bietet"),
    "you_give": _l("Was die andere Firma sucht"),
}

LISTED = frozenset("topics areas help_kinds sector size federal_state".split())

# Fields whose values are words of ours, not of the person; others name a topic, a
# sector or a place of our lists.
CODED = frozenset(
    "act answer band consent kind mail mail_state meeting_state membership outcome paid"
    " reach reason roles seat source standing status".split()
)

VALUES = {
    "accept": _l("angenommen"),
    "accepted": _l("angenommen"),
    "admin": _l("Verwaltung"),
    "applied": _l("angemeldet"),
    "approved": _l("aufgenommen"),
    "asked": _l("angefragt"),
    "cancelled": _l("abgesagt"),
    "closed": _l("geschlossen"),
    "competitor": _l("Wettbewerb"),
    "confirm": _l("Bitte um Bestätigung"),
    "connected": _l("verbunden"),
    "contact": _l("Kontaktdaten"),
    "cooperation": _l("Zusammenarbeit"),
    "dead": _l("nicht zustellbar"),
    "decline": _l("abgelehnt"),
    "declined": _l("abgelehnt"),
    "digest": _l("Vorschläge der Woche"),
    "ended": _l("nicht zustande gekommen"),
    "erased": _l("Bestätigung einer Löschung"),
    "feedback": _l("Frage, was aus einer Vorstellung wurde"),
    "fixed": _l("vereinbart"),
    "good": _l("gut"),
    "granted": _l("zugestimmt"),
    "held": _l("zurückgehalten"),
    "helpful": _l("hilfreich"),
    "informative": _l("informativ"),
    "interested": _l("Interessent"),
    "know_each_other": _l("Wir kennen uns"),
    "little": _l("wenig ergiebig"),
    "mail link": _l("Link in einer Mail"),
    "maybe": _l("zum Teil"),
    "meeting_cancelled": _l("Termin abgesagt"),
    "meeting_fixed": _l("Termin vereinbart"),
    "meeting_moved": _l("Termin verschoben"),
    "meeting_proposed": _l("Termin vorgeschlagen"),
    "member": _l("Mitglied"),
    "national": _l("bundesweit"),
    "need": _l("Bedarf"),
    "news": _l("Neues aus der Initiative"),
    "no_time": _l("Keine Zeit"),
    "none": _l("nein"),
    "not_the_topic": _l("Nicht das Thema"),
    "offering": _l("Angebot"),
    "only_selling": _l("Nur Verkauf"),
    "onsite": _l("vor Ort"),
    "open": _l("offen"),
    "organizer": _l("Organisation"),
    "other": _l("Anderes"),
    "page": _l("Seite im Konto"),
    "phone": _l("Telefon"),
    "possible": _l("möglich"),
    "proposed": _l("vorgeschlagen"),
    "queued": _l("wartet"),
    "refused": _l("nicht aufgenommen"),
    "reminder": _l("Erinnerung, bevor Vorschläge ablaufen"),
    "remote": _l("aus der Ferne"),
    "replaced": _l("ersetzt"),
    "requested": _l("angefragt, noch nicht bestätigt"),
    "reset": _l("Link zu einem neuen Kennwort"),
    "seat": _l("Anfrage einer Kollegin oder eines Kollegen"),
    "security": _l("Hinweis zur Sicherheit"),
    "sending": _l("wird gesendet"),
    "sent": _l("gesendet"),
    "state": _l("im Bundesland"),
    "strong": _l("stark"),
    "suppressed": _l("nicht gesendet"),
    "suspended": _l("nimmt vorerst nicht teil"),
    "taken": _l("gehört dazu"),
    "too_far": _l("Zu weit"),
    "uncertain": _l("gesendet, ohne Bestätigung"),
    "video": _l("Video"),
    "waiting": _l("wartet auf die andere Firma"),
    "withdraw": _l("zurückgenommen"),
    "withdrawn": _l("zurückgenommen"),
    "yes": _l("ja"),
}


def kept() -> list[dict[str, str]]:
    """What is stored and how long, in the page's language."""
    return [
        {
            "name": _(one.name),
            "what": _(one.what),
            "until": _(one.until, **one.numbers) if one.numbers else _(one.until),
        }
        for one in KEEPINGS
    ]


def section_name(key: str) -> str:
    return str(SECTIONS[key])


def field_name(field: str) -> str:
    return str(FIELDS[field])


def value_name(field: str, value: str) -> str:
    """A code in words, as the pages of the service say it."""
    if field in CODED:
        return str(VALUES.get(value, value))
    names: dict[str, Callable[[str], str | None]] = {
        "topics": _topic,
        "areas": _topic,
        "help_kinds": lambda one: ", ".join(cards.help_names((one,))),
        "sector": lambda one: sectors.name(one, language()),
        "size": cards.size_name,
        "federal_state": cards.state_name,
    }
    return (names[field](value) if field in names else None) or value


def _topic(identity: str) -> str | None:
    found = knowledge.load().topic.get(identity)
    if found is None:
        return None
    return found.en if language() == "en" else found.de

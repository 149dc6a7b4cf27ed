"""A suggestion reduced to the facts that a mail tells."""

from dataclasses import dataclass

from flask_babel import gettext as _

from app.i18n import language
from app.models import Band
from app.services import sectors
from app.services.introductions_views import CompanyCard, Exchange, View
from matching import knowledge
from matching.types import Language, Reason

LONGEST_LINE = 140
NEAR_KM = 3


@dataclass(frozen=True, slots=True)
class Card:
    """Who, how well, what each side gets; each value is one line of text."""

    who: str
    band: str
    where: str | None
    gets: str | None
    gives: str | None
    reason: str | None


def of_view(view: View) -> Card:
    """The card of an introduction, in the current language."""
    exchanges = (*view.gets, *view.gives)
    return Card(
        who=_who(view.company),
        band=_band(view.band),
        where=_distance(view.company.distance_km),
        gets=_offered(view.gets),
        gives=_offered(view.gives),
        reason=_reason(exchanges[0]) if exchanges else None,
    )


def _who(company: CompanyCard) -> str:
    if company.is_gone:
        return _("Eine Firma, die nicht mehr dabei ist")
    if company.name:
        return f"{company.name}, {company.place}" if company.place else company.name
    sector = sectors.name(company.sector, language()) or _("Firma")
    state = knowledge.load().state.get(company.state or "")
    if state is None:
        return sector
    name = state.en if language() == "en" else state.de
    return _("%(sector)s in %(state)s", sector=sector, state=name)


def _band(band: Band) -> str:
    return {
        Band.STRONG: _("Starke Passung"),
        Band.GOOD: _("Gute Passung"),
        Band.POSSIBLE: _("Mögliche Passung"),
    }[band]


def _distance(km: int | None) -> str | None:
    if km is None:
        return None
    return _("ganz in Ihrer Nähe") if km <= NEAR_KM else _("%(km)s km von Ihnen", km=km)


def _offered(exchanges: tuple[Exchange, ...]) -> str | None:
    if not exchanges:
        return None
    words = exchanges[0].offering
    return _shortened(words.title or words.text)


def _reason(exchange: Exchange) -> str | None:
    from matching.sentences import sentence

    if not exchange.reasons:
        return None
    reason = exchange.reasons[0]
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in reason.get("values", {}).items()
    }
    lang: Language = "en" if language() == "en" else "de"
    return str(sentence(Reason(reason["code"], values), lang, knowledge.load()))


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    if len(line) <= LONGEST_LINE:
        return line
    return line[:LONGEST_LINE].rsplit(" ", 1)[0].rstrip(",;:. ") + " …"

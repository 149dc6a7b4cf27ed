"""The form of a need or an offering: on its own, and twice in the onboarding."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, RadioField
from wtforms.validators import NumberRange, Optional, ValidationError

from app.errors import Invalid
from app.i18n import language
from app.models import LONGEST_TEXT, Kind, Paid, Reach
from app.services import listings, texts
from app.services.listings import Draft
from app.web.forms import Boxes, Form, Paragraphs, Words
from app.web.topics import Picker
from matching import knowledge

REACHES = (
    (Reach.ONSITE, _l("Vor Ort, in einem Umkreis")),
    (Reach.STATE, _l("In unserem Bundesland")),
    (Reach.NATIONAL, _l("Bundesweit")),
    (Reach.REMOTE, _l("Am Telefon oder online, egal wo")),
)
PRICES = (
    (Paid.NONE, _l("Nein, wir helfen ohne Geld")),
    (Paid.MAYBE, _l("Teilweise: das erste Gespräch ist frei")),
    (Paid.YES, _l("Ja, es ist eine bezahlte Leistung")),
)
HELP_HINTS = {
    "exp-exchange": _l("Beide erzählen, was bei ihnen ging und was nicht."),
    "expert-talk": _l("Eine fachkundige Person beantwortet Fragen."),
    "usecase-insight": _l("Eine Firma zeigt, wie eine Lösung bei ihr läuft."),
    "site-visit": _l("Ein Besuch im Betrieb, mit Vorführung."),
    "mentoring": _l("Begleitung über einige Wochen oder Monate."),
    "second-opinion": _l("Jemand Unbeteiligtes prüft einen Plan oder ein Angebot."),
    "pilot": _l("Etwas zusammen ausprobieren und die Kosten teilen."),
    "training": _l("Mitarbeitende lernen in einem festen Rahmen."),
    "data-share": _l("Daten zusammenlegen, damit ein Modell genug davon hat."),
    "infra-share": _l("Rechner, Räume oder Prüfstände mitbenutzen."),
    "staff-share": _l("Eine Fachkraft hilft für begrenzte Zeit mit."),
    "group-buy": _l("Gemeinsam anfragen und bessere Bedingungen bekommen."),
    "consortium": _l("Zusammen einen Förderantrag stellen."),
    "vendor-reference": _l("Welcher Anbieter hat sich bewährt?"),
    "contract": _l("Ein Auftrag gegen Geld."),
}


class WholeNumber(IntegerField):
    """A number without fraction; anything else is refused in our words."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_("Bitte eine ganze Zahl.")) from None


class ListingForm(Form):
    """Fields are named as those of `listings.Draft`; topics stand beside the form."""

    title = Words(_l("Überschrift"))
    text = Paragraphs(_l("Beschreibung"))
    help_kinds = Boxes(_l("Welche Art der Hilfe?"), validate_choice=False)
    reach = RadioField(
        _l("Wie weit soll es reichen?"),
        choices=[(one.value, words) for one, words in REACHES],
        default=Reach.NATIONAL.value,
        validate_choice=False,
    )
    radius_km = WholeNumber(
        _l("Umkreis in Kilometern"),
        [Optional(), NumberRange(1, 1000, _l("Der Umkreis ist 1 bis 1000 km."))],
    )
    paid = RadioField(
        _l("Kostet das etwas?"),
        choices=[(one.value, words) for one, words in PRICES],
        default=Paid.NONE.value,
        validate_choice=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        english = language() == "en"
        self.help_kinds.choices = [
            (kind.id, kind.en if english else kind.de)
            for kind in knowledge.load().help_kinds
        ]

    @classmethod
    def of(cls, draft: Draft) -> "ListingForm":
        """The form as a stored listing fills it."""
        return cls(
            data={
                "title": draft.title,
                "text": draft.text,
                "help_kinds": list(draft.help_kinds),
                "reach": draft.reach.value,
                "radius_km": draft.radius_km,
                "paid": draft.paid.value,
            }
        )

    def validate_title(self, field: Any) -> None:
        check_text(field, longest=listings.LONGEST_TITLE, required=False)

    def validate_text(self, field: Any) -> None:
        check_text(field, longest=LONGEST_TEXT)

    def draft(self, kind: Kind, picker: Picker) -> Draft:
        """What was typed, for the service."""
        return Draft(
            kind=kind,
            title=self.title.data or "",
            text=self.text.data or "",
            added=tuple(picker.added),
            removed=tuple(picker.removed),
            help_kinds=tuple(self.help_kinds.data or ()),
            reach=_member(Reach, self.reach.data, Reach.NATIONAL),
            radius_km=self.radius_km.data,
            paid=_member(Paid, self.paid.data, Paid.NONE),
        )


def check_text(field: Any, *, longest: int, required: bool = True) -> None:
    """Show the service's refusal of a text at its field, beside all others."""
    try:
        texts.checked(
            field.data or "", field=field.name, longest=longest, required=required
        )
    except Invalid as refused:
        raise ValidationError(_(refused.message, **refused.details)) from None


def _member(kind: Any, value: str | None, otherwise: Any) -> Any:
    """The member of an enum, or the usual one for what no form of ours sends."""
    return kind(value) if value in set(kind) else otherwise

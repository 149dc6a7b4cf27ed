"""A company's own pages: its profile, its people, whom it does not want to meet."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, IntegerField, RadioField, SelectField
from wtforms.validators import NumberRange, Optional

from app import db
from app.errors import NotFound
from app.i18n import language
from app.models import MOST_PER_WEEK, Company
from app.security import limiter
from app.services import companies, company_names, members, places, sectors
from app.web.access import person, signed_in
from app.web.forms import AtMost, Boxes, Form, Paragraphs, Required, Words
from matching import knowledge

bp = Blueprint("companies", __name__)

AREA_ROOT = "app"  # the branch of the taxonomy that names fields of a company


class ProfileForm(Form):
    name = Words(
        _l("Name der Firma"),
        [Required(_l("Bitte nennen Sie den Namen der Firma.")), AtMost(200)],
    )
    place = Words(_l("Ort"), [AtMost(120)])
    sector = SelectField(_l("Branche"))
    size = SelectField(_l("Größe"))
    about = Paragraphs(
        _l("Die Firma in zwei Sätzen"), [AtMost(companies.LONGEST_ABOUT)]
    )
    stage = RadioField(_l("Wie weit sind Sie mit KI?"), validators=[Optional()])
    areas = Boxes(_l("Wo setzen Sie KI schon ein?"))
    languages = Boxes(
        _l("In welchen Sprachen können Sie sprechen?"),
        choices=[("de", _l("Deutsch")), ("en", _l("Englisch"))],
    )
    capacity = SelectField(_l("Neue Vorschläge je Woche, höchstens"), coerce=int)
    max_open = IntegerField(
        _l("Offene Vorstellungen gleichzeitig, höchstens"),
        [NumberRange(0, 20, _l("Bitte eine Zahl von 0 bis 20."))],
    )
    show_name = RadioField(
        _l("Den Namen Ihrer Firma schon im Vorschlag zeigen?"),
        choices=[("yes", _l("Ja")), ("no", _l("Nein, erst nach beiden Zusagen"))],
        validators=[Optional()],
    )
    no_paid = BooleanField(_l("Keine bezahlten Angebote vorschlagen"))
    no_competitors = BooleanField(_l("Keine Firmen der gleichen Branche vorschlagen"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        english = language() == "en"
        known = knowledge.load()
        empty = ("", _("bitte wählen"))
        self.sector.choices = [empty] + [
            (code, names[1 if english else 0])
            for code, names in sorted(
                sectors.DIVISIONS.items(), key=lambda one: one[1][1 if english else 0]
            )
        ]
        self.size.choices = [empty] + [
            (one.id, _sized(one, english)) for one in known.size_classes
        ]
        self.stage.choices = [
            (str(one.id), one.en if english else one.de)
            for one in known.maturity_stages
        ]
        self.areas.choices = [
            (one.id, one.en if english else one.de) for one in known.children[AREA_ROOT]
        ]
        self.capacity.choices = [
            (count, _("keine") if count == 0 else str(count))
            for count in range(MOST_PER_WEEK + 1)
        ]

    @classmethod
    def of(cls, company: Company) -> "ProfileForm":
        """The form as the company's profile is now."""
        answered = {None: None, True: "yes", False: "no"}
        same = ("name", "about", "areas", "languages", "capacity", "max_open")
        return cls(
            data={name: getattr(company, name) for name in same}
            | {
                "place": _labelled(company),
                "sector": (company.sector or "")[:2],
                "size": company.size or "",
                "stage": None if company.stage is None else str(company.stage),
                "show_name": answered[company.show_name],
                "no_paid": company.no_paid,
                "no_competitors": company.no_competitors,
            },
        )

    def profile(
        self, place: places.Place | None, company: Company
    ) -> companies.Profile:
        sector = self.sector.data
        return companies.Profile(
            name=self.name.data,
            place=place,
            postal_code="",
            # A class stays as long as its division is not changed.
            sector=company.sector or ""
            if (company.sector or "")[:2] == sector
            else sector,
            size=self.size.data,
            stage=int(self.stage.data) if self.stage.data else None,
            areas=self.areas.data or [],
            languages=self.languages.data or ["de"],
            about=self.about.data,
            capacity=self.capacity.data,
            max_open=self.max_open.data,
            show_name={"yes": True, "no": False}.get(self.show_name.data),
            no_paid=self.no_paid.data,
            no_competitors=self.no_competitors.data,
        )

    def settle_place(self) -> tuple[places.Place | None, list[places.Place]]:
        """The place that was typed, or those it could be; errors at the field."""
        if not self.place.data:
            return None, []
        found = places.resolve(self.place.data)
        if isinstance(found, places.Place):
            return found, []
        if found is None:
            self.place.errors = [
                _("Diesen Ort kennen wir nicht. Bitte prüfen Sie ihn.")
            ]
            return None, places.search(self.place.data, limit=5)
        self.place.errors = [_("Diesen Ort gibt es mehrmals. Welchen meinen Sie?")]
        return None, list(found.places)


@bp.get("/company")
@signed_in
def profile() -> ResponseReturnValue:
    company = own_company()
    return render_template(
        "companies/profile.html",
        company=company,
        missing=companies.missing(company),
        people=members.colleagues(db.session(), company.id),
        asking=members.asking(db.session(), company.id),
        avoided=companies.avoided(db.session(), company.id),
        sector=sectors.name(company.sector, language()),
        known=knowledge.load(),
        form=PauseForm(),
        today=datetime.now(UTC).date(),
    )


@bp.route("/company/edit", methods=["GET", "POST"])
@signed_in
def edit() -> ResponseReturnValue:
    company = own_company()
    form = ProfileForm.of(company)
    candidates: list[places.Place] = []
    if form.validate_on_submit():
        place, candidates = form.settle_place()
        if not form.errors:
            with form.telling():
                companies.update_profile(
                    company.id, form.profile(place, company), at=datetime.now(UTC)
                )
        if not form.errors:
            flash(_("Das Profil ist gespeichert."), "success")
            return redirect(url_for(".profile"))
    return (
        render_template(
            "companies/edit.html",
            form=form,
            company=company,
            candidates=candidates,
            stages=_stage_tests(),
        ),
        422 if form.is_submitted() else 200,
    )


@bp.get("/places")
@limiter.limit("600 per hour")
@signed_in
def find_places() -> ResponseReturnValue:
    """Places for the list below a field while it is typed."""
    text = next((value for value in request.args.values() if value.strip()), "")
    return render_template(
        "companies/_places.html", places=places.search(text[:120], limit=8)
    )


@bp.post("/company/people/<uuid:person_id>/admit")
@signed_in
def admit(person_id: UUID) -> ResponseReturnValue:
    members.admit(person_id, by=person(), at=datetime.now(UTC))
    flash(_("Die Person gehört jetzt zu Ihrer Firma."), "success")
    return redirect(url_for(".profile"))


@bp.post("/company/people/<uuid:person_id>/turn-away")
@signed_in
def turn_away(person_id: UUID) -> ResponseReturnValue:
    members.turn_away(person_id, by=person(), at=datetime.now(UTC))
    flash(_("Die Anfrage ist abgelehnt."), "success")
    return redirect(url_for(".profile"))


class AvoidForm(Form):
    company = Words(_l("Firma"), [Required(_l("Bitte nennen Sie die Firma."))])
    which = RadioField(_l("Welche meinen Sie?"), choices=[], validate_choice=False)


@bp.route("/company/avoid", methods=["GET", "POST"])
@limiter.limit("60 per hour", methods=["POST"])
@signed_in
def avoid() -> ResponseReturnValue:
    company = own_company()
    form = AvoidForm()
    near = [
        one
        for one in company_names.similar(db.session(), form.company.data or "")
        if one.id != company.id
    ]
    form.which.choices = [
        (str(one.id), f"{one.name}, {one.place}" if one.place else one.name)
        for one in near
    ]
    if form.validate_on_submit():
        chosen = next((one.id for one in near if str(one.id) == form.which.data), None)
        if chosen:
            companies.avoid(company.id, chosen, at=datetime.now(UTC))
            flash(_("Diese Firma schlagen wir Ihnen nicht mehr vor."), "success")
            return redirect(url_for(".profile"))
        if not near:
            form.company.errors = [_("Diese Firma ist nicht dabei.")]
    return (
        render_template("companies/avoid.html", form=form, near=near),
        422 if form.errors else 200,
    )


@bp.post("/company/avoid/<uuid:other_id>/remove")
@signed_in
def meet_again(other_id: UUID) -> ResponseReturnValue:
    companies.meet_again(own_company().id, other_id)
    flash(_("Diese Firma kann wieder vorgeschlagen werden."), "success")
    return redirect(url_for(".profile"))


class PauseForm(Form):
    until = DateField(_l("Pause bis"), validators=[Optional()])


@bp.post("/company/pause")
@signed_in
def pause() -> ResponseReturnValue:
    form = PauseForm()
    until: date | None = None if "resume" in request.form else form.until.data
    if "resume" not in request.form and (not form.validate() or until is None):
        flash(_("Bitte wählen Sie einen Tag in der Zukunft."), "danger")
        return redirect(url_for(".profile"))
    with form.telling():
        companies.pause(own_company().id, until, at=datetime.now(UTC))
    if form.errors:
        flash(" ".join(form.until.errors), "danger")
    else:
        flash(_("Gespeichert."), "success")
    return redirect(url_for(".profile"))


def own_company() -> Company:
    """The company the visitor sits in, approved or not."""
    one = person()
    if not one.sits or one.company is None:
        raise NotFound
    return one.company


def _labelled(company: Company) -> str:
    """The place as the place field writes it, so that it is found again."""
    if not company.place:
        return ""
    state = knowledge.load().state.get(company.state or "")
    return f"{company.place} ({state.de})" if state else company.place


def _sized(size: knowledge.SizeClass, english: bool) -> str:
    if size.staff_below is None:
        return size.en if english else size.de
    return _(
        "%(name)s (unter %(staff)s Beschäftigte)",
        name=size.en if english else size.de,
        staff=size.staff_below,
    )


def _stage_tests() -> dict[str, str]:
    if language() == "en":
        return {}
    return {str(one.id): one.test_de for one in knowledge.load().maturity_stages}

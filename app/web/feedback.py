"""Feedback: what came of a connected introduction."""

from datetime import UTC, datetime
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from app import db
from app.errors import Invalid
from app.models import Outcome
from app.services import feedback, introductions_views
from app.services.feedback import LONGEST_SENTENCE, Given
from app.web.access import member, person

bp = Blueprint("feedback", __name__, url_prefix="/introductions")

OUTCOMES = [
    SelectChoice(Outcome.LITTLE.value, _l("Es hat wenig gebracht")),
    SelectChoice(Outcome.INFORMATIVE.value, _l("Es war informativ")),
    SelectChoice(Outcome.HELPFUL.value, _l("Es hat uns geholfen")),
    SelectChoice(Outcome.COOPERATION.value, _l("Wir machen gemeinsam weiter")),
]
HELPFUL = [
    SelectChoice("5", _l("5, sehr hilfreich")),
    *(SelectChoice(number, number) for number in "432"),
    SelectChoice("1", _l("1, gar nicht hilfreich")),
]


class FeedbackForm(FlaskForm):
    held = RadioField(
        _l("Haben Sie miteinander gesprochen?"),
        [InputRequired(_l("Bitte wählen Sie ja oder nein."))],
        choices=[
            SelectChoice("yes", _l("Ja")),
            SelectChoice("no", _l("Nein, noch nicht")),
        ],
    )
    outcome = RadioField(_l("Was wurde daraus?"), [Optional()], choices=OUTCOMES)
    helpful = RadioField(_l("Wie hilfreich war es?"), [Optional()], choices=HELPFUL)
    sentence = TextAreaField(
        _l("In einem Satz"),
        [
            Optional(),
            Length(max=LONGEST_SENTENCE, message=_l("Höchstens 500 Zeichen.")),
        ],
    )
    may_publish = BooleanField(_l("Daraus darf ein Anwendungsfall werden"))

    def given(self) -> Given:
        """The answers, as the service takes them."""
        return Given(
            held=self.held.data == "yes",
            outcome=Outcome(self.outcome.data) if self.outcome.data else None,
            helpful=int(self.helpful.data) if self.helpful.data else None,
            sentence=self.sentence.data,
            may_publish=self.may_publish.data,
        )


@bp.route("/<uuid:introduction_id>/feedback", methods=["GET", "POST"])
@member
def give(introduction_id: UUID) -> ResponseReturnValue:
    at, me = datetime.now(UTC), person().id
    earlier = feedback.given_by(db.session(), introduction_id, by=me, at=at)
    form = FeedbackForm(data=_filled(earlier))
    if form.validate_on_submit():
        try:
            feedback.give(introduction_id, form.given(), by=me, at=at)
        except Invalid as error:
            form[error.field].errors = [_(error.message, **error.details)]
        else:
            flash(_("Danke für Ihre Rückmeldung."), "success")
            return redirect(
                url_for("introductions.show", introduction_id=introduction_id)
            )
    view = introductions_views.view(db.session(), me, introduction_id, at=at)
    return render_template("feedback/give.html", view=view, form=form), (
        422 if form.errors else 200
    )


def _filled(earlier: Given | None) -> dict[str, object]:
    if earlier is None:
        return {}
    return {
        "held": "yes" if earlier.held else "no",
        "outcome": earlier.outcome.value if earlier.outcome else None,
        "helpful": str(earlier.helpful) if earlier.helpful else None,
        "sentence": earlier.sentence,
        "may_publish": earlier.may_publish,
    }

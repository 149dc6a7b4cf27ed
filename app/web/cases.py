"""For organizers: one introduction with its decisions, contacts only with a reason."""

from datetime import UTC, datetime
from uuid import UUID

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from app import db
from app.errors import Invalid
from app.services.introductions_cases import case
from app.services.introductions_contacts import LONGEST_REASON, ContactCard, reveal
from app.web.access import organizer, person

bp = Blueprint("cases", __name__, url_prefix="/organize/introductions")


class RevealForm(FlaskForm):
    reason = StringField(
        _l("Warum müssen Sie die Kontaktdaten sehen?"),
        [
            DataRequired(_l("Bitte nennen Sie den Grund.")),
            Length(max=LONGEST_REASON, message=_l("Höchstens 200 Zeichen.")),
        ],
    )


@bp.route("/<uuid:introduction_id>", methods=["GET", "POST"])
@organizer
def show(introduction_id: UUID) -> ResponseReturnValue:
    found = case(db.session(), introduction_id)
    form = RevealForm()
    contacts: list[ContactCard] = []
    if form.validate_on_submit():
        try:
            contacts = reveal(
                introduction_id,
                form.reason.data,
                by=person().id,
                at=datetime.now(UTC),
            )
        except Invalid as error:
            form.reason.errors = [_(error.message, **error.details)]
        found = case(db.session(), introduction_id)
    return render_template(
        "introductions/case.html", case=found, form=form, contacts=contacts
    ), (422 if form.errors else 200)

"""A person's own data: what is kept how long, taking it along, deleting it.

Deleting asks for the password once more; an account without one (it signs in by links)
types its address instead.
"""

from datetime import UTC, datetime

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_security import logout_user
from flask_security.utils import verify_password
from wtforms import BooleanField, EmailField, PasswordField
from wtforms.validators import ValidationError

from app import db
from app.errors import NotFound
from app.jobs import queue
from app.models.keeping import ERASURE
from app.security import limiter
from app.services import consent, erasure, erasure_log, export
from app.web import my_data_files
from app.web.access import person, public, signed_in
from app.web.forms import Form
from app.web.mail_choices import NAMES
from app.web.my_data_words import kept

bp = Blueprint("my_data", __name__, url_prefix="/my-data")

YEARS = ERASURE.numbers["years"]  # that the trace of an erasure stays


class DeleteForm(Form):
    """Proves that the person is the one whose account it is."""

    password = PasswordField(_l("Ihr Kennwort"))
    email = EmailField(_l("Ihre E-Mail-Adresse"))

    def validate_password(self, field: PasswordField) -> None:
        stored = person().password
        if stored and not verify_password(field.data or "", stored):
            raise ValidationError(_("Das ist nicht Ihr Kennwort."))

    def validate_email(self, field: EmailField) -> None:
        typed = (field.data or "").strip().lower()
        if not person().password and typed != person().email.lower():
            raise ValidationError(_("Das ist nicht die Adresse dieses Kontos."))


class DeleteCompanyForm(DeleteForm):
    with_account = BooleanField(_l("Auch mein Konto löschen"))


@bp.get("")
@signed_in
def index() -> ResponseReturnValue:
    one = person()
    return render_template(
        "my_data/index.html",
        person=one,
        stands=erasure.consequences(db.session(), one.id),
        keepings=kept(),
        consents=consent.choices(db.session(), one.id),
        consent_names=NAMES,
        today=datetime.now(UTC).date(),
    )


@bp.post("/export")
@limiter.limit("20 per hour")
@signed_in
def download() -> ResponseReturnValue:
    """All of it as one file; by POST, so that no link of others fetches it."""
    at = datetime.now(UTC)
    sections = export.collect(db.session(), person().id, at=at)
    content = my_data_files.archive(sections, at=at, kept=kept())
    name = f"handschlag-{at:%Y-%m-%d}.zip"
    return Response(
        content,
        mimetype="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


@bp.route("/delete-account", methods=["GET", "POST"])
@limiter.limit("10 per hour", methods=["POST"])
@signed_in
def delete_account() -> ResponseReturnValue:
    form = DeleteForm()
    if form.validate_on_submit():
        erasure.erase_account(person().id, at=datetime.now(UTC))
        return _gone()
    stands = erasure.consequences(db.session(), person().id)
    return (
        render_template(
            "my_data/delete_account.html",
            form=form,
            person=person(),
            stands=stands,
            years=YEARS,
        ),
        422 if form.is_submitted() else 200,
    )


@bp.route("/delete-company", methods=["GET", "POST"])
@limiter.limit("10 per hour", methods=["POST"])
@signed_in
def delete_company() -> ResponseReturnValue:
    stands = erasure.consequences(db.session(), person().id)
    if stands.company is None or not stands.speaks:
        raise NotFound
    form = DeleteCompanyForm()
    if form.validate_on_submit():
        with_account = bool(form.with_account.data)
        erasure.erase_company(
            by=person().id, at=datetime.now(UTC), with_account=with_account
        )
        return _gone(account=with_account)
    return (
        render_template(
            "my_data/delete_company.html",
            form=form,
            person=person(),
            stands=stands,
            years=YEARS,
        ),
        422 if form.is_submitted() else 200,
    )


@bp.get("/deleted")
@public
def deleted() -> ResponseReturnValue:
    return render_template("my_data/deleted.html")


def _gone(*, account: bool = True) -> ResponseReturnValue:
    """Every session has ended; write the log and have the rest done soon."""
    folder = current_app.config["SETTINGS"].DATA_DIR
    erasure_log.keep(folder / erasure_log.FILE, at=datetime.now(UTC))
    queue.wake("erase")
    logout_user()
    if account:
        return redirect(url_for(".deleted"))
    flash(_("Ihre Firma ist gelöscht. Ihr Konto besteht ohne sie weiter."), "success")
    return redirect(url_for("security.login"))

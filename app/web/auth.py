"""Joining, confirming, one-time links, and a person's own account.

Signing in, passwords and second factors are pages of the accounts library
(Flask-Security) in our frame: see app/accounts.py.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from uuid import UUID

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_security import hash_password, login_user
from flask_security.confirmable import confirm_email_token_status
from flask_security.proxies import _security
from wtforms import BooleanField, EmailField, PasswordField, RadioField, SelectField
from wtforms.validators import ValidationError

from app import db
from app.i18n import LANGUAGES, language
from app.models import Person
from app.security import limiter
from app.services import company_names, members, sign_in_links
from app.web.access import person, public, signed_in
from app.web.forms import AtMost, Form, Required, Words

bp = Blueprint("auth", __name__)

View = Callable[..., Any]

NEW = "new"  # the answer "none of these companies"
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 128


class RegisterForm(Form):
    company = Words(
        _l("Firma"),
        [Required(_l("Bitte nennen Sie Ihre Firma.")), AtMost(200)],
    )
    which = RadioField(
        _l("Meinten Sie eine dieser Firmen?"), choices=[], validate_choice=False
    )
    name = Words(
        _l("Vor- und Nachname"),
        [Required(_l("Bitte nennen Sie Ihren Namen.")), AtMost(120)],
    )
    email = EmailField(
        _l("E-Mail-Adresse"),
        [Required(_l("Bitte nennen Sie Ihre E-Mail-Adresse.")), AtMost(255)],
    )
    password = PasswordField(
        _l("Kennwort"), [Required(_l("Bitte wählen Sie ein Kennwort."))]
    )
    member_number = Words(_l("Mitgliedsnummer"), [AtMost(40)])
    agreed = BooleanField(
        _l("Ich habe die Hinweise zum Datenschutz gelesen."),
        [Required(_l("Bitte lesen Sie die Hinweise und setzen Sie das Häkchen."))],
    )

    def validate_email(self, field: EmailField) -> None:
        try:
            field.data = _security.mail_util.validate(field.data)
        except ValueError:
            raise ValidationError(
                _("Das ist keine E-Mail-Adresse, an die wir schreiben könnten.")
            ) from None

    def validate_password(self, field: PasswordField) -> None:
        if not SHORTEST_PASSWORD <= len(field.data or "") <= LONGEST_PASSWORD:
            raise ValidationError(
                _(
                    "Bitte %(least)s bis %(most)s Zeichen. Ein kurzer Satz ist ein"
                    " gutes Kennwort.",
                    least=SHORTEST_PASSWORD,
                    most=LONGEST_PASSWORD,
                )
            )
        field.data = _security.password_util.normalize(field.data)

    def offer(self, near: list[company_names.Similar]) -> None:
        """Ask which of the near companies is meant; none of them is an answer too."""
        self.which.choices = [
            *((str(one.id), _named(one)) for one in near),
            (NEW, _("Nein, meine Firma ist noch nicht dabei.")),
        ]

    def chosen(self, near: list[company_names.Similar]) -> UUID | None:
        """The near company that was chosen."""
        return next((one.id for one in near if str(one.id) == self.which.data), None)


@bp.route("/register", methods=["GET", "POST"])
@limiter.limit("30 per hour", methods=["POST"])
@public
def register() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect("/")
    form = RegisterForm()
    near = company_names.similar(db.session(), form.company.data or "")
    form.offer(near)
    valid = form.validate_on_submit()
    if valid and near and form.which.data not in dict(form.which.choices):
        form.which.errors = [_("Bitte wählen Sie eine Firma oder „Nein“.")]
        valid = False
    if valid:
        members.register(_registration(form, near), at=datetime.now(UTC))
        # The same answer for new and known addresses: nobody learns who is a member.
        session["registered"] = form.email.data
        return redirect(url_for(".check_mail"))
    status = 422 if form.is_submitted() else 200
    return render_template("auth/register.html", form=form, near=near), status


def _registration(
    form: RegisterForm, near: list[company_names.Similar]
) -> members.Registration:
    return members.Registration(
        name=form.name.data,
        email=form.email.data,
        password_hash=hash_password(form.password.data),
        locale=language(),
        company_name=form.company.data,
        company_id=form.chosen(near),
        member_number=form.member_number.data,
    )


@bp.get("/register/similar")
@limiter.limit("120 per hour")
@public
def similar() -> ResponseReturnValue:
    """Near companies while the name is typed."""
    form = RegisterForm(formdata=request.args, meta={"csrf": False})
    near = company_names.similar(db.session(), form.company.data[:200])
    form.offer(near)
    return render_template("auth/similar.html", form=form, near=near)


@bp.get("/register/check-mail")
@public
def check_mail() -> ResponseReturnValue:
    return render_template("auth/check_mail.html", email=session.get("registered"))


@bp.route("/sign-in/<token>", methods=["GET", "POST"])
@limiter.limit("60 per hour", methods=["POST"])
@public
def use_link(token: str) -> ResponseReturnValue:
    """A one-time link: opening it does nothing, its button signs in."""
    now = datetime.now(UTC)
    if request.method != "POST":
        if not sign_in_links.is_valid(db.session(), token, at=now):
            abort(410)
        return render_template("auth/use_link.html")
    person_id = sign_in_links.use(token, at=now)
    found = db.session().get(Person, person_id) if person_id else None
    if found is None or not found.active:
        abort(410)
    second_factor = _security.two_factor_plugins.tf_enter(
        found, False, "link", next_loc="/"
    )
    if second_factor:
        return second_factor
    login_user(found, authn_via=["link"])
    return redirect("/")


def confirm_by_button(confirm: View) -> View:
    """The library confirms on GET; a mail scanner that opens links must not."""

    @wraps(confirm)
    def guarded(token: str) -> ResponseReturnValue:
        if request.method != "POST":
            expired, invalid, found = confirm_email_token_status(token)
            if not (expired or invalid) and found and found.confirmed_at is None:
                return render_template("auth/confirm.html")
        return confirm(token)

    return guarded


class AccountForm(Form):
    name = Words(
        _l("Vor- und Nachname"),
        [Required(_l("Bitte nennen Sie Ihren Namen.")), AtMost(120)],
    )
    position = Words(_l("Funktion"), [AtMost(120)])
    phone = Words(_l("Telefon"), [AtMost(40)])
    release_email = BooleanField(_l("E-Mail-Adresse"))
    release_phone = BooleanField(_l("Telefonnummer"))
    locale = SelectField(
        _l("Sprache der Seiten und Mails"),
        choices=[("de", "Deutsch"), ("en", "English")],
    )

    def validate_phone(self, field: Words) -> None:
        allowed = set("0123456789+-/() .")
        if field.data and (set(field.data) - allowed or len(field.data) < 5):
            raise ValidationError(
                _("Bitte nur Ziffern, Leerzeichen und + - / ( ), zum Beispiel +49 731.")
            )


@bp.route("/account", methods=["GET", "POST"])
@signed_in
def account() -> ResponseReturnValue:
    one = person()
    form = AccountForm(obj=one)
    if form.validate_on_submit():
        with form.telling():
            members.update_account(
                one.id,
                name=form.name.data,
                position=form.position.data,
                phone=form.phone.data,
                release_email=form.release_email.data,
                release_phone=form.release_phone.data,
                locale=form.locale.data if form.locale.data in LANGUAGES else "de",
            )
        if not form.errors:
            flash(_("Gespeichert."), "success")
            return redirect(url_for(".account"))
    return (
        render_template(
            "auth/account.html",
            form=form,
            person=one,
            needs_totp=one.is_organizer and not current_app.config["ALLOW_NO_TOTP"],
        ),
        422 if form.is_submitted() else 200,
    )


def _named(one: company_names.Similar) -> str:
    if one.place:
        return _("%(company)s in %(place)s", company=one.name, place=one.place)
    return one.name

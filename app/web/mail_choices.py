"""Which mails a person gets: the boxes, the link that confirms them, and the way out.

Mail scanners open every link: a GET shows a page with a button, only the POST acts.
"""

from datetime import UTC, datetime

from flask import (
    Blueprint,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField

from app import db
from app.mail import links
from app.models import ConsentKind
from app.security import csrf
from app.services import consent
from app.web.access import person, public, signed_in

bp = Blueprint("mail_choices", __name__)

NAMES = {
    ConsentKind.DIGEST: _l("Vorschläge der Woche"),
    ConsentKind.REMINDER: _l("Erinnerung, bevor Vorschläge ablaufen"),
    ConsentKind.FEEDBACK: _l("Frage, was aus einer Vorstellung wurde"),
    ConsentKind.NEWS: _l("Neues aus der Initiative"),
}
HINTS = {
    ConsentKind.DIGEST: _l(
        "Höchstens eine Mail in der Woche, nie eine leere. Ohne sie sehen Sie die "
        "Vorschläge, wenn Sie sich anmelden."
    ),
    ConsentKind.REMINDER: _l("Einmal je Wochenrunde, drei Tage vor Ablauf."),
    ConsentKind.FEEDBACK: _l(
        "Einmal je Vorstellung, zwei Wochen nachdem beide angenommen haben."
    ),
    ConsentKind.NEWS: _l("Einige Male im Jahr: Termine und neue Möglichkeiten."),
}


class ChoicesForm(FlaskForm):
    """One box per kind; none is ticked unless the person ticked it."""

    digest = BooleanField(NAMES[ConsentKind.DIGEST])
    reminder = BooleanField(NAMES[ConsentKind.REMINDER])
    feedback = BooleanField(NAMES[ConsentKind.FEEDBACK])
    news = BooleanField(NAMES[ConsentKind.NEWS])

    def ticked(self) -> list[ConsentKind]:
        """What was sent: a form without any tick has no fields at all."""
        return [kind for kind in ConsentKind if request.form.get(kind.value)]


@bp.route("/mail-choices", methods=["GET", "POST"])
@signed_in
def choose() -> ResponseReturnValue:
    me = person().id
    standing = {one.kind: one for one in consent.choices(db.session(), me)}
    form = ChoicesForm(
        data={
            kind.value: one.granted or one.requested for kind, one in standing.items()
        }
    )
    if form.validate_on_submit():
        asked = consent.choose(me, form.ticked(), at=datetime.now(UTC))
        flash(_told(bool(asked)), "success")
        return redirect(url_for(".choose"))
    return render_template(
        "mail_choices/choose.html",
        form=form,
        choices=list(standing.values()),
        hints=HINTS,
        address=person().email,
    )


@bp.route("/mail-choices/confirm/<token>", methods=["GET", "POST"])
@public
def confirm(token: str) -> ResponseReturnValue:
    person_id, kinds = links.read_consent(_secret(), token)
    form = FlaskForm()
    if form.validate_on_submit():
        consent.grant(person_id, kinds, at=datetime.now(UTC))
        return render_template(
            "mail_choices/done.html",
            granted=True,
            names=[
                NAMES[one.kind]
                for one in consent.choices(db.session(), person_id)
                if one.granted and one.kind in kinds
            ],
        )
    return render_template(
        "mail_choices/confirm.html", form=form, names=[NAMES[kind] for kind in kinds]
    )


@bp.route("/mail/unsubscribe/<token>", methods=["GET", "POST"])
@csrf.exempt  # mail programs post here by themselves (RFC 8058); the token is the proof
@public
def unsubscribe(token: str) -> ResponseReturnValue:
    person_id, kind = links.read_unsubscribe(_secret(), token)
    if request.method == "POST":
        consent.withdraw(person_id, [kind], at=datetime.now(UTC))
        return render_template(
            "mail_choices/done.html", granted=False, names=[NAMES[kind]]
        )
    return render_template("mail_choices/unsubscribe.html", name=NAMES[kind])


def _told(asked: bool) -> str:
    if asked:
        return _(
            "Gemerkt. Bitte bestätigen Sie Ihre Wahl über den Link in der Mail, die "
            "wir Ihnen jetzt schicken."
        )
    return _("Gemerkt. Ihre Wahl gilt ab sofort.")


def _secret() -> str:
    return str(current_app.config["SETTINGS"].SECRET_KEY)

"""Meetings: propose starts, choose one, move and call off, take it to the calendar."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import (
    Blueprint,
    Response,
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
from wtforms import DateTimeLocalField, RadioField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional

from app import db
from app.errors import Invalid, NotFound
from app.mail import invitations
from app.models import LONGEST_NOTE, Meeting, MeetingKind
from app.services import introductions_views, meetings
from app.services.introductions_views import View
from app.services.meetings import Agreement, Proposal
from app.services.meetings_times import FARTHEST
from app.services.rounds_week import ZONE
from app.web.access import member, person
from app.web.forms import AtMost, Form, Words

bp = Blueprint(
    "meetings", __name__, url_prefix="/introductions/<uuid:introduction_id>/meeting"
)

# What browsers send; the second only where somebody typed seconds.
CLOCK = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
MINUTES = (30, 45, 60, 90, 120)
USUAL_MINUTES = 45  # as the agenda on the page


class Clock(DateTimeLocalField):
    """Day and time by the clock of Berlin; what was typed is kept."""

    def process_formdata(self, valuelist: list[str]) -> None:
        if not valuelist or not valuelist[0].strip():
            self.data = None
            return
        try:
            super().process_formdata([valuelist[0].strip()])
        except ValueError as error:
            raise ValueError(_("Bitte geben Sie Tag und Uhrzeit an.")) from error


class ProposalForm(Form):
    slot_1 = Clock(_l("Erster Termin"), format=CLOCK)
    slot_2 = Clock(_l("Zweiter Termin"), [Optional()], format=CLOCK)
    slot_3 = Clock(_l("Dritter Termin"), [Optional()], format=CLOCK)
    minutes = SelectField(
        _l("Dauer"),
        coerce=int,
        choices=[
            SelectChoice(one, _l("%(minutes)s Minuten", minutes=one)) for one in MINUTES
        ],
    )
    kind = RadioField(
        _l("Wie möchten Sie sprechen?"),
        [InputRequired(_l("Bitte wählen Sie, wie Sie sprechen möchten."))],
        choices=[
            SelectChoice(kind.value, words) for kind, words in invitations.KINDS.items()
        ],
    )
    note = Words(_l("Ort, Link oder Nummer"), [Optional(), AtMost(LONGEST_NOTE)])

    def proposal(self) -> Proposal:
        """What was filled in, as the service takes it."""
        return Proposal(
            starts=(self.slot_1.data, self.slot_2.data, self.slot_3.data),
            minutes=self.minutes.data,
            kind=MeetingKind(self.kind.data),
            note=self.note.data or "",
        )


@bp.route("/propose", methods=["GET", "POST"])
@member
def propose(introduction_id: UUID) -> ResponseReturnValue:
    stand = _stand(introduction_id)
    form = blank(stand)
    if form.validate_on_submit():
        with form.telling():
            meetings.propose(
                introduction_id, form.proposal(), by=person().id, at=_now()
            )
            flash(_("Vorgeschlagen. Die andere Firma bekommt eine Mail."), "success")
            return _back(introduction_id)
    view = _view(introduction_id)
    return render_template(
        "meetings/propose.html", view=view, **parts(view, stand, form)
    ), (422 if form.errors else 200)


@bp.post("/choose")
@member
def choose(introduction_id: UUID) -> ResponseReturnValue:
    number = request.form.get("slot", 0, type=int)
    meeting_id = _meeting_id()
    try:
        meetings.choose(introduction_id, meeting_id, number, by=person().id, at=_now())
    except Invalid as refused:
        view = _view(introduction_id)
        page = "introductions/connected.html"
        wrong = _(refused.message, **refused.details)
        return render_template(
            page, view=view, **parts(view, _stand(introduction_id)), wrong=wrong
        ), 422
    flash(_("Der Termin steht. Sie beide bekommen eine Einladung."), "success")
    return _back(introduction_id)


@bp.post("/cancel")
@member
def cancel(introduction_id: UUID) -> ResponseReturnValue:
    meeting_id = _meeting_id()
    was_fixed = _is_fixed(_stand(introduction_id), meeting_id)
    meetings.cancel(introduction_id, meeting_id, by=person().id, at=_now())
    flash(
        _("Abgesagt. Sie beide bekommen eine Mail für den Kalender.")
        if was_fixed
        else _("Zurückgezogen.")
    )
    return _back(introduction_id)


@bp.get("/calendar.ics")
@member
def calendar(introduction_id: UUID) -> ResponseReturnValue:
    fixed = _stand(introduction_id).fixed
    if fixed is None:
        raise NotFound
    content = invitations.file(
        fixed,
        _view(introduction_id),
        mail_from=current_app.config["SETTINGS"].MAIL_FROM,
        link=url_for(
            "introductions.show", introduction_id=introduction_id, _external=True
        ),
    )
    return Response(
        content,
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="termin.ics"'},
    )


def parts(
    view: View, stand: Agreement | None = None, form: ProposalForm | None = None
) -> dict[str, Any]:
    """What the pages of a connected introduction show of its date."""
    stand = stand or _stand(view.id)
    now = _now().astimezone(ZONE)
    return {
        "stand": stand,
        "form": form or blank(stand),
        "earliest": now.strftime(CLOCK[0]),
        "latest": (now + FARTHEST).strftime(CLOCK[0]),
    }


def blank(stand: Agreement) -> ProposalForm:
    """The form with what was agreed before, but for the starts."""
    latest: Meeting | None = stand.open or stand.fixed
    if latest is None:
        return ProposalForm(minutes=USUAL_MINUTES, kind=MeetingKind.VIDEO.value)
    minutes = latest.minutes if latest.minutes in MINUTES else USUAL_MINUTES
    return ProposalForm(minutes=minutes, kind=latest.kind.value, note=latest.note)


def _is_fixed(stand: Agreement, meeting_id: UUID) -> bool:
    return stand.fixed is not None and stand.fixed.id == meeting_id


def _meeting_id() -> UUID:
    """The meeting that the page showed; what comes from elsewhere looks absent."""
    try:
        return UUID(request.form.get("meeting", ""))
    except ValueError as error:
        raise NotFound from error


def _stand(introduction_id: UUID) -> Agreement:
    return meetings.agreement(db.session(), person().id, introduction_id, at=_now())


def _view(introduction_id: UUID) -> View:
    return introductions_views.view(
        db.session(), person().id, introduction_id, at=_now()
    )


def _back(introduction_id: UUID) -> ResponseReturnValue:
    return redirect(
        url_for(
            "introductions.show", introduction_id=introduction_id, _anchor="meeting"
        )
    )


def _now() -> datetime:
    return datetime.now(UTC)

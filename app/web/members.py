"""For organizers: which companies take part, and who waits."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import db
from app.errors import Invalid
from app.i18n import language
from app.models import CompanyStatus
from app.services import approvals, sectors
from app.web.access import organizer, person

bp = Blueprint("members", __name__, url_prefix="/organize/members")


@bp.get("")
@organizer
def index() -> ResponseReturnValue:
    asked = request.args.get("status", "")
    status = CompanyStatus(asked) if asked in set(CompanyStatus) else None
    words = request.args.get("q", "")[:120]
    page = approvals.companies(
        db.session(),
        status=status,
        words=words,
        page=request.args.get("page", 1, type=int),
    )
    return render_template(
        "members/index.html",
        applicants=approvals.applicants(db.session()),
        counts=approvals.counts(db.session()),
        page=page,
        status=status,
        words=words,
        statuses=CompanyStatus,
        sector=lambda code: sectors.name(code, language()),
        link=lambda number: url_for(".index", status=asked, q=words, page=number),
    )


@bp.post("/<uuid:company_id>/approve")
@organizer
def approve(company_id: UUID) -> ResponseReturnValue:
    approvals.approve(company_id, by=person().id, at=datetime.now(UTC))
    flash(_("Die Firma nimmt jetzt teil."), "success")
    return redirect(url_for(".index"))


@bp.post("/<uuid:company_id>/refuse")
@organizer
def refuse(company_id: UUID) -> ResponseReturnValue:
    return _with_reason(approvals.refuse, company_id, _("Die Anmeldung ist abgelehnt."))


@bp.post("/<uuid:company_id>/suspend")
@organizer
def suspend(company_id: UUID) -> ResponseReturnValue:
    return _with_reason(approvals.suspend, company_id, _("Die Firma ist ausgesetzt."))


def _with_reason(
    command: Callable[..., None], company_id: UUID, done: str
) -> ResponseReturnValue:
    try:
        command(
            company_id,
            request.form.get("reason", ""),
            by=person().id,
            at=datetime.now(UTC),
        )
    except Invalid as refused:
        flash(_(refused.message, **refused.details), "danger")
    else:
        flash(done, "success")
    return redirect(url_for(".index"))

"""A member's start page: this week's suggestions and what else is due."""

from datetime import UTC, datetime

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app import db
from app.models import Company
from app.services import introductions
from app.services.introductions_week import week_of_company
from app.web.access import company_id, member, person
from app.web.cards import HELPERS

bp = Blueprint("suggestions", __name__)
bp.record_once(lambda setup: setup.app.jinja_env.globals.update(cards=HELPERS))


@bp.get("/week")
@member
def week() -> ResponseReturnValue:
    company = db.session().get_one(Company, company_id())
    if company.onboarded_at is None:
        return redirect(url_for("onboarding.start"))
    found = week_of_company(db.session(), company_id(), at=datetime.now(UTC))
    return render_template("suggestions/week.html", week=found)


@bp.post("/week/seen")
@member
def seen() -> ResponseReturnValue:
    """Sent by the page once a person really looks at it; no GET writes."""
    introductions.see_all(by=person().id, at=datetime.now(UTC))
    return "", 204

"""The round review of organizers: the draft, its reasons, and what they do with it."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app import db
from app.errors import AppError, Busy, Invalid
from app.jobs import queue
from app.models import Band, Slot
from app.services import circles, rounds, rounds_edits, rounds_review
from app.services.rounds_progress import progress_of
from app.services.rounds_review import Filter
from app.web.access import organizer, person

bp = Blueprint("rounds", __name__, url_prefix="/organize/round")

STEPS = {
    "": _l("Die Berechnung beginnt"),
    "waiting": _l("Wartet auf den Rechendienst"),
    "vectors": _l("Texte werden gelesen"),
    "index": _l("Angebote werden geordnet"),
    "candidates": _l("Kandidaten werden gesucht"),
    "pairs": _l("Paare werden bewertet"),
    "pins": _l("Vorgemerkte Paare werden gesetzt"),
    "allocation": _l("Vorschläge werden verteilt"),
    "reasons": _l("Gründe werden aufgeschrieben"),
}
REASONS = {
    "paused": _l("pausiert"),
    "no_capacity": _l("nimmt gerade keine Vorschläge an"),
    "no_listing": _l("ohne offenen Bedarf und ohne Angebot"),
    "no_candidate": _l("keine passende Firma gefunden"),
    "cooling": _l("passende Firmen wurden vor Kurzem vorgeschlagen"),
    "crowded_out": _l("passende Firmen sind ausgelastet"),
}
SKIPPED = {
    "open": _l("inzwischen anderweitig offen"),
    "connected": _l("inzwischen verbunden"),
    "cooling": _l("inzwischen in der Ruhezeit"),
    "blocked": _l("inzwischen gesperrt"),
    "cancelled": _l("inzwischen abgesagt"),
    "away": _l("Firma inzwischen pausiert oder ausgeschieden"),
    "closed": _l("Bedarf oder Angebot inzwischen beendet"),
    "refused": _l("von der Datenbank abgelehnt"),
}
BANDS = {
    Band.STRONG: _l("stark"),
    Band.GOOD: _l("gut"),
    Band.POSSIBLE: _l("möglich"),
}
SLOTS = {
    Slot.MODEL: _l("nach Bewertung"),
    Slot.EXPLORE: _l("zur Erkundung"),
    Slot.PINNED: _l("von Hand"),
}


@bp.get("")
@bp.get("/<week>")
@organizer
def review(week: str | None = None) -> ResponseReturnValue:
    session = db.session()
    known = rounds_review.weeks(session)
    this_week = rounds.week_of(_now())
    shown = week or (known[0] if known else this_week)
    row = rounds_review.of_week(session, shown)
    values: dict[str, Any] = {
        "week": shown,
        "weeks": known,
        "this_week": this_week,
        "row": row,
        "words": _words(),
    }
    if row is None:
        return render_template("rounds/none.html", **values)
    progress = progress_of(row, at=_now())
    if progress is not None:
        return render_template("rounds/computing.html", progress=progress, **values)
    if row.computed_at is None:
        return render_template("rounds/failed.html", **values)
    chosen = _filter()
    return render_template(
        "rounds/review.html",
        summary=rounds_review.summary(session, shown),
        page=rounds_review.page(
            session, shown, chosen, number=request.args.get("page", 1, type=int)
        ),
        chosen=chosen,
        circle_counts=circles.counts,
        link=lambda number: url_for(
            ".review",
            week=shown,
            page=number,
            **_as_args(chosen),  # type: ignore[arg-type]
        ),
        **values,
    )


@bp.get("/<week>/progress")
@organizer
def progress(week: str) -> ResponseReturnValue:
    """The progress alone, asked for by the page every two seconds."""
    row = rounds_review.of_week(db.session(), week)
    found = progress_of(row, at=_now()) if row is not None else None
    if found is None:
        return "", 200, {"HX-Refresh": "true"}
    return render_template(
        "rounds/_progress.html", progress=found, week=week, words=_words()
    )


@bp.get("/<week>/companies")
@organizer
def companies(week: str) -> ResponseReturnValue:
    """Load per company, and those without a suggestion."""
    session = db.session()
    return render_template(
        "rounds/companies.html",
        week=week,
        loads=rounds_review.loads(session, week),
        summary=rounds_review.summary(session, week),
        words=_words(),
    )


@bp.get("/<week>/needs")
@organizer
def needs(week: str) -> ResponseReturnValue:
    """Needs for which the round found no offering."""
    found = rounds_review.unmet_needs(db.session(), week)
    return render_template("rounds/needs.html", week=week, needs=found)


@bp.route("/<week>/add", methods=["GET", "POST"])
@organizer
def add(week: str) -> ResponseReturnValue:
    """Choose two companies by name and have them introduced."""
    chosen = {name: _uuid(request.values.get(name)) for name in ("company", "other")}
    error = None
    if request.method == "POST":
        try:
            _add(week, chosen)
        except AppError as refused:
            error = _(refused.message)
        else:
            flash(
                _("Vorgemerkt. Das Paar kommt mit dem nächsten Berechnen."), "success"
            )
            return redirect(url_for(".review", week=week))
    session = db.session()
    words = {
        name: request.values.get(f"{name}_words", "").strip()[:120] for name in chosen
    }
    return render_template(
        "rounds/add.html",
        week=week,
        error=error,
        typed=words,
        chosen=chosen,
        found={
            name: rounds_review.find_companies(session, words[name]) for name in chosen
        },
    ), (409 if error else 200)


@bp.post("/<week>/compute")
@organizer
def compute(week: str) -> ResponseReturnValue:
    with suppress(Busy):  # somebody asked already: the page shows how far it is
        rounds.ask(week, at=_now())
        queue.wake("compute")
    return redirect(url_for(".review", week=week))


@bp.post("/<week>/cancel")
@organizer
def cancel(week: str) -> ResponseReturnValue:
    if rounds.cancel(week, at=_now()):
        flash(_("Die Berechnung ist abgebrochen."), "success")
    return redirect(url_for(".review", week=week))


@bp.post("/<week>/hold")
@organizer
def hold(week: str) -> ResponseReturnValue:
    rounds.hold(week, by=person().id, at=_now())
    flash(_("Die Runde ist angehalten. Nichts wird von selbst freigegeben."), "success")
    return redirect(url_for(".review", week=week))


@bp.post("/<week>/unhold")
@organizer
def unhold(week: str) -> ResponseReturnValue:
    rounds.unhold(week, by=person().id, at=_now())
    flash(_("Die Runde läuft weiter."), "success")
    return redirect(url_for(".review", week=week))


@bp.post("/<week>/release")
@organizer
def release(week: str) -> ResponseReturnValue:
    done = rounds.release(week, by=person().id, at=_now())
    if done.again:
        flash(_("Diese Runde war schon freigegeben."), "info")
    else:
        flash(
            ngettext(
                "Freigegeben: %(num)s Vorstellung, %(mails)s Mails.",
                "Freigegeben: %(num)s Vorstellungen, %(mails)s Mails.",
                done.shown,
                mails=done.digests,
            ),
            "success",
        )
    return redirect(url_for(".review", week=week))


@bp.post("/pair/<uuid:introduction_id>/drop")
@organizer
def drop(introduction_id: UUID) -> ResponseReturnValue:
    week = rounds_edits.drop(introduction_id, by=person().id, at=_now())
    flash(_("Das Paar ist gestrichen."), "success")
    return redirect(url_for(".review", week=week))


@bp.post("/pair/<uuid:introduction_id>/pin")
@organizer
def pin(introduction_id: UUID) -> ResponseReturnValue:
    week = rounds_edits.pin(introduction_id, by=person().id, at=_now())
    flash(_("Das Paar bleibt, auch wenn neu berechnet wird."), "success")
    return redirect(url_for(".review", week=week))


@bp.post("/edit/<uuid:edit_id>/undo")
@organizer
def undo(edit_id: UUID) -> ResponseReturnValue:
    week = rounds_edits.undo(edit_id, by=person().id, at=_now())
    flash(_("Zurückgenommen."), "success")
    return redirect(url_for(".review", week=week))


def _add(week: str, chosen: dict[str, UUID | None]) -> None:
    if chosen["company"] is None or chosen["other"] is None:
        raise Invalid(_("Bitte wählen Sie zwei Firmen."), field="other")
    rounds_edits.add(
        week, chosen["company"], chosen["other"], by=person().id, at=_now()
    )


def _filter() -> Filter:
    """The filter of the address; what is unknown there is left out."""
    band, slot = request.args.get("band", ""), request.args.get("slot", "")
    return Filter(
        band=Band(band) if band in set(Band) else None,
        slot=Slot(slot) if slot in set(Slot) else None,
        words=request.args.get("q", "").strip()[:120].replace("\x00", ""),
    )


def _as_args(chosen: Filter) -> dict[str, str]:
    args = {"band": chosen.band, "slot": chosen.slot, "q": chosen.words}
    return {name: str(value) for name, value in args.items() if value}


def _words() -> dict[str, Any]:
    return {
        "steps": STEPS,
        "reasons": REASONS,
        "skipped": SKIPPED,
        "bands": BANDS,
        "slots": SLOTS,
    }


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _now() -> datetime:
    return datetime.now(UTC)

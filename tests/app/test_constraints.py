"""What the database itself refuses, whatever the code above it does."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DataError, IntegrityError, StatementError
from sqlalchemy.orm import Session

from app import db
from app.models import (
    Band,
    Block,
    Company,
    ConsentAction,
    ConsentEvent,
    ConsentKind,
    ContactRelease,
    Cooldown,
    Decision,
    DecisionAct,
    DecisionEvent,
    DeclineReason,
    Feedback,
    Introduction,
    IntroductionSlot,
    Listing,
    MailKind,
    MailState,
    OutboxMail,
    Paid,
    Person,
    Round,
    Side,
    State,
)
from tests import factories
from tests.factories import MONDAY

pytestmark = pytest.mark.usefixtures("database")

Write = Callable[[Session, "Scene"], object]

PENDING, ACCEPTED, DECLINED = Decision


class Scene:
    """Two introductions, one open and one connected, and what belongs to them."""

    def __init__(self) -> None:
        self.round_id = factories.round_().id
        self.lo_id, self.hi_id = sorted(factories.company().id for _ in range(2))
        lo, hi = (
            db.session().get_one(Company, one) for one in (self.lo_id, self.hi_id)
        )
        self.person_id = factories.person(lo).id
        week = db.session().get_one(Round, self.round_id)
        self.open_id = factories.introduction(week, lo, hi).id
        self.connected_id = factories.introduction(week, **CONNECTED).id
        needs = sa.select(Listing.id).where(Listing.kind == "need")
        self.need_id = db.session().scalars(needs).first()
        self.later_id = factories.round_("2026-W49").id
        db.session().rollback()


def change(which: str = "open_id", **values: Any) -> Write:
    """An UPDATE of one of the scene's introductions."""

    def write(session: Session, scene: Scene) -> object:
        return session.execute(
            sa.update(Introduction)
            .where(Introduction.id == getattr(scene, which))
            .values(**values)
        )

    return write


def new(**values: Any) -> Write:
    """A further introduction of the scene's open pair."""

    def write(session: Session, scene: Scene) -> object:
        row = {
            "id": uuid4(),
            "round_id": scene.later_id,
            "company_lo_id": scene.lo_id,
            "company_hi_id": scene.hi_id,
            "state": State.PROPOSED,
            "score": 0.5,
            "band": Band.GOOD,
            "created_at": MONDAY,
            "shown_at": MONDAY,
            "expires_at": MONDAY + timedelta(days=14),
        }
        return session.execute(sa.insert(Introduction).values(row | values))

    return write


def add(make: Callable[[Scene], Any]) -> Write:
    """A new row of any table."""

    def write(session: Session, scene: Scene) -> object:
        session.add(make(scene))
        return session.flush()

    return write


def both(*writes: Write) -> Write:
    """The second write is refused because of the first."""

    def write(session: Session, scene: Scene) -> object:
        return [one(session, scene) for one in writes]

    return write


CONNECTED = {
    "state": State.CONNECTED,
    "lo_decision": ACCEPTED,
    "hi_decision": ACCEPTED,
    "lo_decided_at": MONDAY,
    "hi_decided_at": MONDAY,
    "connected_at": MONDAY,
    "closed_at": MONDAY,
}
CANCELLED = change(state=State.CANCELLED, closed_at=MONDAY)


def swap(scene: Scene) -> dict[str, UUID]:
    return {"company_lo_id": scene.hi_id, "company_hi_id": scene.lo_id}


def mail(scene: Scene, **values: Any) -> OutboxMail:
    return OutboxMail(
        **{
            "kind": MailKind.CONTACT,
            "person_id": scene.person_id,
            "dedupe_key": "contact:1",
            "message_id": f"<{uuid4()}@handschlag>",
            "due_at": MONDAY,
            "give_up_at": MONDAY,
            "created_at": MONDAY,
        }
        | values
    )


def feedback(scene: Scene, **values: Any) -> Feedback:
    return Feedback(
        **{
            "introduction_id": scene.connected_id,
            "side": Side.LO,
            "held": True,
            "given_at": MONDAY,
        }
        | values
    )


REFUSED: dict[str, Write] = {
    "connected by one": change(
        state=State.CONNECTED,
        lo_decision=ACCEPTED,
        lo_decided_at=MONDAY,
        connected_at=MONDAY,
        closed_at=MONDAY,
    ),
    "accepted by both and not connected": change(
        state=State.HALF,
        lo_decision=ACCEPTED,
        hi_decision=ACCEPTED,
        lo_decided_at=MONDAY,
        hi_decided_at=MONDAY,
    ),
    "declined by nobody": change(state=State.DECLINED, closed_at=MONDAY),
    "a no that leaves it open": change(lo_decision=DECLINED, lo_decided_at=MONDAY),
    "half by nobody": change(state=State.HALF),
    "closed without a date": change(state=State.CANCELLED),
    "open with a closing date": change(closed_at=MONDAY),
    "a decision without a date": change(state=State.HALF, lo_decision=ACCEPTED),
    "a reason without a no": change(lo_reason=DeclineReason.OTHER),
    "shown for ever": change(expires_at=None),
    "an unknown state": change(state=sa.text("'perhaps'")),
    "a score above one": change(score=1.01),
    "an end that opens again": change(
        "connected_id", state=State.CANCELLED, connected_at=None
    ),
    "a yes that becomes a no": both(
        change(state=State.HALF, lo_decision=ACCEPTED, lo_decided_at=MONDAY),
        change(state=State.DECLINED, lo_decision=DECLINED, closed_at=MONDAY),
    ),
    "a no that becomes pending": both(
        change(
            state=State.DECLINED,
            hi_decision=DECLINED,
            hi_decided_at=MONDAY,
            closed_at=MONDAY,
        ),
        change(hi_decision=PENDING, hi_decided_at=None),
    ),
    "an introduction that changes its pair": lambda session, scene: session.execute(
        sa.update(Introduction)
        .where(Introduction.id == scene.open_id)
        .values(round_id=scene.later_id)
    ),
    "companies in the wrong order": lambda session, scene: both(
        CANCELLED, new(**swap(scene))
    )(session, scene),
    "two open ones of a pair": new(),
    "two connections of a pair": both(change(**CONNECTED), new(**CONNECTED)),
    "the same pair twice in a round": lambda session, scene: both(
        CANCELLED, new(round_id=scene.round_id)
    )(session, scene),
    "a pair that is blocked": both(
        CANCELLED,
        add(lambda s: Block(company_lo_id=s.lo_id, company_hi_id=s.hi_id, at=MONDAY)),
        new(),
    ),
    "a pair that is cooling down": both(
        CANCELLED,
        add(
            lambda s: Cooldown(
                company_lo_id=s.lo_id,
                company_hi_id=s.hi_id,
                until=MONDAY + timedelta(seconds=1),
                cause=State.DECLINED,
            )
        ),
        new(),
    ),
    "contacts of an open introduction": add(
        lambda s: ContactRelease(
            introduction_id=s.open_id, to_side=Side.LO, released_at=MONDAY
        )
    ),
    "contacts that call an open one connected": add(
        lambda s: ContactRelease(
            introduction_id=s.open_id,
            to_side=Side.LO,
            state=State.HALF,
            released_at=MONDAY,
        )
    ),
    "a sixth suggestion in a week": add(
        lambda s: IntroductionSlot(
            round_id=s.round_id, company_id=s.lo_id, slot=6, introduction_id=s.open_id
        )
    ),
    "two suggestions in one place": add(
        lambda s: IntroductionSlot(
            round_id=s.round_id,
            company_id=s.lo_id,
            slot=1,
            introduction_id=s.connected_id,
        )
    ),
    "feedback about a talk that was not held": add(
        lambda s: feedback(s, held=False, helpful=5)
    ),
    "feedback twice by one side": both(add(feedback), add(feedback)),
    "a mail twice": both(add(mail), add(mail)),
    "a digest without consent": add(lambda s: mail(s, kind=MailKind.DIGEST)),
    "sending without a lease": add(lambda s: mail(s, state=MailState.SENDING)),
    "sent without a date": add(lambda s: mail(s, state=MailState.SENT)),
    "a paid need": lambda session, scene: session.execute(
        sa.update(Listing)
        .where(Listing.kind == "need", Listing.id == scene.need_id)
        .values(paid=Paid.YES)
    ),
    "an endless text": lambda session, scene: session.execute(
        sa.update(Listing).values(text="x" * 4001)
    ),
    "capacity beyond the cap": lambda session, scene: session.execute(
        sa.update(Company).values(capacity=6)
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses(name: str):
    scene = Scene()
    before = contents()

    with pytest.raises((IntegrityError, DataError)), db.transaction() as session:
        REFUSED[name](session, scene)

    assert contents() == before


def contents() -> list[list[Any]]:
    """Every row of the tables that the illegal writes aim at."""
    db.session().rollback()
    tables = (Introduction, ContactRelease, IntroductionSlot, Feedback, OutboxMail)
    return [
        sorted(map(repr, db.session().execute(sa.select(table.__table__))))
        for table in (*tables, Block, Cooldown, Listing, Company)
    ]


def event(scene: Scene) -> DecisionEvent:
    return DecisionEvent(
        introduction_id=scene.open_id, act=DecisionAct.ACCEPT, side=Side.LO, at=MONDAY
    )


def consent(scene: Scene) -> ConsentEvent:
    return ConsentEvent(
        person_id=scene.person_id,
        kind=ConsentKind.DIGEST,
        action=ConsentAction.GRANTED,
        at=MONDAY,
        wording="1",
        source="test",
    )


@pytest.mark.parametrize("make", [event, consent])
@pytest.mark.parametrize("verb", ["update", "delete"])
def test_events_are_only_appended(make: Callable[[Scene], Any], verb: str):
    row = make(Scene())
    table = type(row)
    factories.add(row)
    statement = (
        sa.delete(table)
        if verb == "delete"
        else sa.update(table).values(at=MONDAY + timedelta(days=1))
    )

    refused = pytest.raises(IntegrityError, match="only appended")
    with refused, db.transaction() as session:
        session.execute(statement)

    assert db.session().scalars(sa.select(table.at)).all() == [MONDAY]


@pytest.mark.parametrize("text", ["NUL\x00", "half a pair \ud83d"])
def test_text_that_is_none_is_refused_before_the_database(text: str):
    scene = Scene()

    refused = pytest.raises(StatementError, match="NUL or broken Unicode")
    with refused, db.transaction() as session:
        session.execute(
            sa.update(Person).where(Person.id == scene.person_id).values(name=text)
        )


def test_the_legal_writes_of_the_scene_are_taken():
    scene = Scene()

    with db.transaction() as session:
        CANCELLED(session, scene)
        new()(session, scene)
        session.add_all([mail(scene), feedback(scene), event(scene), consent(scene)])

    states = db.session().scalars(sa.select(Introduction.state)).all()
    assert sorted(states) == [State.CANCELLED, State.CONNECTED, State.PROPOSED]

"""What every sweep is handed: settings, clock, application context, when to stop."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from app.mail import senders
from app.services.rounds import Policy
from config import Settings

if TYPE_CHECKING:
    from matching.engine import Engine

Context = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True)
class Work:
    """`context` opens what mails need to be made; jobs themselves know no Flask."""

    settings: Settings
    context: Context = nullcontext
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    stopping: Callable[[], bool] = lambda: False
    sender: Callable[[Settings], senders.Sender] = senders.sender_of


def policy_of(settings: Settings) -> Policy:
    """When drafts are released by the clock."""
    return Policy(
        hold=timedelta(hours=settings.ROUND_HOLD_HOURS),
        manual_rounds=settings.AUTO_RELEASE_AFTER,
    )


def engine_of(settings: Settings) -> "Engine":
    """Where rounds are computed; raises EngineError if nobody answers there."""
    from matching.engine import from_address

    local = settings.ENGINE == "local" and settings.ENGINE_THREADS > 0
    return from_address(
        f"local:{settings.ENGINE_THREADS}" if local else settings.ENGINE
    )

"""Signed links in mails that work without signing in.

They carry no secret of their own and say what they are for; the page behind them
shows a button, and only pressing it does something.
"""

from collections.abc import Iterable
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer, URLSafeTimedSerializer

from app.errors import NotFound
from app.models import ConsentKind

CONFIRM_WITHIN_SECONDS = 14 * 24 * 3600


def unsubscribe_token(secret: str, person_id: UUID, kind: ConsentKind) -> str:
    """Lets whoever holds the mail take back one kind of consent; never runs out."""
    return _unsubscribe(secret).dumps([person_id.hex, kind.value])


def read_unsubscribe(secret: str, token: str) -> tuple[UUID, ConsentKind]:
    """The person and kind of a token; NotFound for a forged one."""
    try:
        person, kind = _unsubscribe(secret).loads(token)
        return UUID(person), ConsentKind(kind)
    except (BadData, ValueError, TypeError, AttributeError) as error:
        raise NotFound from error


def consent_token(secret: str, person_id: UUID, kinds: Iterable[ConsentKind]) -> str:
    """Grants the kinds that were asked for, for two weeks."""
    return _consent(secret).dumps(
        [person_id.hex, *sorted(kind.value for kind in kinds)]
    )


def read_consent(secret: str, token: str) -> tuple[UUID, list[ConsentKind]]:
    """The person and kinds of a token; NotFound for a forged or old one."""
    try:
        person, *kinds = _consent(secret).loads(token, max_age=CONFIRM_WITHIN_SECONDS)
        return UUID(person), [ConsentKind(kind) for kind in kinds]
    except (BadData, ValueError, TypeError, AttributeError) as error:
        raise NotFound from error


def _unsubscribe(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="mail unsubscribe")


def _consent(secret: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret, salt="mail consent")

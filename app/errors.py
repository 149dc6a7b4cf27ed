"""What a rule of the product can refuse. No HTTP in here: see web/http_errors.py."""


class AppError(Exception):
    """Base of every refusal; `message` is a sentence for the person (a msgid)."""

    message = "Das ist nicht möglich."

    def __init__(self, message: str | None = None, **details: object) -> None:
        super().__init__(message or self.message)
        self.message = message or self.message
        self.details = details


class NotFound(AppError):
    """Absent, or not this visitor's: the two are told apart by nobody."""

    message = "Diese Seite gibt es nicht, oder sie ist nicht für Sie bestimmt."


class NotAllowed(AppError):
    message = "Dafür fehlt Ihrem Konto die Berechtigung."


class Conflict(AppError):
    """The thing has moved on: decided, closed, taken."""

    message = "Das wurde inzwischen anders entschieden."


class AlreadyDecided(Conflict):
    message = "Ihre Firma hat über diese Vorstellung bereits entschieden."


class NoLongerOpen(Conflict):
    message = "Diese Vorstellung ist nicht mehr offen."


class NoCapacity(Conflict):
    message = (
        "Ihre Firma hat gerade so viele offene Vorstellungen, wie Sie zugelassen haben."
    )


class Invalid(AppError):
    """A value cannot be taken; `field` says which."""

    message = "Bitte prüfen Sie die Angaben."

    def __init__(self, message: str, *, field: str = "", **details: object) -> None:
        super().__init__(message, **details)
        self.field = field


class Busy(AppError):
    message = "Gerade arbeitet schon jemand daran. Bitte gleich noch einmal."

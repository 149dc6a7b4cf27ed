"""What a rule of the product can refuse. No HTTP in here: see web/http_errors.py."""


def N_(text: str) -> str:  # noqa: N802 - the name that collectors of texts know
    """Mark a text for translation where no visitor and so no language is known."""
    return text


class AppError(Exception):
    """Base of every refusal; `message` is a sentence for the person (a msgid)."""

    message = N_("Das ist nicht möglich.")

    def __init__(self, message: str | None = None, **details: object) -> None:
        super().__init__(message or self.message)
        self.message = message or self.message
        self.details = details


class NotFound(AppError):
    """Absent, or not this visitor's: the two are told apart by nobody."""

    message = N_("Diese Seite gibt es nicht, oder sie ist nicht für Sie bestimmt.")


class NotAllowed(AppError):
    message = N_("Dafür fehlt Ihrem Konto die Berechtigung.")


class Conflict(AppError):
    """The thing has moved on: decided, closed, taken."""

    message = N_("Das wurde inzwischen anders entschieden.")


class AlreadyDecided(Conflict):
    message = N_("Ihre Firma hat über diese Vorstellung bereits entschieden.")


class NoLongerOpen(Conflict):
    message = N_("Diese Vorstellung ist nicht mehr offen.")


class NoCapacity(Conflict):
    message = N_(
        "Ihre Firma hat gerade so viele offene Vorstellungen, wie Sie zugelassen haben."
    )


class LastAdmin(Conflict):
    message = N_(
        "Sie sind die letzte Person in der Verwaltung. Erst wenn jemand anders diese "
        "Rolle hat, können Sie Ihr Konto löschen."
    )


class Invalid(AppError):
    """A value cannot be taken; `field` says which."""

    message = N_("Bitte prüfen Sie die Angaben.")

    def __init__(self, message: str, *, field: str = "", **details: object) -> None:
        super().__init__(message, **details)
        self.field = field


class Busy(AppError):
    message = N_("Gerade arbeitet schon jemand daran. Bitte gleich noch einmal.")

"""What can go wrong in the engine, in the words of whoever called it."""

from dataclasses import dataclass


class MatchingError(Exception):
    """Base of every error that the engine raises on purpose."""


class KnowledgeError(MatchingError):
    """The knowledge base contradicts itself or is incomplete."""


class SettingsError(MatchingError):
    """A setting is unknown or out of its range."""


class EngineError(MatchingError):
    """The engine that should compute the blocks cannot be reached."""


class Cancelled(MatchingError):
    """The caller asked the engine to stop; nothing was written."""


class OverCapacity(MatchingError):
    """Fixed pairs ask more of a company than it can take on."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """One line of an input file that cannot be used, and why."""

    file: str
    line: int
    field: str
    why: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}: {self.why}"


class BadInput(MatchingError):
    """Rows of an input file are broken; nothing was written."""

    def __init__(self, rows: list[BadRow]) -> None:
        super().__init__("\n".join(map(str, rows)))
        self.rows = rows

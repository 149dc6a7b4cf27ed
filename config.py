"""Settings: read once from the environment, checked, and then never changed."""

import secrets
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

SHORTEST_SECRET = 32
TRUE_WORDS = {"1", "true", "yes", "on", "ja"}
FALSE_WORDS = {"", "0", "false", "no", "off", "nein"}


class BadSettings(Exception):
    """The environment does not describe a service that may start."""


@dataclass(frozen=True)
class Settings:
    """One field per environment variable of the same name; no default = required."""

    SECRET_KEY: str
    BASE_URL: str  # public address; every link in a mail starts with it
    DATABASE_URL: str = ""  # empty: SQLite in DATA_DIR
    DATA_DIR: Path = Path("var")
    DEVELOPMENT: bool = False  # http allowed, weaker cookies
    DEMO: bool = False  # demo association, mails shown at /demo/mail, no SMTP
    ALLOW_NO_TOTP: bool = False  # organizers may work without a second factor
    ASSOCIATION: str = "Mittelstandsverbund"
    IMPRINT: str = ""  # text of the imprint; required in production
    TIMEZONE: str = "Europe/Berlin"
    TRUSTED_PROXIES: int = 0  # hops in front that set X-Forwarded-*
    TRUSTED_HOSTS: tuple[str, ...] = ()  # host names besides that of BASE_URL

    MAIL_SERVER: str = ""
    MAIL_PORT: int = 587
    MAIL_USERNAME: str = ""
    MAIL_PASSWORD: str = ""
    MAIL_TLS: bool = True
    MAIL_FROM: str = "Handschlag <handschlag@localhost>"

    ROUND_WEEKDAY: int = 1  # ISO: 1 is Monday
    ROUND_HOUR: int = 6  # local hour at which the week's round is computed
    ROUND_HOLD_HOURS: int = 26  # time for the review before automatic release
    AUTO_RELEASE_AFTER: int = 8  # rounds that organizers release by hand first
    ENGINE: str = "local"  # or tcp://host:port, tls://host:port of a Dask scheduler
    ENGINE_THREADS: int = 2

    @property
    def database_url(self) -> str:
        if self.DATABASE_URL:
            return self.DATABASE_URL
        return f"sqlite:///{(self.DATA_DIR / 'handschlag.sqlite').absolute()}"

    @property
    def secure(self) -> bool:
        return self.BASE_URL.startswith("https://")

    @property
    def hosts(self) -> list[str]:
        return [urlsplit(self.BASE_URL).hostname or "localhost", *self.TRUSTED_HOSTS]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read every field from the variable of its name.

        Raises BadSettings with all problems at once, one per line.
        """
        values: dict[str, object] = {}
        problems = []
        for field in fields(cls):
            raw = environment.get(field.name)
            if raw is None or raw == "":
                if field.default is MISSING:
                    problems.append(f"{field.name} is not set")
                continue
            try:
                values[field.name] = _parse(raw, field.type)
            except ValueError as error:
                problems.append(f"{field.name}: {error}")
        if problems:
            raise BadSettings("\n".join(problems))

        settings = cls(**values)  # type: ignore[arg-type]
        problems = list(settings.problems())
        if problems:
            raise BadSettings("\n".join(problems))
        return settings

    @classmethod
    def for_tests(cls, **changes: object) -> "Settings":
        values: dict[str, object] = {
            "SECRET_KEY": secrets.token_hex(SHORTEST_SECRET),
            "BASE_URL": "http://localhost",
            "DEVELOPMENT": True,
            "ALLOW_NO_TOTP": True,
        }
        return cls(**(values | changes))  # type: ignore[arg-type]

    def problems(self) -> list[str]:
        """What speaks against starting with these settings."""
        found = []
        if len(self.SECRET_KEY) < SHORTEST_SECRET:
            found.append(f"SECRET_KEY is shorter than {SHORTEST_SECRET} characters")
        if len(set(self.SECRET_KEY)) < SHORTEST_SECRET // 4:
            found.append("SECRET_KEY repeats itself; draw it at random")
        if not urlsplit(self.BASE_URL).hostname:
            found.append("BASE_URL is not an address such as https://example.org")
        if not 1 <= self.ROUND_WEEKDAY <= 7 or not 0 <= self.ROUND_HOUR <= 23:
            found.append("ROUND_WEEKDAY is 1 to 7, ROUND_HOUR 0 to 23")
        if self.DEVELOPMENT:
            return found
        if not self.secure:
            found.append("BASE_URL must be https (or ask for DEVELOPMENT=1)")
        if self.ALLOW_NO_TOTP and not self.DEMO:
            found.append("ALLOW_NO_TOTP is for development and demo only")
        if not self.DEMO and not self.MAIL_SERVER:
            found.append("MAIL_SERVER is not set (or ask for DEMO=1)")
        if not self.DEMO and not self.IMPRINT:
            found.append("IMPRINT is not set: a public site needs one")
        return found


def _parse(raw: str, kind: object) -> object:
    if kind is bool:
        word = raw.strip().lower()
        if word in TRUE_WORDS | FALSE_WORDS:
            return word in TRUE_WORDS
        raise ValueError(f"{raw!r} is neither yes nor no")
    if kind is int:
        return int(raw)
    if kind is Path:
        return Path(raw)
    if kind == tuple[str, ...]:
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    return raw

"""Languages: German is the source, English a complete translation."""

from flask import Flask, has_request_context, request
from flask_babel import Babel, get_locale
from flask_login import current_user

LANGUAGES = ("de", "en")
COOKIE = "lang"

babel = Babel()


def init_app(app: Flask) -> None:
    app.config.setdefault("BABEL_DEFAULT_LOCALE", "de")
    app.config.setdefault("BABEL_DEFAULT_TIMEZONE", app.config["TIMEZONE"])
    babel.init_app(app, locale_selector=choose)
    app.jinja_env.globals.update(language=language)


def choose() -> str:
    """The visitor's own choice, else the account's, else the browser's, else German."""
    if not has_request_context():
        return "de"
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return chosen
    if getattr(current_user, "is_authenticated", False):
        return current_user.locale if current_user.locale in LANGUAGES else "de"
    return request.accept_languages.best_match(LANGUAGES) or "de"


def language() -> str:
    """The language of the page being made: de or en."""
    locale = get_locale()
    return str(locale.language) if locale else "de"

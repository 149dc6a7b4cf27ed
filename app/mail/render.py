"""Turns a mail's three templates into a letter: subject, plain text, HTML by MJML."""

import textwrap
from functools import lru_cache
from typing import Any

import mrml
from flask import Flask, current_app
from jinja2 import Environment

from app.mail.envelopes import Letter

LINE = 76


def letter(template: str, **values: Any) -> Letter:
    """Render `mail/<template>.subject.txt`, `.txt` and `.mjml` in the current
    language. Values are escaped in the MJML template only."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    values = {"config": app.config, **values}
    plain, escaping = app.jinja_env, _escaping(app)
    subject = plain.get_template(f"mail/{template}.subject.txt").render(values)
    text = plain.get_template(f"mail/{template}.txt").render(values)
    mjml = escaping.get_template(f"mail/{template}.mjml").render(values)
    return Letter(
        subject=" ".join(subject.split()),
        text=_wrapped(text),
        html=mrml.to_html(mjml).content,
    )


@lru_cache(maxsize=4)
def _escaping(app: Flask) -> Environment:
    """The app's templates, with every value escaped: MJML is markup."""
    return app.jinja_env.overlay(autoescape=True)


def _wrapped(text: str) -> str:
    """Lines of readable length; addresses stay whole, at most one empty line."""
    lines: list[str] = []
    for line in text.strip().splitlines():
        stripped = line.rstrip()
        if not stripped:
            if lines and lines[-1]:
                lines.append("")
            continue
        indent = " " * (len(stripped) - len(stripped.lstrip()))
        lines += textwrap.wrap(
            stripped,
            LINE,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join(lines) + "\n"

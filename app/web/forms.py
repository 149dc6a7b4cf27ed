"""What forms share: cleaned text, and service refusals shown at their field."""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import Field, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, StopValidation
from wtforms.widgets import CheckboxInput, ListWidget

from app.errors import Invalid
from app.models.base import NOT_TEXT


class Form(FlaskForm):
    """A form whose own validators give German sentences, translated."""

    class Meta(FlaskForm.Meta):
        def get_translations(self, form: Any) -> None:
            return None  # ours speak through our catalogue

    @contextmanager
    def telling(self) -> Iterator[None]:
        """A refusal inside becomes an error of the field it names."""
        try:
            yield
        except Invalid as refused:
            told = _(refused.message, **refused.details)
            if refused.field in self:
                field = self[refused.field]
                field.errors = [*field.errors, told]
            else:
                self.form_errors.append(told)


def cleaned(text: str | None) -> str:
    """One line or more, composed, without blanks at the ends."""
    return unicodedata.normalize("NFC", text or "").strip()


class Words(StringField):
    """A line of text: trimmed, composed, without NUL and broken Unicode."""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = cleaned(valuelist[0]) if valuelist else ""

    def pre_validate(self, form: Any) -> None:
        if NOT_TEXT.search(self.data or ""):
            raise StopValidation(_("Das enthält Zeichen, die kein Text sind."))


class Paragraphs(TextAreaField):
    """Text over several lines, kept as typed but for its ends."""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = cleaned(valuelist[0]) if valuelist else ""

    def pre_validate(self, form: Any) -> None:
        if NOT_TEXT.search(self.data or ""):
            raise StopValidation(_("Das enthält Zeichen, die kein Text sind."))


class Boxes(SelectMultipleField):
    """Several of many, as boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class Required(DataRequired):
    """Refuses an empty field with a sentence."""

    def __init__(self, message: Any) -> None:
        super().__init__(message=message)


class AtMost(Length):
    """Refuses more than so many characters, and says how many there are."""

    def __init__(self, most: int) -> None:
        super().__init__(max=most)

    def __call__(self, form: Any, field: Field) -> None:
        length = len(field.data or "")
        if length > self.max:
            raise StopValidation(
                _(
                    "Höchstens %(most)s Zeichen, es sind %(length)s.",
                    most=self.max,
                    length=length,
                )
            )

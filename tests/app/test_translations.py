"""The English interface is complete and says what the code says."""

from tools import translate


def test_every_text_has_an_english_one_with_the_same_placeholders():
    assert translate.missing(translate.merged()) == []


def test_the_compiled_catalogue_is_that_of_the_texts():
    from babel.support import Translations

    compiled = Translations.load(str(translate.FOLDER.parent.parent), ["en"])

    for message in translate.merged():
        if isinstance(message.id, str) and message.id:
            assert compiled.gettext(message.id) == message.string

"""What members write: cleaned, and refused when it carries contact data.

Contacts are exchanged by an introduction only. The patterns are cautious: a number
must look like a telephone number and an address like an address, so that years,
norms, machine names, dates and abbreviations pass.
"""

import re
import unicodedata

from app.errors import N_, Invalid

CONTACTS = N_(
    "Der Text enthält eine E-Mail-Adresse, eine Telefonnummer oder einen Link."
    " Kontaktdaten werden erst bei einer Vorstellung ausgetauscht."
)
NO_TEXT = N_("Der Text enthält Zeichen, die kein Text sind.")
TOO_LONG = N_("Der Text ist zu lang: höchstens %(most)s Zeichen, es sind %(length)s.")
EMPTY = N_("Bitte schreiben Sie hier etwas.")

# Control characters but tab and line ends; lone surrogates; what a decoder puts
# where bytes were no text.
_BINARY = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffd\ufffe\uffff]"
)
# Turn the direction of writing around, or cannot be seen at all.
_UNSEEN = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_BLANKS = re.compile(r"[ \t\u00a0]+")
_LINE_END = re.compile(r" ?(?:\r\n|[\r\n\u2028\u2029]) ?")
_GAPS = re.compile(r"\n{3,}")

_TLDS = (
    "de|com|net|org|eu|info|biz|at|ch|io|ai|app|dev|shop|online|gmbh|cloud|tech|digital"
)
_MAIL = re.compile(
    rf"""
    (?<![\w.+-]) [\w.+-]+ @ [\w-]+ (?: \. [\w-]+ )+  # kim@firma.example
    | (?<![\w.+-]) \w [\w.+-]* \s*                      # kim (at) firma
      [(\[{{] \s* (?: at | ät | @ ) \s* [)\]}}] \s* \w
    | \b \w [\w.-]* \s+ at \s+ [\w-]+ \s* (?: \. | \s (?: dot | punkt ) \s )
      \s* (?: {_TLDS} ) \b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"\b(?:https?|ftp)\s?:\s?//|\bwww\.\w|\bmailto:|\b(?:t\.me|wa\.me|bit\.ly)/",
    re.IGNORECASE,
)
# Lower case only: "vorhanden.De" is a forgotten blank, not a domain.
_DOMAIN = re.compile(rf"(?<![\w@.-])((?:[\w-]+\.)+(?:{_TLDS}))(?![\w-]|\.\w)(?:/\S*)?")
# Names of products and marketplaces that companies talk about.
_PRODUCTS = frozenset(
    {
        "amazon.com",
        "amazon.de",
        "asp.net",
        "ado.net",
        "autoscout24.de",
        "booking.com",
        "c3.ai",
        "check24.de",
        "character.ai",
        "copy.ai",
        "ebay.de",
        "fireflies.ai",
        "h2o.ai",
        "holidaycheck.de",
        "hrs.de",
        "idealo.de",
        "immobilienscout24.de",
        "indeed.com",
        "kleinanzeigen.de",
        "mobile.de",
        "monday.com",
        "otter.ai",
        "salesforce.com",
        "stepstone.de",
        "vb.net",
    }
)

_DATES_AND_TIMES = re.compile(
    r"""
    \b \d{1,2} \. \s? \d{1,2} \. (?: \s? (?:19|20)? \d{2} \b )?     # 05.11.2024
    | \b (?:19|20) \d{2} - \d{2} - \d{2} \b                         # 2024-11-05
    | \b \d{1,2} [./] (?:19|20) \d{2} \b                            # 05/2024
    | \b \d{1,2} [.:] \d{2} \s* (?: - | – | bis ) \s* \d{1,2} [.:] \d{2} \b
    """,
    re.VERBOSE,
)
_PHONE = re.compile(
    r"""
    (?<![\w,.:/+-])
    (?:
      (?: \+ | 00 ) [1-9] \d{0,2} [\s./-]* (?: \(0\) [\s./-]* )?
      (?: \d [\s./()-]{0,3} ){5,13} \d                              # +49 731 123456
      | \(? 0 [1-9] \d{1,4} \)? [\s./-]{0,3} (?: \d [\s./-]? ){4,9} \d  # 0731 / 12345
    )
    (?! [\w,] )
    """,
    re.VERBOSE,
)
_CALLED = re.compile(
    r"""
    \b (?: tel(?:efon)?(?:nummer)? | fon | mobil(?:nummer)? | handy(?:nummer)?
         | (?:tele)?fax | whats\s?app | signal | phone | durchwahl )
    \b [\s.:]* (?: unter \s | nr \.? \s? | : )? \s*
    \(? [+\d] (?: [\s./()-]? \d ){4,}
    """,
    re.VERBOSE | re.IGNORECASE,
)
# A number after one of these names a thing.
_NAMES_A_THING = re.compile(
    r"(?:\b(?:din|en|iso|iec|vde|vdi|wz|plz|ean|gtin|iban|sku|typ|modell|baureihe)"
    r"|(?:artikel|art|teile|material|serien|sach|kunden|auftrags|chargen|zeichnungs)"
    r"[.-]*(?:nr|nummern?))[\s.:#-]*$",
    re.IGNORECASE,
)


def clean(raw: str) -> str:
    """Composed Unicode, one kind of line end, no blanks at the edges."""
    text = _UNSEEN.sub("", unicodedata.normalize("NFC", raw))
    text = _LINE_END.sub("\n", _BLANKS.sub(" ", text))
    return _GAPS.sub("\n\n", text).strip()


def checked(raw: str, *, field: str, longest: int, required: bool = True) -> str:
    """The cleaned text of a form's field.

    Raises Invalid with the field and the reason: as `plain`, nothing written,
    contact data.
    """
    text = plain(raw, field=field, longest=longest)
    found = contact_in(text)
    if found:
        raise Invalid(CONTACTS, field=field, found=found)
    if required and not any(letter.isalpha() for letter in text):
        raise Invalid(EMPTY, field=field)
    return text


def plain(raw: str, *, field: str, longest: int) -> str:
    """The cleaned text of a field that no other member reads; may be empty.

    Raises Invalid with the field: bytes that are no text, too much written.
    """
    if _BINARY.search(raw):
        raise Invalid(NO_TEXT, field=field)
    text = clean(raw)
    if len(text) > longest:
        raise Invalid(TOO_LONG, field=field, most=longest, length=len(text))
    return text


def contact_in(text: str) -> str | None:
    """The first mail address, link or telephone number in a text."""
    for pattern in (_MAIL, _ADDRESS):
        found = pattern.search(text)
        if found:
            return found.group().strip()
    for domain in _DOMAIN.finditer(text):
        if domain.group(1).lower() not in _PRODUCTS:
            return domain.group().strip()
    return _phone_in(_DATES_AND_TIMES.sub(" · ", text))


def _phone_in(text: str) -> str | None:
    called = _CALLED.search(text)
    if called:
        return called.group().strip()
    for number in _PHONE.finditer(text):
        if not _NAMES_A_THING.search(text[: number.start()]):
            return number.group().strip()
    return None

"""Is this my company? Folding and near misses."""

import pytest

from app.models import CompanyStatus
from app.services import company_names
from tests import factories


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Gießerei Müller GmbH & Co. KG", "giesserei mueller"),
        ("MÜLLER AG", "mueller"),
        ("Meyer e.K.", "meyer"),
        ("Kern UG (haftungsbeschränkt)", "kern"),
        ("Kern UG (haftungsbeschränkt) & Co. KG", "kern"),
        ("Lebenshilfe Ulm gGmbH", "lebenshilfe ulm"),
        ("Wind Nord e. G.", "wind nord"),
        ("Schmidt und Co. KG", "schmidt"),
        ("Holz-Werk  Süd", "holz werk sued"),
        ("SE", "se"),
        ("Kage GmbH", "kage"),
        ("", ""),
        ("株式会社", ""),
    ],
)
def test_the_key_is_the_name_without_its_dress(name, key):
    assert company_names.key(name) == key


@pytest.mark.parametrize(
    "typed",
    [
        "Gießerei Albrecht",
        "GIESSEREI ALBRECHT GMBH",
        "Giesserei Albrecht AG",
        "Gieserei Albrecht",
        "Albrecht Gießerei",
    ],
)
def test_typing_errors_and_legal_forms_do_not_hide_a_company(session, typed):
    known = _known("Gießerei Albrecht GmbH")
    _known("Bäckerei Huber")

    found = company_names.similar(session, typed)

    assert [one.id for one in found] == [known.id]


@pytest.mark.parametrize(
    "typed", ["", "ab", "Möbelhaus Krause", "GmbH", "\x00", "💡💡💡"]
)
def test_other_names_find_nothing(session, typed):
    _known("Gießerei Albrecht GmbH")

    assert company_names.similar(session, typed) == []


@pytest.mark.parametrize("status", [CompanyStatus.REFUSED, CompanyStatus.CLOSED])
def test_companies_that_are_gone_are_not_offered(session, status):
    _known("Gießerei Albrecht GmbH", status=status)

    assert company_names.similar(session, "Gießerei Albrecht") == []


def _known(name: str, **values: object):
    return factories.company(name=name, name_key=company_names.key(name), **values)

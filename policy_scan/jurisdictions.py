"""Jurisdictions: ISO 3166-1 and -2 codes, EU, and the Communities of Belgium, which have no ISO code."""

from __future__ import annotations

from functools import cache

from .translation import translations

UNKNOWN = "unknown"
NATIONAL = "NAT"
"""BE-NAT: the column of Belgium's federal acts beside those of its parts. ISO 3166-2 has no such part anywhere; the
acts themselves bear the country's own code."""
_FEDERATIONS = frozenset({"AT", "BE", "CH", "DE"})
_ALIASES = {"EL": "GR", "UK": "GB"}
_COMMUNITIES = {"BE-DG": "Deutschsprachige Gemeinschaft", "BE-FWB": "Fédération Wallonie-Bruxelles"}


@cache
def normalise(name: str) -> str | None:
    """The code that a folder or a manifest names, or None: 'el' -> 'GR', 'BE-VLG' -> 'BE-VLG', 'Spain' -> None."""
    code = name.strip().upper().replace("_", "-")
    head, _, part = code.partition("-")
    head = _ALIASES.get(head, head)
    part = "" if part == NATIONAL else part
    code = f"{head}-{part}" if part else head
    if code == "EU" or code in _COMMUNITIES:
        return code
    import pycountry  # an import of 0.1 s that `--help` and a warm run of known codes don't need

    if part:
        return code if pycountry.subdivisions.get(code=code) else None
    return code if len(code) == 2 and pycountry.countries.get(alpha_2=code) else None


def country_of(code: str) -> str:
    """The country that a code belongs to: 'BE-VLG' -> 'BE', 'FR' -> 'FR', 'EU' -> 'EU'."""
    return code.partition("-")[0]


@cache
def country_name(code: str) -> str:
    """The English name of a code's country; '' for `unknown`."""
    country = country_of(code)
    if country == "EU":
        return "European Union"
    if country == UNKNOWN:
        return ""
    import pycountry

    found = pycountry.countries.get(alpha_2=country)
    return str(getattr(found, "common_name", found.name)) if found else ""


@cache
def place_name(code: str, language: str) -> str:
    """A jurisdiction's name in a report's language: 'Grèce', 'Région wallonne (BE-WAL)'; its code where none is known.

    Countries are named by the CLDR, their parts by ISO 3166-2 with the code; Belgium's levels by the names that their
    administrations use, since ISO has no Communities, and knows Flanders as the Region alone.
    """
    country, _, part = code.partition("-")
    t = translations(language)
    own = {
        UNKNOWN: t.pgettext("jurisdiction", "unknown"),
        "BE-BRU": t.pgettext("jurisdiction", "Brussels-Capital Region"),
        "BE-DG": t.pgettext("jurisdiction", "German-speaking Community"),
        "BE-FWB": t.pgettext("jurisdiction", "French Community"),
        "BE-VLG": t.pgettext("jurisdiction", "Flanders"),
        "BE-WAL": t.pgettext("jurisdiction", "Walloon Region"),
    }
    if code in own:
        name = own[code]
    elif part == NATIONAL and country in _FEDERATIONS:
        name = t.pgettext("jurisdiction", "federal level")
    elif part == NATIONAL:
        name = t.pgettext("jurisdiction", "national level")
    elif part:
        name = _part_name(code, language)
    else:
        from babel import Locale

        name = Locale.parse(language).territories.get(country, "")
    return f"{name} ({code})" if part and name else name or code


def _part_name(code: str, language: str) -> str:
    """ISO's name of a country's part, put in the order of speech ('Moselle, Département de'); '' for an unknown one."""
    import gettext

    import pycountry

    found = pycountry.subdivisions.get(code=code)
    if found is None:
        return ""
    named = gettext.translation("iso3166-2", pycountry.LOCALES_DIR, languages=[language], fallback=True).gettext
    last, comma, first = named(found.name).partition(", ")
    return f"{first} {last}" if comma else last

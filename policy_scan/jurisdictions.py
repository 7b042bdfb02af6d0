"""Jurisdictions: ISO 3166-1 and -2 codes, EU, and the Communities of Belgium, which have no ISO code."""

from __future__ import annotations

from functools import cache

UNKNOWN = "unknown"
_ALIASES = {"EL": "GR", "UK": "GB"}
_COMMUNITIES = {"BE-DG": "Deutschsprachige Gemeinschaft", "BE-FWB": "Fédération Wallonie-Bruxelles"}


@cache
def normalise(name: str) -> str | None:
    """The code that a folder or a manifest names, or None: 'el' -> 'GR', 'BE-VLG' -> 'BE-VLG', 'Spain' -> None."""
    code = name.strip().upper().replace("_", "-")
    head, _, part = code.partition("-")
    head = _ALIASES.get(head, head)
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

"""The interface's words in the languages of the reports: gettext catalogues under `locale/`, English in the source.

Catalogues are extracted, merged and compiled by `tools/catalogues.py` (Babel); the compiled ones ship in the package,
so that reading them needs the standard library alone. Quotations are never translated.
"""

from __future__ import annotations

import gettext
from collections.abc import Iterable
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "fr", "nl", "de", "el", "ro")
"""Languages that reports speak: English is the source's, the others have a catalogue each."""
DOMAIN = "policy_scan"
CATALOGUES = Path(__file__).parent / "locale"


@cache
def translations(language: str) -> gettext.NullTranslations:
    """The catalogue of `language`: its `gettext`, `ngettext` and `pgettext` give English where it has a gap."""
    return gettext.translation(DOMAIN, CATALOGUES, languages=[language], fallback=True)


def listed(items: Iterable[str], language: str) -> str:
    """Items in a row, parted by the mark that the language has between clauses: '; ', in Greek '· '."""
    return translations(language).pgettext("between items of a list", "; ").join(items)

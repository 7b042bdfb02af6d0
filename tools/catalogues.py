"""Bring the catalogues of the reports' languages up to date with the source, and compile them (`make catalogues`).

    python tools/catalogues.py           extract from policy_scan/, merge into each .po, compile each .mo
    python tools/catalogues.py --missing the same, then list what awaits a translation; exit 1 where something does

What the source no longer says is dropped, what is new stands empty: fill its `msgstr` in the .po and run it again. The
files hold no dates, names or line numbers, so that they change only where words change.
"""

from __future__ import annotations

import ast
import io
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from policy_scan.translation import CATALOGUES, DOMAIN, LANGUAGES

PACKAGE = Path(__file__).parents[1] / "policy_scan"
TRANSLATED = LANGUAGES[1:]
"""English is the source's own language and needs no catalogue."""
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "p": ((1, "c"), 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}


class PlainCatalog(Catalog):
    """A catalogue whose header tells language, encoding and plural forms, and nothing of who wrote it, when or where.

    It overrides what Babel writes; read_po() makes Babel's own class, whose messages `read_catalogue` takes over.
    """

    def __init__(self, language: str | None = None) -> None:
        super().__init__(locale=language, header_comment="", fuzzy=False)
        self.language = language

    @property
    def mime_headers(self) -> list[tuple[str, str]]:  # type: ignore[override]
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Transfer-Encoding", "8bit")]
        if self.language:
            headers += [("Language", self.language), ("Plural-Forms", self.plural_forms)]
        return headers


def calls_in(source: bytes) -> Iterator[tuple[ast.Call, str, list[str | None]]]:
    """Calls of the functions of KEYWORDS, by name or as attribute, and their arguments: None for what is no literal."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in KEYWORDS:
                texts = [one.value if isinstance(one, ast.Constant) else None for one in node.args]
                yield node, name, [text if isinstance(text, str) else None for text in texts]


def from_python(
    stream: IO[bytes], keywords: Mapping[str, Any], tags: Collection[str], options: Mapping[str, Any]
) -> Iterator[tuple[int, str, tuple[str | None, ...], list[str]]]:
    """An extraction method for Babel, whose own reads tokens and so misses calls inside an f-string (Python < 3.12)."""
    for node, name, texts in calls_in(stream.read()):
        yield node.lineno, name, tuple(texts), []


METHODS = [("**.py", from_python), ("**/templates/**.html", "jinja2.ext:babel_extract")]


def extract() -> PlainCatalog:
    """What the package says, in English, without where it says so."""
    found = PlainCatalog()
    for _, _, message, _, context in extract_from_dir(str(PACKAGE), METHODS, keywords=KEYWORDS):
        found.add(message, context=context)
    return found


def unreadable_calls() -> list[str]:
    """'file:line' of calls whose words aren't plain literals, so that no catalogue can have them."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node, name, texts in calls_in(path.read_bytes()):
            wanted = {"gettext": 1, "ngettext": 2, "pgettext": 2, "npgettext": 3}.get(name, 0)
            if len(texts) < wanted or None in texts[:wanted]:
                found.append(f"{path.relative_to(PACKAGE)}:{node.lineno}")
    return found


def po_path(language: str) -> Path:
    return CATALOGUES / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def read_catalogue(language: str) -> PlainCatalog:
    """A language's catalogue as it stands in its .po; empty where there is none yet."""
    catalogue = PlainCatalog(language)
    if po_path(language).is_file():
        with po_path(language).open("rb") as stream:
            for message in read_po(stream, locale=language):
                if message.id:
                    catalogue[message.id] = message
    return catalogue


def po_bytes(catalogue: Catalog) -> bytes:
    stream = io.BytesIO()
    write_po(stream, catalogue, width=110, no_location=True, sort_output=True, ignore_obsolete=True)
    return stream.getvalue().lstrip(b"\n")


def mo_bytes(catalogue: Catalog) -> bytes:
    stream = io.BytesIO()
    write_mo(stream, catalogue)
    return stream.getvalue()


def merged(language: str, template: Catalog) -> PlainCatalog:
    """A language's catalogue with what the template has, nothing else, and every translation that is still of use."""
    catalogue = read_catalogue(language)
    catalogue.update(template, no_fuzzy_matching=True)
    return catalogue


def gaps(catalogue: Catalog) -> Iterator[Message]:
    """Messages without a translation, or without all of its plural forms."""
    for message in catalogue:
        forms = message.string if isinstance(message.string, list | tuple) else [message.string]
        wanted = catalogue.num_plurals if message.pluralizable else 1
        if message.id and (len(forms) != wanted or not all(forms)):
            yield message


def main() -> int:
    template, missing = extract(), 0
    for language in TRANSLATED:
        catalogue = merged(language, template)
        path = po_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(po_bytes(catalogue))
        path.with_suffix(".mo").write_bytes(mo_bytes(catalogue))
        empty = list(gaps(catalogue))
        missing += len(empty)
        print(f"{language}: {len(catalogue)} messages, {len(empty)} without a translation")
        if "--missing" in sys.argv:
            for message in empty:
                print(f"    {message.context or ''}\t{message.id}")
    return 1 if missing and "--missing" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())

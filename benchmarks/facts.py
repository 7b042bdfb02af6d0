"""Does a run's table hold what a careful reader would list? Facts noted by hand, looked up in the run's tables.

    python benchmarks/facts.py OUT [--facts tests/data/reader_facts.csv]

A fact is a quotation of a document's page and the theme that a reader who knew the codebook filed it under, noted
without seeing any coding. The file holds no text: `words` counts the quotation's folded words, `digest` is the start of
their SHA-256, and the place is found by sliding a window of that many words over the page's text. Rows without a theme
are sentences that use the field's words and belong under none.

One theme is noted per fact, though a passage may have several: a theme found beside it is no error, and these rows
measure recall alone; the rows without a theme measure false alarms on hard cases. Intervals are Wilson's, 95 %.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from policy_scan.errors import ConfigError, PolicyScanError
from policy_scan.records import BINDING_TYPES, Coding, Document, Page, Provision
from policy_scan.report.common import RunData, Standing, list_evidence, load_run
from policy_scan.tables import read_records

FACTS = Path(__file__).parents[1] / "tests" / "data" / "reader_facts.csv"
DIGITS = 16
_COLUMNS = ("path", "page", "theme", "words", "digest")
_WORD = re.compile(r"[^\W_]+")
_Z = 1.959963984540054
_LENGTHS = (0, 300, 700, 1500)

Outcome = Literal["found", "other", "none", "no_provision", "no_place"]
"""The fact's theme assigned; only other themes; no theme; its place is in no provision; its place isn't found."""
Place = tuple[int, int]
"""[start, end) in a page's text, in code points."""


@dataclass(frozen=True, slots=True)
class Fact:
    path: str
    """Relative to the corpus."""
    page: int
    theme: str
    """'' = belongs under no theme."""
    words: int
    digest: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a fact in a run."""

    fact: Fact
    outcome: Outcome
    standings: frozenset[Standing]
    """How the theme's codings stand in their cells; empty unless found."""
    assigned: tuple[str, ...]
    """Themes assigned to the provisions there."""
    probability: float | None
    """The highest for the fact's theme; None where it was not weighed."""
    language: str
    country: str
    binding: bool
    length: int
    """Code points of the longest provision there."""


def fold(text: str) -> list[tuple[str, int, int]]:
    """The words without accents and case (NFKD, no marks; letters and digits), each with its [start, end)."""
    folded: list[str] = []
    origin: list[int] = []
    for at, char in enumerate(text):
        plain = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c)).casefold()
        folded.append(plain)
        origin += [at] * len(plain)
    return [(m.group(), origin[m.start()], origin[m.end() - 1] + 1) for m in _WORD.finditer("".join(folded))]


def digest(words: Iterable[str]) -> str:
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:DIGITS]


def find_places(fact: Fact, text: str) -> list[Place]:
    """Everywhere the quotation stands in the text."""
    words = fold(text)
    plain = [word for word, _, _ in words]
    return [
        (words[at][1], words[at + fact.words - 1][2])
        for at in range(len(words) - fact.words + 1)
        if digest(plain[at : at + fact.words]) == fact.digest
    ]


def read_facts(file: Path) -> list[Fact]:
    """Raises ConfigError where the file is missing, lacks a column or holds something else than numbers in two."""
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            return [
                Fact(row["path"], int(row["page"]), row["theme"], int(row["words"]), row["digest"])
                for row in csv.DictReader(stream)
            ]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{file} holds no facts ({error}).", f"give a CSV file with the columns {', '.join(_COLUMNS)}."
        ) from error


def judge(facts: Sequence[Fact], run: RunData, pages: Iterable[Page]) -> list[Judged]:
    """Look each fact up in a run. Facts of documents that the run doesn't have are left out."""
    documents = {path: document for document in run.documents for path in (document.path, *document.other_paths)}
    texts = {(page.doc_id, page.page): page.text for page in pages}
    provisions: dict[str, list[Provision]] = {}
    for provision in run.provisions:
        provisions.setdefault(provision.doc_id, []).append(provision)
    codings: dict[str, list[Coding]] = {}
    for coding in run.codings:
        codings.setdefault(coding.provision_id, []).append(coding)
    standings: dict[tuple[str, str], set[Standing]] = {}
    for evidence in list_evidence(run):
        standings.setdefault((evidence.provision.provision_id, evidence.theme), set()).add(evidence.standing)

    def one(fact: Fact, document: Document) -> Judged:
        places = find_places(fact, texts.get((document.doc_id, fact.page), ""))
        there = [p for p in provisions.get(document.doc_id, []) if _overlaps(p, fact.page, places)]
        codes = [coding for provision in there for coding in codings.get(provision.provision_id, [])]
        assigned = tuple(dict.fromkeys(coding.theme for coding in codes if coding.assigned))
        weighed = [coding.probability for coding in codes if coding.theme == fact.theme]
        found = [standings.get((provision.provision_id, fact.theme), set()) for provision in there]
        outcome: Outcome
        if not places:
            outcome = "no_place"
        elif not there:
            outcome = "no_provision"
        elif fact.theme in assigned:
            outcome = "found"
        else:
            outcome = "other" if assigned else "none"
        return Judged(
            fact=fact, outcome=outcome, standings=frozenset().union(*found), assigned=assigned,
            probability=max(weighed, default=None),
            language=there[0].language if there else document.language.partition(";")[0],
            country=document.jurisdiction.partition("-")[0], binding=document.doc_type in BINDING_TYPES,
            length=max((len(provision.text) for provision in there), default=0),
        )  # fmt: skip

    return [one(fact, documents[fact.path]) for fact in facts if fact.path in documents]


def _overlaps(provision: Provision, page: int, places: Sequence[Place]) -> bool:
    return any(
        at == page and start < last and first < end for at, start, end in provision.spans for first, last in places
    )


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a proportion (Wilson 1927); (0, 1) where n is 0."""
    if not n:
        return 0.0, 1.0
    share, square = hits / n, _Z * _Z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = _Z * (share * (1 - share) / n + square / (4 * n * n)) ** 0.5 / (1 + square / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def _share(hits: int, n: int) -> str:
    low, high = wilson(hits, n)
    return f"{hits:4d} {hits / n:5.2f} ({low:.2f}-{high:.2f})" if n else f"{hits:4d}"


def _table(title: str, rows: Sequence[Judged], key: Callable[[Judged], str]) -> Iterable[str]:
    yield f"{title:20}{'n':>4}  {'theme assigned':23}  {'in the cell':23}  any theme"
    groups: dict[str, list[Judged]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    for name, group in [*sorted(groups.items()), ("all", list(rows))]:
        hits = sum(row.outcome == "found" for row in group)
        shown = sum(not row.standings.isdisjoint({"evidence", "to_check"}) for row in group)
        some = sum(bool(row.assigned) for row in group)
        n = len(group)
        yield f"{name:20}{n:4d}  {_share(hits, n):23}  {_share(shown, n):23}  {_share(some, n)}"
    yield ""


def _length(row: Judged) -> str:
    return f"{max(limit for limit in _LENGTHS if row.length >= limit):5d} chars and more"


def report(judged: Sequence[Judged]) -> Iterable[str]:
    """The lines of the report: shares by theme and other groups, the misses, and the rows without theme."""
    facts = [row for row in judged if row.fact.theme]
    yield from _table("theme", facts, lambda row: row.fact.theme)
    yield from _table("language", facts, lambda row: row.language)
    yield from _table("country", facts, lambda row: row.country)
    yield from _table("kind of document", facts, lambda row: "binding act" if row.binding else "other")
    yield from _table("length of provision", facts, _length)
    yield "Found, by how it stands in the cell:"
    for standing in ("evidence", "to_check", "version", "no_cell"):
        yield f"  {standing:10}{sum(standing in row.standings for row in facts):4d}"
    misses = [row for row in facts if row.outcome != "found"]
    yield f"\nMissed: {len(misses)} of {len(facts)}"
    for row in misses:
        weighed = "-" if row.probability is None else f"{row.probability:.2f}"
        told = ", ".join(row.assigned) or row.outcome
        about = f"probability {weighed}; {row.length} chars; assigned: {told}"
        yield f"  {row.fact.path} p. {row.fact.page}: {row.fact.theme} ({about})"
    without = [row for row in judged if not row.fact.theme]
    kept = sum(not row.assigned for row in without)
    yield f"\nRows without theme that stayed without: {_share(kept, len(without))} of {len(without)}"
    for row in without:
        if row.assigned:
            yield f"  {row.fact.path} p. {row.fact.page}: assigned {', '.join(row.assigned)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, help="the folder of a finished run")
    parser.add_argument("--facts", type=Path, default=FACTS)
    options = parser.parse_args()
    try:
        facts, run = read_facts(options.facts), load_run(options.output)
        seen = {(one.provision_id, one.theme): one for one in run.codings}
        machine = read_records(options.output, "codings", Coding)
        run = replace(
            run,
            provisions=tuple(read_records(options.output, "provisions", Provision)),
            codings=tuple(seen.get((one.provision_id, one.theme), one) for one in machine),
            is_whole=True,
        )
        judged = judge(facts, run, read_records(options.output, "pages", Page))
    except PolicyScanError as error:
        sys.exit(f"{error}")
    print("\n".join(report(judged)))
    if len(judged) < len(facts):
        print(f"\n{len(facts) - len(judged)} facts are of documents that this run doesn't have.")


if __name__ == "__main__":
    main()

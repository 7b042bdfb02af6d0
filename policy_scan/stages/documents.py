"""Stage documents: what is in the corpus. Identity by bytes, manifest first, inference second and marked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from ..corpus import MANIFEST, FoundFile, ManifestRow
from ..jurisdictions import UNKNOWN, country_name
from ..records import (
    BINDING_TYPES,
    FURNITURE_KINDS,
    Block,
    BlockLanguage,
    Document,
    Facts,
    Issue,
    Page,
    Source,
)

_STAGE = "documents"
_SAID = ("title", "issuer", "date", "in_force", "repealed", "doc_type", "legal_status", "url", "licence")
"""Columns of the manifest that a document has one of."""
_row_says = attrgetter(*_SAID)


def _said(rows: Sequence[ManifestRow], name: str) -> str | None:
    """The first thing that the manifest says of any of a document's paths."""
    return next((value for row in rows if (value := getattr(row, name)) is not None), None)


def _source(files: Sequence[FoundFile], rows: Sequence[ManifestRow], by_path: Mapping[str, ManifestRow]) -> Source:
    codes = []
    for file in files:
        row = by_path.get(file.path)
        codes.append((row.jurisdiction if row else None) or file.jurisdiction)
    known = tuple(dict.fromkeys(code for code in codes if code != UNKNOWN))
    jurisdictions = known or (UNKNOWN,)
    first = files[0]
    identity: dict[str, Any] = {
        "doc_id": first.doc_id,
        "path": first.path,
        "other_paths": tuple(file.path for file in files[1:]),
        "jurisdiction": jurisdictions[0],
        "jurisdictions": jurisdictions,
        "n_bytes": first.n_bytes,
    }
    if not rows:
        return Source(**identity)
    said: dict[str, Any] = dict(zip(_SAID, _row_says(rows[0]), strict=True))
    for name, value in said.items():
        if value is None and len(rows) > 1:
            said[name] = _said(rows, name)
    return Source(
        **identity,
        **said,
        languages=next((row.languages for row in rows if row.languages), ()),
        # Read when any of its paths is to be read: an exclusion of one copy must not hide another country's.
        include=any(row.include for row in rows) or len(rows) < len(files),
        exclude_reason=next((row.exclude_reason for row in rows if not row.include), ""),
    )


def identify_documents(
    files: Sequence[FoundFile], manifest: Mapping[str, ManifestRow]
) -> tuple[list[Source], list[Issue]]:
    """One source per distinct content, in the order of paths, with issues for duplicates, gaps and exclusions."""
    by_id: dict[str, list[FoundFile]] = {}
    for file in files:
        by_id.setdefault(file.doc_id, []).append(file)
    issues: list[Issue] = []
    sources: list[Source] = []
    for doc_id, same in by_id.items():
        rows = [manifest[file.path] for file in same if file.path in manifest]
        source = _source(same, rows, manifest)
        sources.append(source)
        if source.other_paths:
            message = f"{source.path} has the same bytes as {', '.join(source.other_paths)}: read once."
            issues.append(
                Issue(doc_id, None, _STAGE, "duplicate", "info", message, "delete the copies, or leave them.")
            )
        if source.jurisdiction == UNKNOWN:
            message = f"{source.path} stands in no folder that names a country: it is read, but enters no cell."
            step = f"move it into a folder such as FR or BE-VLG, or name its jurisdiction in {MANIFEST}."
            issues.append(Issue(doc_id, None, _STAGE, "jurisdiction", "warning", message, step))
        if not source.include:
            reason = source.exclude_reason or "no reason given"
            message = f"{source.path} is excluded by the manifest: {reason}."
            issues.append(
                Issue(doc_id, None, _STAGE, "excluded", "info", message, f"set include to yes in {MANIFEST}.")
            )
    present = {file.path for file in files}
    for path, row in manifest.items():
        if path not in present:
            message = f"{MANIFEST}, line {row.line}: {path} is not in the corpus."
            step = "add the file, or correct its path in the manifest (relative to the corpus, with '/')."
            issues.append(Issue(None, None, _STAGE, "manifest", "warning", message, step))
    return sources, issues


def _languages(blocks: Sequence[Block], languages: Sequence[BlockLanguage]) -> str:
    """The languages that hold a tenth or more of the body's characters, the most frequent first."""
    lengths = {(block.page, block.block): len(block.text) for block in blocks if block.kind not in FURNITURE_KINDS}
    counts: Counter[str] = Counter()
    for row in languages:
        counts[row.language] += lengths.get((row.page, row.block), 0)
    counts.pop("und", None)
    total = sum(counts.values())
    found = [code for code, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if n * 10 >= total]
    return ";".join(found)


def describe(
    source: Source,
    facts: Facts | None,
    pages: Sequence[Page],
    blocks: Sequence[Block],
    languages: Sequence[BlockLanguage],
) -> Document:
    """The published row: the manifest's values, and inferred ones (named in `inferred`) where it says nothing."""
    inferred: list[str] = []

    def value(name: str) -> str:
        said = getattr(source, name)
        if said is not None:
            return str(said)
        found = getattr(facts, name) if facts else ""
        if found:
            inferred.append(name)
        return str(found)

    title, issuer, date = value("title"), value("issuer"), value("date")
    doc_type, legal_status = value("doc_type") or "other", value("legal_status")
    if source.repealed and source.legal_status is None:
        legal_status = "repealed"
        inferred[:] = [name for name in inferred if name != "legal_status"]
    if not title:
        title = source.path.rsplit("/", 1)[-1].removesuffix(".pdf").removesuffix(".PDF")
        inferred.append("title")
    language = ";".join(source.languages) or _languages(blocks, languages)
    if not source.languages and language:
        inferred.append("language")
    failed = sum(page.status == "failed" for page in pages)
    origins = {page.text_source for page in pages if page.text_source != "none"}
    if not source.include:
        status = "excluded"
    elif not pages or failed == len(pages):
        status = "failed"
    else:
        status = "partial" if failed or any(page.status == "partial" for page in pages) else "ok"
    return Document(
        doc_id=source.doc_id,
        path=source.path,
        other_paths=source.other_paths,
        jurisdiction=source.jurisdiction,
        jurisdictions=source.jurisdictions,
        country=country_name(source.jurisdiction),
        title=title,
        issuer=issuer,
        date=date,
        doc_type=doc_type,
        legal_status=legal_status,
        binding=doc_type in BINDING_TYPES and legal_status not in {"proposed", "repealed"},
        language=language,
        n_pages=len(pages),
        n_pages_failed=failed,
        text_source="mixed" if len(origins) > 1 else next(iter(origins), "none"),
        status=status,  # type: ignore[arg-type]
        inferred=tuple(inferred),
        in_force=source.in_force or "",
        repealed=source.repealed or "",
        url=source.url or "",
        licence=source.licence or "",
        exclude_reason=source.exclude_reason,
        n_acts=facts.n_acts if facts else 0,
    )

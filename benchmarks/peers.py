"""What others make of the same files: one peer a call, over all PDFs below a folder, pages and passages counted.

    python benchmarks/peers.py words|scripted|pypdf|docling-parse CORPUS

words: pdfplumber's words of every page. scripted: what a researcher would put together in an afternoon: pdfplumber's
text, cut at full stops that end a line, langdetect on every passage, TF-IDF cosine with the codebook's names and
definitions of the themes, a table of the passages above a threshold. pypdf: text of every page. docling-parse: words
with boxes, where it is installed.
"""

from __future__ import annotations

import csv
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

CODEBOOK = Path(__file__).parents[1] / "configs" / "codebook.yaml"


def _files(corpus: Path) -> list[Path]:
    return sorted(file for file in corpus.rglob("*") if file.suffix.lower() == ".pdf")


def _pdfplumber_pages(corpus: Path) -> Iterator[tuple[Path, object]]:
    import pdfplumber

    for file in _files(corpus):
        try:
            with pdfplumber.open(file) as pdf:
                for page in pdf.pages:
                    yield file, page
                    page.close()
        except Exception as error:  # a peer's fault on a file is its own
            print(f"{file.name}: {type(error).__name__}", file=sys.stderr)


def words(corpus: Path) -> tuple[int, int]:
    """(pages, words)."""
    n_pages = n_words = 0
    for _, page in _pdfplumber_pages(corpus):
        n_pages += 1
        n_words += len(page.extract_words())  # type: ignore[attr-defined]
    return n_pages, n_words


def scripted(corpus: Path) -> tuple[int, int]:
    """(pages, passages); its table goes into a temporary file."""
    import tempfile

    import yaml
    from langdetect import DetectorFactory, LangDetectException, detect
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.metrics.pairwise import linear_kernel

    DetectorFactory.seed = 0
    passages: list[tuple[str, int, str]] = []
    n_pages = 0
    for file, page in _pdfplumber_pages(corpus):
        n_pages += 1
        text = page.extract_text() or ""  # type: ignore[attr-defined]
        pieces = [piece for piece in re.split(r"(?<=[.;:])\n", text) if len(piece) > 40]
        passages.extend((file.name, page.page_number, piece) for piece in pieces)  # type: ignore[attr-defined]
    languages = []
    for _, _, passage in passages:
        try:
            languages.append(detect(passage))
        except LangDetectException:
            languages.append("")
    themes = yaml.safe_load(CODEBOOK.read_text(encoding="utf-8"))["themes"]
    spoken = {key: " ".join(str(value) for value in theme.values()) for key, theme in themes.items()}
    vectors = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2))
    matrix = vectors.fit_transform([passage for *_, passage in passages])
    scores = linear_kernel(matrix, vectors.transform(spoken.values()))
    with tempfile.TemporaryFile("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        for (name, number, passage), language, row in zip(passages, languages, scores, strict=True):
            best = int(row.argmax())
            if row[best] > 0.1:
                writer.writerow((name, number, language, list(spoken)[best], round(float(row[best]), 3), passage))
    return n_pages, len(passages)


def pypdf(corpus: Path) -> tuple[int, int]:
    """(pages, characters)."""
    import logging

    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    n_pages = n_characters = 0
    for file in _files(corpus):
        try:
            for page in PdfReader(file).pages:
                n_pages += 1
                n_characters += len(page.extract_text())
        except Exception as error:  # a peer's fault on a file is its own
            print(f"{file.name}: {type(error).__name__}", file=sys.stderr)
    return n_pages, n_characters


def docling_parse(corpus: Path) -> tuple[int, int]:
    """(pages, words)."""
    from docling_parse.pdf_parser import DoclingPdfParser

    parser = DoclingPdfParser(loglevel="fatal")
    n_pages = n_words = 0
    for file in _files(corpus):
        try:
            for _, page in parser.load(str(file)).iterate_pages():
                n_pages += 1
                n_words += len(page.word_cells)
        except Exception as error:  # a peer's fault on a file is its own
            print(f"{file.name}: {type(error).__name__}", file=sys.stderr)
    return n_pages, n_words


PEERS: dict[str, Callable[[Path], tuple[int, int]]] = {
    "words": words, "scripted": scripted, "pypdf": pypdf, "docling-parse": docling_parse,
}  # fmt: skip


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # what a peer warns of isn't this project's
    pages, pieces = PEERS[sys.argv[1]](Path(sys.argv[2]))
    print(pages, pieces)

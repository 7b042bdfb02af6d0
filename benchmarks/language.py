"""Accuracy and speed of language identification, per language and kind of text.

    python benchmarks/language.py                        # the sentences of tests/data
    python benchmarks/language.py --gold train.csv       # columns language and text; nothing of it is kept
    python benchmarks/language.py --detector langdetect  # the named alternative

Kinds: whole texts, in capitals, without diacritics, their first 70 characters, runs of six words.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from policy_scan.language import detect
from policy_scan.records import LANGUAGES

SENTENCES = Path(__file__).parents[1] / "tests" / "data" / "language_sentences.tsv"
Sample = tuple[str, str]
"""(language, text)."""


def without_diacritics(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))


def fragments(samples: list[Sample]) -> Iterator[Sample]:
    """Every run of six words that starts at a multiple of three words."""
    for language, text in samples:
        words = text.split()
        for start in range(0, min(len(words) - 5, 60), 3):
            yield language, " ".join(words[start : start + 6])


def kinds(samples: list[Sample]) -> Iterator[tuple[str, list[Sample]]]:
    yield "whole", samples
    yield "capitals", [(language, text.upper()) for language, text in samples]
    yield "no diacritics", [(language, without_diacritics(text)) for language, text in samples]
    yield "first 70", [(language, text[:70]) for language, text in samples]
    yield "first 70, capitals", [(language, text[:70].upper()) for language, text in samples]
    yield "first 70, no diacritics", [(language, without_diacritics(text[:70])) for language, text in samples]
    yield "six words", list(fragments(samples))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gold", type=Path)
    parser.add_argument("--detector", choices=("py3langid", "langdetect"), default="py3langid")
    parser.add_argument("--errors", type=int, default=0, help="show this many errors of each kind")
    options = parser.parse_args()
    if options.gold:
        csv.field_size_limit(sys.maxsize)
        with options.gold.open(encoding="utf-8-sig", newline="") as stream:
            samples = [(row["language"], row["text"]) for row in csv.DictReader(stream)]
    else:
        rows = [line.split("\t") for line in SENTENCES.read_text(encoding="utf-8").splitlines()]
        samples = [(language, text) for language, _, text in rows]
    detect(["loads the model before the clock starts"], options.detector)
    print(f"{'kind':24}{'n':>7}{'all':>8}" + "".join(f"{language:>8}" for language in LANGUAGES) + f"{'texts/s':>10}")
    for kind, items in kinds(samples):
        start = time.process_time()
        answers = detect([text for _, text in items], options.detector)
        seconds = time.process_time() - start
        n, right = Counter(language for language, _ in items), Counter[str]()
        wrong = []
        for (language, text), (answer, probability) in zip(items, answers, strict=True):
            right[language] += answer == language
            if answer != language:
                wrong.append(f"    {language} taken for {answer} ({probability:.2f}): {text[:90]}")
        shares = "".join(f"{right[code] / n[code]:8.3f}" if n[code] else f"{'-':>8}" for code in LANGUAGES)
        print(f"{kind:24}{len(items):7}{sum(right.values()) / len(items):8.3f}{shares}{len(items) / seconds:10.0f}")
        for line in wrong[: options.errors]:
            print(line)


if __name__ == "__main__":
    main()

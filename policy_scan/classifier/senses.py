"""Senses of words: groups of words of all seven languages that mean about the same.

`weights/senses.npz` was made by `benchmarks/word_senses.py`: each frequent word of the seven languages was embedded by
multilingual-e5-small (Wang et al. 2024), centred per language, and the words were grouped by k-means, coarsely, finely
and very finely. So 'demande', 'Antrag', 'aanvraag', 'αίτηση' and 'cerere' share a sense, and what is learnt from one
language helps the others, at the price of a table look-up.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

from ..errors import ModelError

Sense = tuple[int, ...]
"""Numbers of the word's coarse, fine and very fine sense, then 1 where the word is too frequent to tell anything."""
LEVELS = 3
LEVEL_STARTS = (0, 500, 1700)
"""Where each level's numbers begin when all stand in one range: there are 500, 1200 and 3000 senses."""


@cache
def load_senses(file: Path) -> Mapping[str, Sense]:
    """Folded word -> its senses. Raises ModelError where the file is missing or damaged."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            words = arrays["words"].tobytes().decode("utf-8").split("\n")
            numbers = arrays["senses"]
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"The word senses in {file} can't be read: {error}.", "install policy-scan again.") from error
    return dict(zip(words, map(tuple, numbers.tolist()), strict=True))

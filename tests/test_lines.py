"""Lines set from words: taken whole from the stream where that can be done, else word by word, to the same result."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_scan.geometry import find_words, ink_of
from policy_scan.lines import Draft, Setter
from policy_scan.pdf import Sheet, Style

_STYLES = (
    Style("a", 10.0, False, False, True, 0, 0.2),
    Style("b", 10.0, True, False, True, 0, 0.2),
    Style("c", 10.0, False, True, True, 0, 0.2),
)


def setter(words: list[tuple[str, int]]) -> Setter:
    """One line of words (text, style), 5 points a character."""
    text = " ".join(word for word, _ in words)
    left = 20.0 + 5.0 * np.arange(len(text), dtype=np.float32)
    boxes = np.stack([left, np.full_like(left, 30), left + 5, np.full_like(left, 42)], axis=1)
    style = np.concatenate([np.full(len(word) + 1, look, np.int32) for word, look in words])[:-1]
    none = np.zeros((0, 4), np.float32)
    sheet = Sheet(1, 1200.0, 800.0, 0, text, boxes, style, _STYLES, none, none, none, 0)
    return Setter(sheet, find_words(sheet, ink_of(sheet, False, 0)))


def values(line: Draft) -> tuple[object, ...]:
    return line.text, line.edges, line.x0, line.x1, line.base, line.size, line.bold, line.italic


_WORDS = st.text(st.sampled_from("abéώ-\u2010\x02−’.12●ﬁ\u0301"), min_size=1, max_size=9)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(_WORDS, st.integers(0, 2)), min_size=1, max_size=8))
def test_a_line_taken_whole_is_what_it_is_word_by_word(words: list[tuple[str, int]]) -> None:
    made = setter(words)
    members = list(range(len(made.strings)))
    with patch.object(Setter, "_straight", return_value=None):
        apart = made.line(members, 1)
    assert values(made.line(members, 1)) == values(apart)


def test_a_line_of_plain_words_and_printed_hyphens_is_taken_whole() -> None:
    made = setter([("une", 0), ("demande", 0), ("non\u2010lieu", 0), ("adminis\x02", 0)])
    whole = made._straight([0, 1, 2, 3], 1)
    assert whole is not None
    assert whole.text == "une demande non-lieu adminis\x02"

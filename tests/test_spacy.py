"""Words and sentences are cut as spaCy cuts them, whose rules are written as patterns for speed."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from policy_scan.classifier.lexicon import Index, Lexicon, fold_term, sentence_ends
from policy_scan.classifier.sentences import beginnings

SIGNS = " .;!?·\u037e\n\t\r\u2028\u00a0:-–'’()«»“„_/…\u200b+€§°№″‼™=&|*"
LETTERS = "aaabéÉΩάς1½ABCΚΔ\u2206\u00ad\u0301ﬁß"
TEXTS = st.text(alphabet=SIGNS + LETTERS, max_size=80) | st.text(max_size=40)
CAPITALS = "A-ZÀ-ÖØ-ÞΑ-ΩΆ-Ώ\u2206"
SIGN = rf"(?:[^\w\u0300-\u036f\u00ad\u2206.]|(?<![{CAPITALS}])\.|\.(?!\w))"


@cache
def tokenizer() -> Any:
    from spacy.tokenizer import Tokenizer
    from spacy.vocab import Vocab

    return Tokenizer(
        Vocab(),
        prefix_search=re.compile(f"^{SIGN}").search,
        suffix_search=re.compile(f"{SIGN}$").search,
        infix_finditer=re.compile(SIGN).finditer,
    )


@cache
def sentencizer() -> Any:
    import spacy
    from spacy.tokens import Doc

    nlp = spacy.blank("xx")

    def tokenize(text: str) -> Doc:
        found = list(re.finditer(r"(\w+(?:[.'’-]\w+)*|\s|[^\w\s])( ?)", text))
        return Doc(nlp.vocab, words=[one[1] for one in found], spaces=[bool(one[2]) for one in found])

    nlp.tokenizer = tokenize
    nlp.add_pipe("sentencizer", config={"punct_chars": [".", "!", "?", ";", "·", "…"]})
    return nlp


def is_word(token: str) -> bool:
    word = fold_term(token)
    return bool(word) and not word.isspace() and (len(word) > 1 or word.isalnum())


def ends_by_tokens(tokens: list[Any]) -> list[int]:
    """Words before each sign that ends a sentence, as told from one token to the next."""
    found, n_words = [], 0
    for place, token in enumerate(tokens):
        before = tokens[place - 1].text if place else ""
        abbreviated = "." in before or (before.isalpha() and len(before) <= 4)
        if token.text in (".", ";", "!", "?", "·", "\u037e"):
            last = place + 1 == len(tokens) or bool(token.whitespace_)
            if last and not (token.text == "." and abbreviated):
                found.append(n_words)
        n_words += is_word(token.text)
    return found


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_the_lexicon_cuts_words_and_sentences_as_spacy_does(text: str) -> None:
    tokens = list(tokenizer()(text))
    starts, ends, _ = Index.build(Lexicon(()), "fr").read(text)
    words = [token for token in tokens if is_word(token.text)]
    assert list(zip(starts, ends, strict=True)) == [(word.idx, word.idx + len(word.text)) for word in words]
    assert sentence_ends(text, starts, ends) == ends_by_tokens(tokens)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_sentences_begin_where_spacy_begins_them(text: str) -> None:
    line = text.replace("\n", " ")
    assert list(beginnings(line)) == [sentence.start_char for sentence in sentencizer()(line).sents][1:]

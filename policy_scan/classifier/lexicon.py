"""The concept lexicon: terms of configs/lexicon.yaml read, checked, and found in inflected, accent-less text.

Texts are cut into words by one pattern, terms by the same rules. Words are then looked up in a table that grows with
those seen, and terms of several words are checked only where their rarest word stands. Measured on passages of 98 words
(one core, shared, 700 to 1,700 terms a language): 0.18 ms a passage where the words are known, 0.29 where they are new;
0.21 with all languages. spaCy's tokenizer with the same rules cuts the same words (tests hold the pattern to it), but
takes a second to load and 0.46 ms where they are new. Its matchers were tried and left: PhraseMatcher knows no
inflection, and Matcher took 24 ms a passage with the 1,064 French terms that it can express. The syntax of terms stands
at the head of configs/lexicon.yaml.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect, bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

from ..codebook import Codebook
from ..config import read_yaml, resource
from ..errors import ConfigError
from ..keys import Part, make_key
from ..records import LANGUAGES
from .remembered import Remembered

GAP = 4
"""Words that `..` may stand for."""
NEAR = 6
"""Words that may stand between the two sides of `~`."""
ALONE = 0.4
"""A theme's score is 1 - 0.4^n after n concepts that may stand alone (a weak one counts for half of one): one gives
0.6. Nothing was measured for themes without coded passages, so the figure only orders them."""
WORDS_KEPT = 300_000
"""Words remembered per language before the table starts afresh, so that a large corpus doesn't fill the memory."""

_KEY = re.compile(r"[a-z][a-z0-9_]*")
_ATOM = re.compile(r"\+?[^\W_]+(?:\*[^\W_]*)*")
_NEAR = re.compile(r"\s+~(\d*)\s+")
_GAP = re.compile(r"\.\.(\d*)")
_SIGNS = re.compile(r"[-\u2010-\u2015'’ʼ/]")
_PLAIN = str.maketrans(
    {"ς": "σ", "œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "\u2206": "δ", "\u00ad": None, ".": None}
)
_CAPITALS = "A-ZÀ-ÖØ-ÞΑ-ΩΆ-Ώ\u2206"
_LETTER = r"[\w\u0300-\u036f\u00ad\u2206]"
"""\u2206 is the mathematical sign that many Greek PDFs print for Δ."""
_INNER_STOP = rf"(?<=[{_CAPITALS}])\.(?=\w)"
"""The full stops inside an acronym (Κ.Ε.Π., D.P.O.) stand in a word; all others between words."""
_COMMON_SIGNS = r"\s\x00-\x7f«»“”„‘’–—•·…€§°"
_PIECE = re.compile(rf"({_LETTER}+(?:{_INNER_STOP}{_LETTER}+)*|[^{_COMMON_SIGNS}])")
"""A word, or a rare sign, of which a few are read as letters (№, ″ doubled by folding). No common sign is."""
_STOP = re.compile(rf"(?<![{_CAPITALS}])\.(?=\w)")
_END = re.compile(r"[.;!?·\u037e](?= |\Z)")
"""Ends a sentence, a full stop not after an abbreviation. Before a line feed none does: it often breaks a sentence."""
_ABBREVIATION = 4
"""A full stop after a word of at most so many letters (art., al., p. ex.) doesn't end a sentence."""


def fold_term(text: str) -> str:
    """Lower case without accents, cedillas, commas below, final sigma and full stops; ligatures and ß taken apart."""
    if text.isascii():
        return text.lower().replace(".", "")
    plain = unicodedata.normalize("NFKD", text.lower())
    return "".join(c for c in plain if not unicodedata.combining(c)).translate(_PLAIN)


@dataclass(frozen=True, slots=True)
class Concept:
    """What a theme speaks of, or (no themes) what stands around themes. `terms`: language -> terms as written."""

    name: str
    themes: tuple[str, ...]
    terms: Mapping[str, tuple[str, ...]]
    weak: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """A concept found at the code points start to end (half-open) of the text that was searched."""

    concept: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Part:
    """Elements that follow each other. An element is a number of the index; gaps[i] words may precede element i."""

    elements: tuple[int, ...]
    gaps: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Term:
    """Parts that stand near each other (windows[i] words between part i and what precedes), and what they tell.

    `needs`: elements that must stand in the text for the term to be there; without the one that it hangs on.
    """

    target: int
    parts: tuple[_Part, ...]
    windows: tuple[int, ...]
    needs: tuple[int, ...]


Span = tuple[int, int]
Words = tuple[tuple[str, ...], ...]
"""One element: alternatives, each a folded word with '+' and '*', or one class as '<name>'."""
Parsed = tuple[tuple[tuple[Words, ...], tuple[int, ...]], ...]


@lru_cache(maxsize=65_536)
def parse_term(term: str) -> tuple[Parsed, tuple[int, ...]]:
    """A term's parts, each (elements, gaps), and the windows before them. Raises ValueError that says what is wrong."""
    pieces = _NEAR.split(term.strip())
    windows = (0, *(int(size) if size else NEAR for size in pieces[1::2]))
    parts: list[tuple[tuple[Words, ...], tuple[int, ...]]] = []
    for piece in pieces[::2]:
        elements: list[Words] = []
        gaps: list[int] = []
        gap = 0
        for group in _SIGNS.sub(" ", piece).split():
            if found := _GAP.fullmatch(group):
                gap = int(found[1] or GAP)
                continue
            for word in _STOP.split(group):
                elements.append(tuple(_alternative(one) for one in word.split("|")))
                gaps.append(gap)
                gap = 0
        if not elements or gap or gaps[0]:
            raise ValueError(f"'{term}' has nothing before or after '..' or '~'")
        parts.append((tuple(elements), tuple(gaps)))
    return tuple(parts), windows


def _alternative(word: str) -> tuple[str, ...]:
    if word.startswith("<"):
        if not word.endswith(">") or not _KEY.fullmatch(word[1:-1]):
            raise ValueError(f"'{word}' is no class; write <name>")
        return (word,)
    folded = fold_term(word)
    if not _ATOM.fullmatch(folded):
        raise ValueError(f"'{word}' is no word")
    if len(folded.strip("+*")) < 2 and "*" in folded:
        raise ValueError(f"'{word}' would fit nearly every word")
    return (folded,)


def _terms(where: str, content: object) -> dict[str, tuple[str, ...]]:
    """Language -> terms of one class or concept. Raises ConfigError."""
    if not isinstance(content, Mapping):
        raise ConfigError(f"{where} has no terms.", "write one line per language, as 'fr: term, term'.")
    terms: dict[str, tuple[str, ...]] = {}
    for language, listed in content.items():
        if language not in LANGUAGES:
            raise ConfigError(f"{where}: '{language}' is no language of the lexicon.", f"use {', '.join(LANGUAGES)}.")
        if isinstance(listed, list):
            listed = ",".join(map(str, listed))
        terms[language] = tuple(" ".join(one.split()) for one in str(listed).split(","))
        for term in terms[language]:
            if not term:
                raise ConfigError(f"{where}: an empty term in '{language}'.", "take out the comma too many.")
            try:
                parse_term(term)
            except ValueError as error:
                raise ConfigError(f"{where}, {language}: {error}.", "see the head of configs/lexicon.yaml.") from None
    return terms


def _concept(where: str, name: object, content: object) -> Concept:
    if not isinstance(name, str) or not _KEY.fullmatch(name):
        raise ConfigError(f"{where}: '{name}' is no identifier.", "use small letters, digits and '_'.")
    if not isinstance(content, dict):
        raise ConfigError(f"{where} has no terms.", "write one line per language, as 'fr: term, term'.")
    rest = dict(content)
    themes, weak, note = rest.pop("themes", []), rest.pop("weak", False), rest.pop("note", "")
    if not isinstance(themes, list) or not all(isinstance(theme, str) for theme in themes):
        raise ConfigError(f"{where}: themes must be a list.", "write themes: [digital_identity].")
    if not isinstance(weak, bool):
        raise ConfigError(f"{where}: weak must be true or false.", "correct it or leave it out.")
    terms = _terms(where, rest)
    if not terms:
        raise ConfigError(f"{where} has no terms.", "write one line per language, as 'fr: term, term'.")
    return Concept(name, tuple(themes), terms, weak, str(note))


def load_lexicon(name: str | Path, codebook: Codebook | None = None) -> Lexicon:
    """Read a lexicon; a codebook's cues become concepts `cue_<theme>`.

    Raises ConfigError that names the concept and the mistake. Themes are checked by `check_themes`.
    """
    path = resource(str(name))
    content = read_yaml(path)
    if not isinstance(content, dict) or not isinstance(content.get("concepts"), dict):
        raise ConfigError(f"{path} is no lexicon: it has no concepts.", "start from configs/lexicon.yaml.")
    if odd := sorted(map(str, set(content) - {"version", "classes", "concepts"})):
        raise ConfigError(f"{path}: unknown key '{odd[0]}'.", "known: version, classes, concepts.")
    classes = {
        str(key): _terms(f"{path}, class '{key}'", terms) for key, terms in (content.get("classes") or {}).items()
    }
    concepts = [_concept(f"{path}, concept '{key}'", key, value) for key, value in content["concepts"].items()]
    if codebook is not None:
        concepts += [
            Concept(f"cue_{key}", (key,), _terms(f"codebook, cues of '{key}'", {k: list(v) for k, v in cues.items()}))
            for key, cues in ((key, theme.cues) for key, theme in codebook.themes.items())
            if cues
        ]
    lexicon = Lexicon(tuple(concepts), classes)
    _check_classes(str(path), lexicon)
    return lexicon


def _check_classes(where: str, lexicon: Lexicon) -> None:
    """Every class that a term names must have terms in that language, and no class may name another."""
    for kind, name, terms in (
        *(("class", name, terms) for name, terms in lexicon.classes.items()),
        *(("concept", one.name, one.terms) for one in lexicon.listed),
    ):
        for language, listed in terms.items():
            for used in (word[1:-1] for term in listed for word in re.findall(r"<\w+>", term)):
                if kind == "class":
                    raise ConfigError(f"{where}, class '{name}' names the class '{used}'.", "write out its terms.")
                if language not in lexicon.classes.get(used, {}):
                    raise ConfigError(
                        f"{where}, concept '{name}', {language}: no class '{used}' in that language.",
                        f"classes: {', '.join(lexicon.classes) or 'none'}.",
                    )


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Concepts in the file's order, then the codebook's cues; `classes`: name -> language -> terms."""

    listed: tuple[Concept, ...] = field(repr=False)
    classes: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict, repr=False)
    _indexes: dict[str, Index] = field(default_factory=dict, repr=False, compare=False)
    _themes: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._themes.update((concept.name, concept.themes) for concept in reversed(self.listed))

    @property
    def concepts(self) -> tuple[str, ...]:
        return tuple(concept.name for concept in self.listed)

    def themes_of(self, concept: str) -> tuple[str, ...]:
        """Themes that a concept speaks for; () = context. Raises KeyError on an unknown concept."""
        return self._themes[concept]

    def check_themes(self, themes: Collection[str]) -> None:
        """Raises ConfigError that names the first concept whose theme is not among `themes` (a codebook's keys)."""
        for concept in self.listed:
            for theme in concept.themes:
                if theme not in themes:
                    raise ConfigError(
                        f"Lexicon, concept '{concept.name}': no theme '{theme}' in the codebook.",
                        f"known: {', '.join(themes)}.",
                    )

    def key(self) -> str:
        """What matches depend on: all terms, themes and classes, in order; not the notes."""
        concepts: list[Part] = [[one.name, one.themes, one.weak, dict(one.terms)] for one in self.listed]
        return make_key("lexicon", concepts, {name: dict(terms) for name, terms in self.classes.items()})

    def match(self, text: str, language: str = "und") -> list[Match]:
        """Concepts found in the text, ordered by start, end and concept; a concept's overlapping finds are one.

        Terms of the language and fixed English expressions are searched, terms of all languages for `und` or an
        unknown code. Offsets are Unicode code points of the text as given; it may hold line feeds.
        """
        language = language if language in LANGUAGES else "und"
        if language not in self._indexes:
            self._indexes[language] = Index.build(self, language)
        index = self._indexes[language]
        found: list[tuple[int, int, int]] = []
        for number, spans in index.find(text):
            found.extend((start, end, number) for start, end in spans)
        found.sort()
        return [Match(self.listed[number].name, start, end) for start, end, number in found]

    def score_themes(self, text: str, language: str = "und") -> dict[str, float]:
        """Theme -> 0 to 1, by how many different concepts speak for it: for themes without coded passages."""
        found = {one.concept for one in self.match(text, language)}
        amounts: dict[str, float] = defaultdict(float)
        for concept in self.listed:
            if concept.name in found:
                for theme in concept.themes:
                    amounts[theme] += 0.5 if concept.weak else 1.0
        return {theme: 1 - ALONE**amount for theme, amount in sorted(amounts.items())}


@dataclass(slots=True)
class Index:
    """All terms of one search. Elements are numbers: the first are the concepts, then classes and words."""

    n_concepts: int
    exact: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    prefix: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    loose: list[tuple[str, re.Pattern[str], int]] = field(default_factory=list)
    """Words with '+' or an inner '*': a piece that must stand in the word, the whole, the element."""
    of_classes: dict[int, list[_Term]] = field(default_factory=lambda: defaultdict(list))
    of_concepts: dict[int, list[_Term]] = field(default_factory=lambda: defaultdict(list))
    seen: Remembered[tuple[int, ...] | None] = field(init=False)
    """Word as printed -> its elements; None: it is no word."""

    def __post_init__(self) -> None:
        self.seen = Remembered(self._elements_of, WORDS_KEPT)

    @staticmethod
    def build(lexicon: Lexicon, language: str) -> Index:
        index = Index(len(lexicon.listed))
        numbers: dict[object, int] = {concept.name: number for number, concept in enumerate(lexicon.listed)}
        wanted = LANGUAGES if language == "und" else tuple(dict.fromkeys((language, "en")))
        pending: list[tuple[bool, _Term]] = []
        for tongue in wanted:
            borrowed = tongue == "en" and language not in ("en", "und")
            for name, terms in lexicon.classes.items() if not borrowed else ():
                target = numbers.setdefault(("class", name, tongue), len(numbers))
                pending += ((True, one) for one in index._add(target, terms.get(tongue, ()), numbers, tongue))
            for concept in lexicon.listed:
                listed = concept.terms.get(tongue, ())
                if borrowed:
                    listed = tuple(term for term in listed if "*" not in term and "<" not in term)
                pending += ((False, one) for one in index._add(numbers[concept.name], listed, numbers, tongue))
        index._anchor(pending)
        return index

    def _add(self, target: int, terms: Sequence[str], numbers: dict[object, int], language: str) -> Iterator[_Term]:
        """Enter words that are terms by themselves, and give the other terms."""
        for term in terms:
            parsed, windows = parse_term(term)
            if len(parsed) == 1 and len(parsed[0][0]) == 1 and not parsed[0][0][0][0][0].startswith("<"):
                for (word,) in parsed[0][0][0]:
                    self._enter(word, target)
                continue
            parts = tuple(
                _Part(tuple(self._element(words, numbers, language) for words in elements), gaps)
                for elements, gaps in parsed
            )
            needs = tuple(dict.fromkeys(element for part in parts for element in part.elements))
            yield _Term(target, parts, windows, needs)

    def _element(self, words: Words, numbers: dict[object, int], language: str) -> int:
        if words[0][0].startswith("<"):
            return numbers.setdefault(("class", words[0][0][1:-1], language), len(numbers))
        key = frozenset(word for (word,) in words)
        if key not in numbers:
            numbers[key] = len(numbers)
            for word in sorted(key):
                self._enter(word, numbers[key])
        return numbers[key]

    def _enter(self, word: str, element: int) -> None:
        if word.startswith("+") or "*" in word[:-1]:
            pieces = word.lstrip("+").split("*")
            pattern = ".*" * word.startswith("+") + ".*".join(map(re.escape, pieces))
            self.loose.append((max(pieces, key=len), re.compile(pattern), element))
        elif word.endswith("*"):
            self.prefix[word[:-1]].append(element)
        else:
            self.exact[word].append(element)

    def _anchor(self, pending: Sequence[tuple[bool, _Term]]) -> None:
        """Hang every term on the element of its own that fewest terms use: it is looked at only where that stands."""
        uses: dict[int, int] = defaultdict(int)
        for _, term in pending:
            for element in term.needs:
                uses[element] += 1
        common = {element for word, listed in self.exact.items() if len(word) < 4 for element in listed}
        for of_class, term in pending:
            rarest = min(term.needs, key=lambda element: (element in common, uses[element]))
            others = tuple(element for element in term.needs if element != rarest)
            (self.of_classes if of_class else self.of_concepts)[rarest].append(replace(term, needs=others))

    def _elements_of(self, token: str) -> tuple[int, ...] | None:
        word = fold_term(token)
        if not word or word.isspace() or (len(word) < 2 and not word.isalnum()):
            return None
        elements = list(self.exact.get(word, ()))
        for end in range(2, len(word) + 1):
            if found := self.prefix.get(word[:end]):
                elements += found
        elements += (number for piece, whole, number in self.loose if piece in word and whole.fullmatch(word))
        return tuple(dict.fromkeys(elements))

    def read(self, text: str) -> tuple[list[int], list[int], list[tuple[int, ...]]]:
        """Where the words start and end, in code points, and the elements of each."""
        pieces = _PIECE.split(text)  # what stands between words, and words, in turn
        bounds = list(accumulate(map(len, pieces)))
        starts, ends, found = bounds[:-1:2], bounds[1::2], self.seen.of(pieces[1::2])
        if None in found:
            words = [place for place, elements in enumerate(found) if elements is not None]
            starts, ends = [starts[place] for place in words], [ends[place] for place in words]
        return starts, ends, [elements for elements in found if elements is not None]

    def find(self, text: str) -> Iterator[tuple[int, list[Span]]]:
        """(number of a concept, its spans in code points), overlapping spans joined."""
        starts, ends, elements = self.read(text)
        hits: dict[int, list[Span]] = defaultdict(list)
        for place, found in enumerate(elements):
            for element in found:
                hits[element].append((place, place + 1))
        stops: list[int] | None = None
        for group in (self.of_classes, self.of_concepts):
            terms: dict[int, list[Span]] = {}
            for element in hits.keys() & group.keys():
                for term in group[element]:
                    if all(map(hits.__contains__, term.needs)) and (spans := _spans(term, hits)):
                        if stops is None:
                            stops = sentence_ends(text, starts, ends)
                        terms.setdefault(term.target, []).extend(
                            span for span in spans if bisect(stops, span[0]) == bisect(stops, span[1] - 1)
                        )
            for target, spans in terms.items():
                if spans:
                    hits[target] = sorted({*hits.get(target, ()), *spans})
        for number in sorted(one for one in hits if one < self.n_concepts):
            yield number, [(starts[first], ends[last - 1]) for first, last in _joined(hits[number])]


def sentence_ends(text: str, starts: Sequence[int], ends: Sequence[int]) -> list[int]:
    """How many words stand before each end of a sentence. `starts` and `ends`: of the words, in code points."""
    found = []
    for mark in _END.finditer(text):
        stop, before = mark.start(), bisect_left(starts, mark.start())
        word = (starts[before - 1], ends[before - 1]) if before else (0, 0)
        if mark.group() != "." or not _abbreviates(text, stop, word):
            found.append(before)
    return found


def _abbreviates(text: str, stop: int, word: Span) -> bool:
    """Whether a full stop follows a short word, an acronym with stops or another stop, at most one space between."""
    last = stop - 1
    if last > 0 and text[last] == " " and not text[last - 1].isspace():
        last -= 1
    if word[1] == last + 1:
        before = text[slice(*word)]
        return "." in before or (before.isalpha() and len(before) <= _ABBREVIATION)
    return last >= 0 and text[last] == "."


def _spans(term: _Term, hits: Mapping[int, Sequence[Span]]) -> list[Span]:
    """Where all parts of a term stand, in words."""
    spans = _sequence(term.parts[0], hits)
    if not spans or len(term.parts) == 1:
        return spans
    for part, window in zip(term.parts[1:], term.windows[1:], strict=True):
        others = _sequence(part, hits) if spans else []
        nearer: list[Span] = []
        for start, end in spans:
            apart = ((max(a - end, start - b), a, b) for a, b in others)
            best = min((one for one in apart if one[0] >= 0), default=None)
            if best is not None and best[0] <= window:
                nearer.append((min(start, best[1]), max(end, best[2])))
        spans = nearer
    return spans


def _sequence(part: _Part, hits: Mapping[int, Sequence[Span]]) -> list[Span]:
    spans = list(hits[part.elements[0]])
    for element, gap in zip(part.elements[1:], part.gaps[1:], strict=True):
        following = hits[element]
        spans = [(start, b) for start, end in spans for a, b in following if end <= a <= end + gap]
        if not spans:
            break
    return spans


def _joined(spans: Sequence[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in spans:
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined

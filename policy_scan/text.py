"""Characters and words of a printed text: normal form, folding for matching, letter-spacing, hyphenation.

Functions that change a text's length take and return the edges of its characters (n + 1 values for n code points: each
left edge and the last right edge), so that every code point keeps its place on the page.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import cache

HYPHENS = "-\u00ad\u2010\u2011\u2212\u0002"
"""Marks that stand for a hyphen at a line's end. pdfium writes U+0002 for a hyphen that it takes for a soft one."""
DASHES = "\u2012\u2013\u2014\u2015"
BULLETS = "•◦▪▫■□●○►▶‣⁃∙·\uf0b7\uf0a7\uf0d8\uf02d➢➤✓✔❖◆♦*"

_CONTROL = frozenset(range(0x20)) - {2} | frozenset(range(0x7F, 0xA0))
_INVISIBLE = frozenset((0x200B, 0x200C, 0x200D, 0xFEFF, 0x2060, 0xFFFE, 0xFFFF))
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "ft", 0xFB06: "st"}
_SIGNS = {0x2010: "-", 0x2011: "-", 0xA0: " ", 0x202F: " ", 0x2007: " ", 0x2009: " ", 0x200A: " ", 0x2002: " ",
          0x2003: " ", 0x2126: "Ω", 0xB5: "μ", 0x2206: "Δ", 0xF8E7: "—"}  # fmt: skip
_PLAIN = re.compile(r"[ -~\u00a1-\u00ac\u00ae-\u00b4\u00b6-\u02ff\u0370-\u03ff\u2013-\u2026\u20ac]*")


def is_plain(text: str) -> bool:
    """Whether the text is in normal form already and holds no ligature, mark, odd space or sign to be changed."""
    return _PLAIN.fullmatch(text) is not None


def set_text(pieces: Iterable[tuple[str, list[float], float]]) -> tuple[str, list[float]]:
    """One line's text and edges from pieces (text, left edges, right edge), in NFC, without invisible characters.

    A piece is a word or a space. Ligatures are taken apart, their width shared out; combining marks are composed.
    """
    chars: list[str] = []
    edges: list[float] = []
    right = 0.0
    for text, lefts, end in pieces:
        right = end
        if _PLAIN.fullmatch(text):
            chars.append(text)
            edges.extend(lefts)
        else:
            fixed, places = _fix(text, lefts, end)
            chars.append(fixed)
            edges.extend(places)
    edges.append(right)
    return "".join(chars), edges


def _fix(text: str, lefts: list[float], end: float) -> tuple[str, list[float]]:
    chars: list[str] = []
    places: list[float] = []
    for k, char in enumerate(text):
        code = ord(char)
        if code in _CONTROL or code in _INVISIBLE or 0xD800 <= code < 0xE000:
            continue
        if code in _LIGATURES:
            letters = _LIGATURES[code]
            stop = lefts[k + 1] if k + 1 < len(lefts) else end
            chars.extend(letters)
            places.extend(lefts[k] + (stop - lefts[k]) * j / len(letters) for j in range(len(letters)))
            continue
        char = _SIGNS.get(code, char)
        if chars and unicodedata.combining(char):
            both = unicodedata.normalize("NFC", chars[-1] + char)
            if len(both) == 1:
                chars[-1] = both
                continue
        one = unicodedata.normalize("NFC", char)
        chars.extend(one)
        places.extend([lefts[k]] * len(one))
    return "".join(chars), places


def close_letterspacing(words: list[tuple[str, float, float]], em: float) -> list[bool]:
    """Which of the words (text, x0, x1) of a line follow the one before without a space, because it is letter-spaced.

    A run of four or more single characters is letter-spaced; inside it a word ends where the gap is clearly wider than
    the usual one.
    """
    closed = [False] * len(words)
    k = 0
    while k < len(words):
        j = k
        while j < len(words) and len(words[j][0]) <= (2 if j > k and not words[j][0].isalnum() else 1):
            j += 1
        if j - k >= 4 and sum(words[i][0].isalpha() for i in range(k, j)) >= 3:
            first, last = k, j
            # the end of the run may be set as a piece of its own ('A r t i k e l 12')
            gaps = sorted(words[i][1] - words[i - 1][2] for i in range(first + 1, last))
            usual = gaps[len(gaps) // 2] if len(gaps) < 6 else gaps[len(gaps) // 3]
            limit = max(1.45 * usual, usual + 0.12 * em)
            for i in range(first + 1, last):
                closed[i] = words[i][1] - words[i - 1][2] <= limit
        k = max(j, k + 1)
    return closed


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


_BREAKABLE = re.compile(r"[^\W\d_]+$")
_OPENS = re.compile(r"^[^\W\d_]+")
_ENCLITICS = _listed(
    "je tu il elle on nous vous ils elles ce t y en moi toi lui leur leurs le la les là ci même mêmes être dessus "
    "dessous après avant"
)
_SUSPENDED = _listed("en of und oder et ou și sau tot bis an and or à")


def joins_as(first: str, second: str, known: Collection[str]) -> str:
    """How a line that ends in `first` goes on with `second`, both in one paragraph: 'drop', 'keep' or 'space'.

    'drop' takes the hyphen out (a broken word), 'keep' joins at the hyphen (a compound, a number, an address), 'space'
    leaves both (a dash, a suspended hyphen). `known` holds the document's folded words that stand whole in a line: the
    word or the compound among them decides; else the letters on both sides do.
    """
    mark = first[-1:]
    if mark == "/" and first[-2:-1].isalnum() and second[:1].isalnum():
        return "keep"
    if mark not in HYPHENS or len(first) < 2 or not second:
        return "space"
    head, tail = first[:-1], second
    if head[-1].isspace():
        return "space"  # a dash between words
    token, following = head.rsplit(" ", 1)[-1], tail.split(" ", 1)[0]
    left, right = _BREAKABLE.search(token), _OPENS.search(following)
    if not left or not right:
        if left and following.startswith(")") and token.rfind("(") > token.rfind(")"):
            return "drop"  # a bracket opened inside the broken word
        return "keep" if token[-1].isalnum() or token[-1] in ")]’'" or mark in "\u00ad\u0002" else "space"
    a, b = fold(left.group()), fold(right.group())
    if b in _SUSPENDED and a + b not in known:
        return "space"
    compound, whole = f"{a}-{b}" in known, a + b in known
    if whole != compound:
        return "drop" if whole else "keep"
    if mark == "\u00ad":
        return "drop"
    if "://" in token or "@" in token or token.startswith("www.") or _ADDRESS.match(following):
        return "drop" if fold(token + following).strip(".,;:()«»\"'!?") in known else "keep"
    return "keep" if _is_compound(token, left.group(), right.group(), known) else "drop"


def _is_compound(token: str, left: str, right: str, known: Collection[str]) -> bool:
    """Whether a hyphen between two parts is likelier the word's own than a line's, by the shape of the parts."""
    a, b = fold(left), fold(right)
    if a in _PREFIXES or (len(a) == 1 and a.isascii()) or (len(b) == 1 and b.isascii()):
        return True
    if not right[0].islower():
        broken_capitals = left.isupper() and right.isupper() and min(len(a), len(b)) > 1
        return not broken_capitals or "-" in token
    if left.isupper() and len(left) > 1:
        return True  # an acronym's compound
    if b in _ENCLITICS and (a in known or a in _LINKS or token.endswith("-t")):
        return True
    return "-" in token and a in _LINKS


_ADDRESS = re.compile(r"^[\w-]+(?:\.[\w-]+)*\.(?:[a-z]{2,4})\b(?:/|[.,;)]*$)")
_PREFIXES = _listed("saint sainte sint sankt st ste sfantul intr dintr printr")
_LINKS = _listed("est sont a va ont peut doit vingt quatre trente quarante cinquante soixante sous sur en la le les au")

_FOLDS: dict[int, str] = dict(zip(map(ord, "ŞşŢţς"), "șșțțσ", strict=True))
_FOLDS |= dict.fromkeys(map(ord, "’ʼ‘´`\u1fbd\u1fbf\u2032"), "'") | dict.fromkeys(map(ord, "“”„«»″"), '"')
_FOLDS |= dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2212), "-")


@cache
def _fold_char(char: str) -> str:
    lower = char.lower()
    lower = lower if len(lower) == 1 else char
    lower = lower.translate(_FOLDS)
    bare = unicodedata.normalize("NFD", lower)[0]
    return lower if lower in "șț" and bare in "st" else bare


def fold(text: str) -> str:
    """The text for matching: lower case, no accents, cedilla letters as comma letters (ș, ț are kept), final sigma as
    sigma, quotes and dashes made plain. One code point for one, so offsets into the folded text hold in the text.
    """
    if text.isascii():
        return text.lower()
    return "".join(map(_fold_char, text))


_FUNCTION_WORDS = {
    "fr": "le la les des du et en un une est au aux dans par pour que qui sur ou il",
    "nl": "de het een van en in op te dat die voor met is aan door bij wordt of",
    "de": "der die das und den dem des ein eine ist im zu von mit auf für sich wird oder nach",
    "el": "και του της το των την τη οι τα με σε για από που στο στη τον η ο",
    "ro": "și şi de la în din cu pe a al ale care se prin pentru sau nu un o",
    "lb": "déi d'an den dat vun an op fir mat ass si eng ze gëtt oder bei ginn",
    "en": "the of and to in a is for that on by with as be are this or",
}  # fmt: skip


@cache
def _owners() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for language, listed in _FUNCTION_WORDS.items():
        for word in listed.split():
            table[word] = (*table.get(word, ()), language)
    return table


def without_marks(text: str) -> str:
    """The text decomposed (NFD), without its combining marks: `é` is `e`, `ά` is `α`."""
    if text.isascii():
        return text
    bare = unicodedata.normalize("NFD", text)
    for mark in filter(unicodedata.combining, set(bare)):  # a text has few marks, and many characters
        bare = bare.replace(mark, "")
    return bare


def language_hint(words: Iterable[str]) -> str:
    """The language whose function words are most frequent, '' where too few are found or two are near each other."""
    counts: dict[str, float] = {}
    owners = _owners()
    for word in words:
        for language in owners.get(word.lower().strip(".,;:()«»\"'’"), ()):
            counts[language] = counts.get(language, 0) + 1 / len(owners[word.lower().strip(".,;:()«»\"'’")])
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    if not ranked or ranked[0][1] < 3 or (len(ranked) > 1 and ranked[0][1] < 1.5 * ranked[1][1]):
        return ""
    return ranked[0][0]


_BULLET = re.compile(rf"[{re.escape(BULLETS)}\-–—]\s")
_MARK = re.compile(
    r"""^(?:\(?(?:\d{1,3}|[a-zα-ωά-ώ]|([a-zα-ωά-ώ])\1{1,3}|[a-zα-ωά-ώ]{2}(?=\))|(?:στ){1,2}|[ικ][α-θ]|[ivx]{1,5}|[IVX]{1,5}|[A-ZΑ-Ω])
      [°º]?\s?[.)°º](?:\s|$|(?=[«“„"]))
    | \(?\d{1,2}(?:\.\d{1,2})+\.?\s | \d{1,3}[°º]\s?
    | §+\s?\d+ | (?:A(?:rt(?:icle|ikel|icolul|\.)?|RT(?:ICLE|IKEL|ICOLUL|\.)?)|Άρθρο|ΑΡΘΡΟ)\s\S+ )""",
    re.X,
)
_CITED = re.compile(
    r"\d{1,3}[°º]\s?,|(?:§+\s?\d+|A(?:rt\.?|rticle|rtikel)\s\d+)[^\W\d]*(?:\s?,|\s(?:§|[a-zà-ÿ]|Absatz\b|Nr\b|Unterabsatz\b))"
)


def opens_bullet(text: str) -> bool:
    """Whether a line begins with a bullet or a dash."""
    return _BULLET.match(text) is not None


def opens_item(text: str) -> bool:
    """Whether a line begins with a bullet, number, letter or article label."""
    return _MARK.match(text) is not None or opens_bullet(text)


def cites(text: str) -> bool:
    """Whether a line begins with an article or paragraph that it goes on to cite ('§ 1, first indent')."""
    return _CITED.match(text) is not None


def ends_sentence(text: str) -> bool:
    return text.rstrip().endswith((".", ";", ":", "!", "?", ".»", ".\u201d", "·", ".)", "\u037e"))

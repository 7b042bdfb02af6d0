"""Numbering schemes: how the labels of provisions look in French, Dutch, German, Greek, Romanian, Luxembourgish and
English texts. Pure functions on the text of a block or line; what a label means in its place (own, quoted, an entry
of a table of contents) is decided by the stage that calls them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from .text import without_marks

ProvisionKind = Literal[
    "article", "paragraph", "point", "recital", "measure", "recommendation", "section", "table", "annex",
    "preamble", "signature", "commentary", "other",
]  # fmt: skip
PROVISION_KINDS: tuple[str, ...] = get_args(ProvisionKind)
"""article: an article without numbered paragraphs; paragraph: a numbered paragraph of one; section: text under a
heading or decimal number; commentary: reports, opinions and memoranda printed with an act."""

LabelKind = Literal["article", "division", "annex", "paragraph", "point", "decimal", "measure", "recommendation"]


@dataclass(frozen=True, slots=True)
class Label:
    """A label at the start of a text.

    `text` is as printed without its final stop, `key` the same for comparing across spellings and languages,
    `end` the offset in the text where what follows begins, `alone` True when nothing follows it on its line,
    `sure` True when its punctuation can't be that of a sentence. `rank` orders divisions, 1 outermost, 0 elsewhere.
    """

    kind: LabelKind
    text: str
    key: str
    end: int
    sure: bool
    alone: bool
    rank: int = 0


_LATIN_SUFFIX = (
    r"bis|ter|quater|quinquies|sexies|septies|octies|novies|nonies|decies|undecies|duodecies|terdecies|quaterdecies"
    r"|quindecies|quinquiesdecies|sexiesdecies|septiesdecies|octiesdecies|noviesdecies|vicies"
)
_NUMBER = (
    r"(?:(?:L\.?O\.?|[LRDA])\s?\*?\s?\.?\s?\*?\s?|\*\s?)?(?:annexe\s)?(?:\d+|[IVXLC]+(?=(?:er)?[\s.:,–—-]|(?:er)?$))"
    r"(?:\s?(?:er|re|ère|ste|de|e|ον|ο|ΟΝ|Ο|º)(?![\w]))?[¹²³⁴⁵⁶⁷⁸⁹]*"
    r"(?:\s?\^\s?\d+)*(?:[-./:]\d+(?:er)?(?!\d))*"
    rf"(?:[\s-]?(?:{_LATIN_SUFFIX})(?!\w))*(?:/\d+)*(?:[-./]\d+)*(?:\s?[A-ZΑ-Ω]['΄’´]?(?=[\s.:)]"
    rf"|$))?(?:(?<=\d)[a-z](?!\w))?"
)
_WORD_NUMBERS = {
    "premier": "1", "unique": "1", "unic": "1", "enig": "1", "einziger": "1", "first": "1",
    "μονο": "1", "μονον": "1",
    "πρωτο": "1", "πρωτον": "1", "δευτερο": "2", "δευτερον": "2", "τριτο": "3", "τριτον": "3", "τεταρτο": "4",
    "τεταρτον": "4", "πεμπτο": "5", "πεμπτον": "5", "εκτο": "6", "εκτον": "6", "εβδομο": "7", "εβδομον": "7",
    "ογδοο": "8", "ογδοον": "8", "ενατο": "9", "ενατον": "9", "δεκατο": "10", "δεκατον": "10", "ενδεκατο": "11",
    "ενδεκατον": "11", "δωδεκατο": "12", "δωδεκατον": "12", "εικοστο": "20", "εικοστον": "20", "τριακοστο": "30",
    "τεσσαρακοστο": "40", "πεντηκοστο": "50", "εξηκοστο": "60", "εβδομηκοστο": "70", "ογδοηκοστο": "80",
    "ενενηκοστο": "90",
}  # fmt: skip
_GREEK_WORDS = r"(?:[α-ωΑ-Ωά-ώΆ-Ώ]+(?:ο|ον|Ο|ΟΝ|ό|ὸ)\b)(?:\s[α-ωΑ-Ωά-ώΆ-Ώ]+(?:ο|ον|Ο|ΟΝ)\b)?"
_ARTICLE = re.compile(
    r"""(?P<open>[\[(«„“”″"‘]\s?)?
    (?P<label>
      (?P<word>
        (?:Article|ARTICLE|Articles|ARTICLES|Artikel|ARTIKEL|Artikelen|Artikels|Articolul|ARTICOLUL|Articol|ARTICOL)
        |(?:Art|ART)(?:\s?\.|(?=\s?\d))
        |[΄'´`’]?(?:[ΆΑA]ρθρο|[ΆΑA]ΡΘΡΟΝ?|[ΆΑA]ρθρον|Ἄρθρον?|άρθρο(?=\s\d+\s*$))
      )
      \s?(?P<number>"""
    + _NUMBER
    + r"""|(?:Annexe|ANNEXE)(?:\s(?:\d+|[IVX]+|[A-Z])(?:-\d+)*)?(?!\w)|unique|UNIQUE|unic|UNIC|premier|PREMIER|First)
      (?P<range>\s(?:à|tot(?:\sen\smet)?|t/m|bis(?=\s\d)|et|en|und|și|έως)\s"""
    + _NUMBER
    + r""")?
    )""",
    re.VERBOSE,
)
_ARTICLE_GREEK_WORD = re.compile(
    rf"(?P<open>[«„“”″\"]\s?)?(?P<label>[΄'´`’]?(?:[ΆΑA]ρθρο|[ΆΑA]ΡΘΡΟΝ?)\s(?P<number>{_GREEK_WORDS}))"
)
_ARTICLE_BEFORE = re.compile(
    r"(?P<open>)(?P<label>(?P<number>Enig|Einziger|ENIG|Eenig)\s(?:artikel|Artikel"
    r"|ARTIKEL))"
)
_SEPARATOR = re.compile(r"\s?\.?\s?(?:[.:)\]]|[-–—−]+(?=\s)|-\s)(?:\s?[-–—−]+(?=\s|$))?|\s?\.(?=\s*$)")
_AFTER_SURE = re.compile(r"\s*(?:$|\(\d|1\.\s|1°|\((?:V|VD|VT|M|T)\)|\((?:L|A\.|abrog|inséré|nouveau|ex\s|Loi|Règl))")
_DIVISIONS: tuple[tuple[int, str], ...] = (
    (1, r"Livre|Boek|Buch|ΒΙΒΛΙΟ|Βιβλίο|Cartea|Book"),
    (2, r"Partie|Deel|Teil|ΜΕΡΟΣ|Μέρος|Partea|Part|Deel"),
    (3, r"Titre|Titel|Titlul|ΤΙΤΛΟΣ|Τίτλος|Title"),
    (4, r"Chapitre|Hoofdstuk|Kapitel|ΚΕΦΑΛΑΙΟ|Κεφάλαιο|ΚΕΦ\.|Capitolul|Chapter|Chap\."),
    (5, r"Section|Afdeling|Abschnitt|ΤΜΗΜΑ|Τμήμα|Secțiunea|Secţiunea|Sectiunea|Sect\."),
    (
        6,
        r"Sous-section|Onderafdeling|Unterabschnitt|ΥΠΟΤΜΗΜΑ|Υποτμήμα|Subsecțiunea|Subsecţiunea|Subsection"
        r"|ΕΝΟΤΗΤΑ|Ενότητα",
    ),
    (7, r"Sous-sous-section|Paragraphe|Onder-onderafdeling|Paragraful"),
)
_DIVISION_NUMBER = (
    r"(?:(?:\d+|[IVXLC]+)-a(?!\w)|\d+(?:er|re|ère|e|ο|η|Ο|Η)?(?:[./-]\d+)*|[IVXLC]+(?:er|re)?|premier|première|unique"
    r"|PREMIER|PREMIERE|PREMIÈRE|UNIQUE"
    r"|I\^er|[A-ZΑ-Ω](?=[\s.:'΄’´]|$)"
    rf"|[α-ωά-ώΑ-ΩΆ-Ώ]+(?:ο|ον|Ο|ΟΝ|η|Η)\b|[A-Z]['΄’´])(?:\s?(?:{_LATIN_SUFFIX})\b)?['΄’´]*"
)
_DIVISION = re.compile(
    r"(?P<open>[«„“”″\"]\s?)?(?P<label>(?P<word>"
    + "|".join(f"(?P<r{rank}>{words}|{words.upper()})" for rank, words in _DIVISIONS)
    + rf")\s(?:a\s)?(?P<number>{_DIVISION_NUMBER}))(?P<sep>\s*(?:[.:]\s?[-–—−]*|[-–—−]+)|\s*$|(?=\s))\s*"
)
_DIVISION_BEFORE = re.compile(
    r"(?P<label>(?P<number>\d+)\.\s?(?P<word>(?P<r2>Teil|TEIL)|(?P<r4>Kapitel|KAPITEL)|(?P<r5>Abschnitt|ABSCHNITT)))"
    r"(?P<sep>\s*[:.–—-]|\s*$)\s*"
)
_ANNEX = re.compile(
    r"(?P<label>\(?(?:Annexes?|ANNEXES?|Bijlagen?|BIJLAGEN?|Anlagen?|ANLAGEN?|Anhang|ANHANG|Anexa|ANEXA|ANEXĂ|Anexă"
    r"|Anexe|ANEXE|ΠΑΡΑΡΤΗΜΑ(?:ΤΑ)?|Παράρτημα|ANNEX|Annex|Appendix|APPENDIX)"
    r"(?:\s(?:n°|nr\.?|Nr\.?|no\.?|N°|nº)?\s?(?:\d+(?:er)?|[IVXLC]+|[A-ZΑ-Ω]['΄’´]?)(?:[./]\d+)*(?![\w]))?\)?)"
    r"(?P<sep>\s*$|\s*[.:–—-]|\s(?=[A-ZΑ-ΩÀ-ÝȘȚĂÎ(«])|\s(?:à|aan|bij|zum|zur|la|to|du|de|tot|au|van|der|des|al)\s)"
)
_PARAGRAPH_SIGN = re.compile(
    rf"(?P<open>[«„“”″\"]\s?)?(?P<label>(?:§|Paragraphe(?=\s\d))\s?(?P<number>\d+(?:er"
    rf"|re)?(?:\s?(?:{_LATIN_SUFFIX})\b|/\d+)*))"
    r"(?!\s?(?:et|en|und|à|,))(?P<sep>\s?\.?\s?(?:[-–—]\s)?|\s*$)"
)
_PARAGRAPH_ROMAN = re.compile(
    rf"(?P<open>[«„“”″\"]\s?)?(?P<label>(?P<number>[IVX]{{1,6}}(?:\s(?:{_LATIN_SUFFIX}))?))\s?\.\s?[-–—]\s?(?=\S)"
)
_PARAGRAPH_BRACKET = re.compile(
    rf"(?P<open>[«„“”″\"]\s?)?(?P<label>\((?P<number>\d{{1,3}}(?:\^\d+)?(?:\s?(?:{_LATIN_SUFFIX}))?)\))\s*(?:\.\s)?(?=[^\s,;.)]"
    rf"|$)"
)
_PARAGRAPH_ALIN = re.compile(r"(?P<open>)(?P<label>(?:Alin\.|ALIN\.|Alineatul)\s?\(?(?P<number>\d+)\)?)\s*")
_NUMBERED = re.compile(
    rf"(?P<open>[«„“”″\"]\s?)?(?P<label>(?P<number>\d{{1,3}}(?:[Α-Ω]|[a-z](?=\.)"
    rf"|(?:{_LATIN_SUFFIX}))?)\.)(?!\d)\s*(?=[^\s\d,;.]|$|\d+\D)"
)
_DEGREE = re.compile(
    rf"(?P<open>[«„“”″\"]\s?)?(?P<label>(?P<number>\d{{1,3}})\s?[°º](?:\s?(?:{_LATIN_SUFFIX})\b|/\d+)?)\s*"
)
_CLOSED = re.compile(r"(?P<open>[«„“”″\"]\s?)?(?P<label>(?P<number>\d{1,3})\))\s*(?=[^\s,;.)]|$)")
_LETTER = re.compile(
    r"(?P<open>[«„“”″\"]\s?)?(?P<label>\(?(?P<number>[a-z]{1,2}|[α-ω]{1,2}|στ|στστ|[ivx]{1,5}|[A-ZΑ-Ω]"
    r"|[a-z]\^\d|[a-z]bis)['΄’´]?\))\s*(?=[^\s,;)]|$)"
)
_LETTER_POINT = re.compile(
    r"(?P<open>[«„“”″\"]\s?)?(?P<label>(?P<number>[a-zα-ω]|στ|[ικ][α-θ]|[ικ]?στ"
    r"|([α-θ])\4)['΄’´]?\.)(?!\w\.)\s*(?=[^\s\d,;.)]|$)"
)
_DASH = re.compile(r"(?P<open>[«„“”″\"]\s?)?(?P<label>(?P<number>[-–—−•●◦▪■*➢✓])\s)\s*(?=\S)")
_DECIMAL = re.compile(
    r"(?P<label>(?P<number>\d{1,2}(?:\.\d{1,3}){0,5})\.?)(?P<sep>\s*[-–—:]\s+|\s+|(?=[A-ZΑ-ΩÀ-Ý]))(?=[^\W\d_]"
    r"|[«„“\"’'(¿?&]|$)"
)
_ROMAN_HEAD = re.compile(r"(?P<label>(?P<number>[IVX]{1,6}|[A-H]))(?P<sep>\s?[.)/–—-]\s+)(?=[^\W\d_]|[«„“\"])")
_MEASURE = re.compile(
    r"(?P<label>(?:(?P<m>Mesures?|MESURES?|Maatregel(?:en)?|MAATREGEL(?:EN)?|Maßnahme|MASSNAHME|Massnahme"
    r"|Δράση|ΔΡΑΣΗ|Μέτρο|ΜΕΤΡΟ|Măsura|MĂSURA"
    r"|Acțiunea|Acţiunea|ACȚIUNEA|Action|ACTION|Actie|ACTIE|Aktion|Έργο|ΕΡΓΟ|Measure|MEASURE|Engagement|ENGAGEMENT"
    r"|Moossnam|Aktioun|Proposition|PROPOSITION|Axe|AXE|Objectif|OBJECTIF|Obiectivul|OBIECTIVUL|Στόχος|ΣΤΟΧΟΣ"
    r"|Άξονας|ΑΞΟΝΑΣ|Doelstelling|DOELSTELLING|Ziel|ZIEL|Objective|OBJECTIVE|Pilier|Levier|Chantier|Fiche"
    r"|Ενέργεια|ΕΝΕΡΓΕΙΑ|Πυλώνας|ΠΥΛΩΝΑΣ|Προτεραιότητα|Acțiune|Acţiune|Obiectiv(?: general| specific)?|OBIECTIV"
    r"|Direcția de acțiune|Direcţia de acţiune|Prioritatea|Pilonul|Reforma|Investiția|Priorité|Orientation|Ambition"
    r"|SD|OD|Actiepunt|Actielijn|Actiedomein|Prioriteit|Pijler|Handlungsfeld|Aktionslinie|Priorität|Pillar|Priority"
    r"|FICHE|Critère|Test|Exigence)"
    r"|(?P<r>Recommandation|RECOMMANDATION|Recommendation|RECOMMENDATION|Aanbeveling|AANBEVELING|Empfehlung"
    r"|EMPFEHLUNG|Σύσταση|ΣΥΣΤΑΣΗ|Recomandarea|RECOMANDAREA|Recomandare|Πρόταση|ΠΡΟΤΑΣΗ|Empfeelung))"
    r"\s(?:n°|nr\.?|Nr\.?|no\.?|N°|nº|#)?\s?(?P<number>[A-ZΑ-Ω]?\.?\d+(?:[.-]\d+)*[a-z]?|[IVX]+))"
    r"(?P<sep>\s*(?:[.:)–—-]+|$)|\s+(?=[A-ZΑ-ΩÀ-ÝȘȚĂÎ«„“]))\s*"
)
MONTHS = (
    r"janvier|fevrier|mars|avril|mai|mei|juin|juillet|aout|septembre|octobre|novembre|decembre|januari|februari|maart"
    r"|april|juni|juli|augustus|september|oktober|november|december|januar|februar|marz|dezember|ianuarie|februarie"
    r"|martie|aprilie|iunie|iulie|septembrie|octombrie|noiembrie|decembrie|ιανουαριου|φεβρουαριου|μαρτιου|απριλιου"
    r"|μαιου|ιουνιου|ιουλιου|αυγουστου|σεπτεμβριου|οκτωβριου|νοεμβριου|δεκεμβριου|january|february|march|may|june"
    r"|july|august|october|juillet|mee|juin"
)
"""The names of months in all languages, folded, as alternatives of a regular expression."""

_SPACED_WORD = re.compile(r"^((?:[^\W\d_]\s){3,}[^\W\d_])(?=\s)")


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Lower case without accents; Greek final sigma and Latin look-alikes in Greek words folded; for comparing only."""
    bare = without_marks(text).lower().replace("ς", "σ").replace("ß", "ss").replace("ı", "i")
    for mark in "’‘΄´`ʼ":
        bare = bare.replace(mark, "'")
    return bare.replace("\u00a0", " ")


def one_line(text: str) -> str:
    """The text's words with one space between them."""
    return " ".join(text.split())


@lru_cache(maxsize=4096)
def flat(text: str) -> str:
    """The text folded, on one line: what the patterns of phrases are matched against."""
    return one_line(fold(text))


def close_spacing(text: str) -> str:
    """A letter-spaced word at the start of a text closed: `A r t i k e l 1` gives `Artikel 1`."""
    match = _SPACED_WORD.match(text)
    return match.group(1).replace(" ", "") + text[match.end() :] if match else text


_RAISED = str.maketrans({raised: f"^{digit}" for digit, raised in enumerate("¹²³⁴⁵⁶⁷⁸⁹", start=1)})


def number_key(number: str) -> str:
    """A number as printed, folded: `1er`, `premier` and `1` are `1`; `L. 112-8` is `l112-8`; `2 bis` is `2bis`."""
    flat = re.sub(r"\s+", "", fold(number)).strip("'.")
    if flat in _WORD_NUMBERS:
        return _WORD_NUMBERS[flat]
    parts = [_WORD_NUMBERS[word] for word in fold(number).split() if word in _WORD_NUMBERS]
    if len(parts) == 2 and len(parts) == len(number.split()):
        return str(sum(int(part) for part in parts))
    flat = flat.translate(_RAISED)
    flat = re.sub(r"(?<=\d)(?:er|re|ere|ste|de|e|ον|ο|º)(?=$|[^\w])", "", re.sub(r"^([ivxlc]+)er?$", r"\1", flat))
    flat = re.sub(r"^(lo|l|r|d|a)[*.]*(?=\d)", r"\1", flat.replace("l.o.", "lo"))
    flat = re.sub(r"^([ivxlc]+)(?=[.:]\d)", lambda match: str(roman(match.group())), flat)
    if re.fullmatch(r"[ivxlc]+", flat):
        return str(roman(flat))
    return flat


def roman(text: str) -> int:
    """The value of a Roman numeral in lower case letters (no check of its form)."""
    values = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
    total = 0
    for here, after in zip(text, [*text[1:], ""], strict=True):
        value = values[here]
        total += -value if after and values[after] > value else value
    return total


_SUFFIX_ORDER = {name: rank for rank, name in enumerate(_LATIN_SUFFIX.split("|"), start=1)}


def order(key: str) -> tuple[str, tuple[int, ...]]:
    """Where a number stands among its like: (prefix letters, numbers); `2bis` comes after `2` and before `3`."""
    match = re.match(r"([a-z]*?)(?=\d|$)", key)
    prefix = match.group(1) if match else ""
    parts = re.findall(r"\d+|[^\W\d_]+", key[len(prefix) :])
    numbers = [int(part) if part.isdigit() else _SUFFIX_ORDER.get(part, ord(part[0]) - 96) for part in parts]
    return prefix, tuple(numbers)


def follows(key: str, previous: str | None) -> bool:
    """Whether `key` may come next after `previous` in one act: 2 or 1bis after 1, L112-9 after L112-8, 1 at first."""
    if previous is None:
        return True
    prefix, numbers = order(key)
    before_prefix, before = order(previous)
    if not numbers or not before:
        return False
    if prefix != before_prefix:
        return bool(prefix) == bool(before_prefix)
    if numbers[0] == before[0] + 1:
        return True
    return numbers[0] == before[0] and numbers > before


def _match_label(pattern: re.Pattern[str], text: str, kind: LabelKind, rank: int = 0) -> Label | None:
    match = pattern.match(text)
    if match is None or not match.group("label"):
        return None
    alone = not text[match.end() :].strip()
    label = one_line(match.group("label")).rstrip(".").strip()
    return Label(kind, label, number_key(match.group("number")), match.end(), True, alone, rank)


@lru_cache(maxsize=4096)
def article_label(text: str) -> Label | None:
    """An article's label at the start of a text, an opening quotation mark before it allowed, or None.

    `sure` is False where a sentence could begin so (`Artikel 8 van de wet`, `Article 5 Objet`).
    """
    spaced = len(text)
    text = close_spacing(text)
    spaced -= len(text)
    best = None
    for pattern in (_ARTICLE, _ARTICLE_GREEK_WORD, _ARTICLE_BEFORE):
        match = pattern.match(text)
        if match and (pattern is not _ARTICLE_GREEK_WORD or number_key(match.group("number")).isdigit()):
            best = match
            break
    if best is None:
        return None
    end = best.end()
    rest = text[end:]
    if rest and (rest[0].isalnum() or rest[0] in "°,;/^"):
        return None
    separator = _SEPARATOR.match(rest)
    if separator and separator.end():
        end += separator.end()
        sure = True
    else:
        sure = bool(_AFTER_SURE.match(rest))
    body = text[end:]
    printed = one_line(best.group("label")).rstrip(".").strip()
    printed = re.sub(r"(?<=\d)\s(?=(?:er|re)\b)", "", printed)
    if re.match(r"\s?(?:,|;|et\s|en\s(?=\d)|und\s(?=\d)|și\s(?=\d)|και\s(?=\d))", body) and not separator:
        return None
    key = number_key(best.group("number"))
    if "range" in best.re.groupindex and best.group("range"):
        key += "–" + number_key(best.group("range").split()[-1])
    return Label("article", printed, key, spaced + end + len(body) - len(body.lstrip()), sure, not body.strip())


@lru_cache(maxsize=4096)
def division_label(text: str) -> Label | None:
    """Titre II, HOOFDSTUK 3, Kapitel 2, ΚΕΦΑΛΑΙΟ Β΄, Capitolul I … at the start of a heading, or None."""
    spaced = len(text)
    text = close_spacing(text)
    spaced -= len(text)
    match = _DIVISION.match(text) or _DIVISION_BEFORE.match(text)
    if match is None:
        return None
    rank = next(
        int(name[1:]) for name, value in match.groupdict().items() if name[0] == "r" and name[1:].isdigit() and value
    )
    rest = text[match.end() :].strip()
    sure = bool(match.group("sep").strip()) or not rest
    if not sure and rest[0].islower():
        return None
    if rest[:1] in {",", ";", ")"}:
        return None
    label = one_line(match.group("label"))
    return Label("division", label, number_key(match.group("number")), spaced + match.end(), sure, not rest, rank)


def annex_label(text: str) -> Label | None:
    """Annexe 1, Bijlage, Anlage 2, ΠΑΡΑΡΤΗΜΑ Ι, ANEXA nr. 2 … at the start of a heading, or None."""
    match = _ANNEX.match(close_spacing(text))
    if match is None:
        return None
    label = one_line(match.group("label")).strip(" ()")
    return Label("annex", label, fold(label), match.end(), True, not text[match.end() :].strip())


def paragraph_label(text: str) -> Label | None:
    """§ 2, (2), II. –, alin. (2): labels that number an article's paragraphs whatever stands before them; or None."""
    return (
        _match_label(_PARAGRAPH_SIGN, text, "paragraph")
        or _match_label(_PARAGRAPH_BRACKET, text, "paragraph")
        or _match_label(_PARAGRAPH_ALIN, text, "paragraph")
        or _match_label(_PARAGRAPH_ROMAN, text, "paragraph")
    )


def _is_month(rest: str) -> bool:
    return re.match(rf"(?:{MONTHS})\b\.?,?\s*(?:\d{{4}}|$)", fold(rest[:24])) is not None


def numbered_label(text: str) -> Label | None:
    """`2.`: a paragraph where it follows the article's heading, a point where a sentence introduces it; or None.

    A date (`31. August 2026`) is none.
    """
    label = _match_label(_NUMBERED, text, "paragraph")
    return None if label is None or _is_month(text[label.end :]) else label


def point_label(text: str) -> Label | None:
    """1°, 1), a), (a), i), αα), and dashes and bullets (key '-'); or None."""
    for pattern in (_DEGREE, _CLOSED, _LETTER, _LETTER_POINT):
        label = _match_label(pattern, text, "point")
        if label is not None:
            return label
    match = _DASH.match(text)
    return Label("point", match.group("label").strip(), "-", match.end(), False, False) if match else None


def decimal_label(text: str) -> Label | None:
    """1.2.3 or 4. before a heading's or paragraph's words; rank is the number of its parts; or None."""
    label = _match_label(_DECIMAL, text, "decimal")
    if label is None or _is_month(text[label.end :]):
        return None
    depth = label.key.count(".") + 1
    return Label("decimal", label.text, label.key, label.end, depth > 1, label.alone, depth)


def roman_label(text: str) -> Label | None:
    """I., IV -, A. before a heading's words; or None."""
    label = _match_label(_ROMAN_HEAD, text, "decimal")
    return label and Label("decimal", label.text, fold(label.text), label.end, False, label.alone, 0)


def measure_label(text: str) -> Label | None:
    """Mesure 12, Maatregel 3, Δράση 1.2, Recommandation 4 … at the start of a text, or None."""
    match = _MEASURE.match(text)
    if match is None:
        return None
    kind: LabelKind = "recommendation" if match.group("r") else "measure"
    label = one_line(match.group("label"))
    sure = bool(match.group("sep").strip())
    return Label(kind, label, fold(label), match.end(), sure, not text[match.end() :].strip())

"""Telling the language of a text: French, Dutch, German, Greek, Romanian, Luxembourgish, English, or `und`.

`detect` is deterministic and knows no neighbours. py3langid (a naive Bayes model over byte n-grams) is helped where
it errs on short legal text: Greek is told by its script, capitals are lower-cased, labels, numbers and addresses are
left out of account, and function words count, with and without their diacritics.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .records import LANGUAGES, Language
from .text import without_marks

Detector = Literal["py3langid", "langdetect"]
Judgement = tuple[Language, float]
"""A language and its probability; `("und", 0.0)` where the text can't tell."""

_UNDECIDED: Judgement = ("und", 0.0)
MIN_WORDS = 3
"""A text with fewer words than this, labels and abbreviations not counted, is `und`."""
_MAX_CHARACTERS = 1500
"""Longer texts are judged by three pieces of a third of this: beginning, middle and end."""
_PER_WORD = 2.2
"""Log-odds that one function word gives its language against those that don't have it."""
_SHARPNESS = 0.16
"""n-gram scores count features that overlap, so their log-odds are scaled by this before they become probabilities."""

_LUXEMBOURGISH = LANGUAGES.index("lb")
_UNLIKELY_WITHOUT_WORDS = 5.0
"""Log-odds against Luxembourgish in a text with none of its function words, or none that is its alone in a heading in
capitals: headings in Dutch, French and German side by side look like it."""

# Function words and the commonest words of official prose. A word that several languages share speaks for each of
# them, so only the difference counts; words of one letter are listed only where they are telling.
_FUNCTION_WORDS = {
    "fr": """à au aux avec ce ces cette cet ceux celle celles celui chaque comme dans de des dont du elle elles en est
        et été être eux il ils la le les leur leurs lors lorsque mais même ne ni notre nous on ont ou où par pas pour
        plus peut peuvent qu que quel quelle qui sa sans se selon ses si soit son sont sous sur tout toute toutes tous
        un une vers vos votre vous y ainsi afin après avant aucun aucune autre autres cas doit doivent entre fait
        jours loi mise notamment sera seront suivant vu relative relatif article présent présente ayant étant
        l d s c j n qu jusqu lorsqu moins très aussi donc alors chez depuis""",
    "nl": """aan al alle als andere bij binnen dan dat de deze die dit door een eigen elk elke en er geen haar heeft
        hebben het hij hun hier ieder iedere in indien is kan kunnen maar maken met mag moet moeten na naar niet nog nu
        of om onder ons onze ook op over per reeds samen sinds te tegen ten ter tot tussen uit uw van vanaf via volgens
        voor wanneer waar waarbij waarin waarop waarvan was wat we wel welke werd werden wij wordt worden wet zal ze
        zich zij zijn zo zoals zodat zonder zullen zou u hem haar dag dagen jaar artikel bedoeld betreffende besluit
        gelet bepaalde daarvan hiervan hierna tijdens omdat steeds zelf meer geven""",
    "de": """aber alle allen aller als am an auch auf aus bei beim bis bzw da damit dann das dass dazu dem den denen der
        deren des dessen die dies diese diesem diesen dieser dieses durch ein eine einem einen einer eines er erfolgt
        es für gegen gemäß haben hat hier ihm ihr ihre ihrem ihren ihrer im in ist jede jeder jedes kann kein keine
        können mit muss müssen nach nicht noch nur ob oder ohne sein seine seiner seinem sich sie sind so sofern sowie
        über um und unter uns unser unsere vom von vor war was weil wenn werden wie wir wird wurde wurden zu zum zur
        zwischen über gilt Gesetz nachdem bereits insbesondere jedoch solche soll sollen mehr bleibt darf dürfen
        Tag Tage Tagen Jahr Absatz Artikel Behörde Verordnung genannten""",
    # Greek is told by its script; its words only show that a text is running text.
    "el": """του της των το τα τη την τον τους τις στο στη στην στον στα στους στις και για με από σε ως που η ο οι να
        θα δεν είναι κατά προς περί όπως ή αν ότι μας σας μετά μέχρι έως ανά υπό επί εκ εις τοις ταις διά""",
    "ro": """a acest această aceasta aceste acestea acestei acestor acestora acestui acestuia al ale alte am ar are au
        asupra ca care către cât ce cea cei cel cele cu cum da dacă dar de decât deci din dintre doar după ei ele este
        eu fără fi fiecare fie fiind fost în într între iar ilor îi își îl la le li lor lui mai mod mult ne nici nu nr
        oricare orice ori pe pentru peste poate pot prevăzute prevederile prezenta prezentul prin privind potrivit
        prevăzut sa să sale său sau se sub sunt și şi spre toate toți tot trebuie un unei unor unui unde va vor zile
        alin art lege legii legea articol articolul alineatul anul prin conform cadrul noastre unde când atunci astfel
        îşi lucrătoare cererea ordonanța privire mele tău nostru noi voi dintr""",
    "lb": """a an ass awer all alles als am an aus bei beim bis dann dass dat datt de deem déi déi dem den denen der des
        deen deene dei deser dës dëse dëser dësen dësem dir domat duerch duerno e eis eiser eise eng enger engem engen
        en er et ee fir gëtt ginn gouf goufen gëllt geet hat huet hunn hien hir hire hirer hiren iwwer iwwert ier
        kann kee keen keng kënnen kënne kritt kréien mat muss mussen mëssen méi mir ma nach net nëmmen no nees nom oder
        ouni op opgrond säi seng senger sengem séng si sinn soll sollen sou souwéi sech souwäit um un ufro u
        vum vun virun virum vu wa wann war waren wat wéi wou wäert wëllt wier ze zou zum zur zwee zwou zwësche
        zwëschen joer deeg deen dag gesetz leit land staat ënner ëmmer awer esou jidderee jiddereen all
        do gesot nei neien haut eppes näischt där deem dofir dozou doriwwer""",
    "en": """a about after all also an and any are as at be been before between both but by can could do does each for
        from had has have he her his how if in into is it its may more must no not of on one or other our shall she
        should so such than that the their them then there these they this those through to under until up upon was we
        were what when where which who will with within without would you your act law person public section
        provided out only every made being over i my""",
}

_LABELS = """
    article articles art artikel artikels artikelen artikeln articol articolul articolele alin alineat alineatul
    lit litera pct punct punctul nr no nos num numéro numero numărul nummer pag page pages pagina seite seiten
    blz bl p pp alinéa alinéas al par paragraphe paragraphes paragraaf paragraph absatz abs ziffer ziff
    buchstabe bst titre titel titlu titlul title chapitre chapitres hoofdstuk kapitel kap capitol capitolul cap
    chapter chapters section sections sectie afdeling abschnitt secțiunea secţiunea sectiunea sous-section livre
    boek buch cartea book annexe annexes bijlage bijlagen anhang anlage anexa anexă anexe annex partie deel teil
    partea part tome tabel tableau tabelle table tabelul figure figuur abbildung abb figura fig figures
    graphique grafiek cf voir zie siehe vgl see ibid op cit note noot fußnote fn sub bis ter quater quinquies
    lid tiret point points punt tel tél fax gsm mail email e-mail www http https com org eu ue be fr lu gr ro
    html pdf url doi isbn issn iban bic tva btw mwst cui bce kbo rcs siret siren numac dnr ref réf dossier
    kenmerk jo pb abl mb bs kg km cm mm ha eur euro euros lei ron usd ca env etc ff mio mrd journal officiel
    officielle official moniteur staatsblad mémorial amtsblatt publicatieblad bundesgesetzblatt monitorul
    oficial monitor kapitell ofsaz artikele säit άρθρο άρθρα άρθρου παρ παράγραφος παραγράφου εδ εδάφιο περ
    περίπτωση κεφάλαιο τμήμα μέρος τίτλος παράρτημα πίνακας αρ αριθ αριθμ αριθμός φεκ τεύχος σελ σελίδα τηλ φαξ
    τ.κ ταχ βλ ν πδ υα κυα
"""
"""Words that number or name the units of a text, and abbreviations of references, in all languages."""

_STREET = re.compile(
    r"""\b(?:rue|avenue|av(?=\.)|boulevard|bd|blvd|place|chaussée|chaussee|quai|impasse|allée|route|square|esplanade|
    \w*straat|\w*laan|\w*plein|\w*steenweg|\w*kaai|\w*stra(?:ß|ss)e|\w*str|\w*platz|\w+weg|\w*gasse|
    strada|calea|bulevardul|b-dul|piața|piaţa|piata|șoseaua|şoseaua|splaiul|aleea|street|road|
    οδός|οδού|οδος|λεωφόρος|λεωφόρου|λεωφ|πλατεία)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_STREET_PARTICLES = frozenset(
    "de la du des d l le les au aux van der den het t op aan am an zum zur im in und et en of".split()  # noqa: SIM905
)
_POSTCODE = re.compile(r"\b(?:[A-Z]{1,2}-)?\d{2}(?:\d |\d{2,3}\b| \d{3})")
_DIGIT = re.compile(r"\d")
_CONTACT = re.compile(
    r"(?:https?://|www\.)\S+|\S+@\S+\.\w+|\b\w[\w-]*(?:\.[\w-]+)+/\S*|\b[\w-]+\.(?:org|com|eu|be|fr)\b", re.IGNORECASE
)
_DOMAIN = re.compile(r"\.(?:[\w-]+/|(?:org|com|eu|be|fr)\b|(?<=www\.)\S)", re.IGNORECASE)
_MASTHEAD = re.compile(r"moniteur\s+belge|belgisch(?:es)?\s+staats(?:blad|blatt)", re.IGNORECASE)
"""Stands in two languages over every page of the Belgian gazette, whatever the language below."""
_POINT = re.compile(r"(?<!\S)\(?[^\W\d_][).](?=\s|$)")
"""The mark of a point: 'a)', '(b)', 'c.'; no word."""
_WORD = re.compile(r"[^\W\d_]+")
_ELIDED = re.compile(r"\b(?:[ldncsj]|qu)[’'](?=\w)")
_COMPOUND = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_WITH_DIGIT = re.compile(r"(?<!\S)[^\s\d]*+\d\S*")
_ROMAN = re.compile(r"[ivxlcdm]+")
_GREEK = re.compile("[\u0370-\u03ff\u1f00-\u1fff]+")
_LONE_WORDS = frozenset("àayoηοήωΗΟ")
"""Words of one letter; other single letters are initials, points or elided."""


def fold(text: str) -> str:
    """Lower case without diacritics ('Überprüfung' -> 'uberprufung')."""
    return without_marks(text.lower())


@cache
def _votes() -> dict[str, tuple[int, ...]]:
    """Each function word, printed and folded, to the indices of LANGUAGES that have it."""
    votes: dict[str, set[int]] = {}
    for index, language in enumerate(LANGUAGES):
        for word in _FUNCTION_WORDS[language].lower().split():
            for form in (word, fold(word)):
                votes.setdefault(form, set()).add(index)
    return {word: tuple(sorted(indices)) for word, indices in votes.items() if len(indices) < 5}


def is_function_word(word: str) -> bool:
    """Whether it is a function word of one of the seven languages, with or without its diacritics."""
    return word.lower() in _votes()


class Ngrams:
    """py3langid's model of the seven languages: an automaton that reads bytes and tells which n-gram ends at each, and
    the weight that each n-gram has in each language.

    py3langid takes a step of Python for every byte; this walks many pieces of text abreast, to the same scores.
    """

    _LONGEST = 6
    """Bytes of the longest n-gram: so many determine the automaton's state."""
    _PIECE = 64
    _APART = 0xFF
    """No text in UTF-8 has this byte: it sets the automaton back to its beginning."""

    def __init__(self) -> None:
        from py3langid.langid import MODEL_DIR, MODEL_FILE
        from py3langid.modelio import load_model

        weights, priors, classes, moves, rows, ngrams = load_model(MODEL_DIR / MODEL_FILE)
        columns = [column for column, language in enumerate(classes) if language in LANGUAGES]
        self._columns = [[classes[column] for column in columns].index(language) for language in LANGUAGES]
        self._weights = np.ascontiguousarray(weights[:, columns], np.float32)
        self._priors = priors[columns]
        self._moves = np.frombuffer(moves, moves.typecode)
        self._rows = np.array(rows, np.intp) * 256
        self._ngrams = np.array(ngrams, np.int32)

    def scores(self, texts: Sequence[str]) -> list[list[float]]:
        """For each text its log-likelihood (plus a constant) in each of LANGUAGES."""
        lowered = (text.lower() if text.isupper() else text for text in texts)
        coded = [unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass") for text in lowered]
        ended = self._ended(coded)
        scores = []
        start = 0
        for text in coded:
            own = ended[start : start + len(text)]
            counts = Counter(own[own >= 0].tolist())
            which = np.fromiter(counts, np.intp, len(counts))
            often = np.fromiter(counts.values(), np.float32, len(counts))
            score = (np.log1p(often) @ self._weights[which] + self._priors if counts else 0 * self._priors).tolist()
            scores.append([score[column] for column in self._columns])
            start += len(text) + 1
        return scores

    def _ended(self, texts: Sequence[bytes]) -> npt.NDArray[np.int32]:
        """For each byte of the texts, set end to end with one byte between them: the n-gram that ends there, or -1."""
        whole = np.frombuffer(bytes([self._APART]).join(texts), np.uint8)
        n_pieces = len(whole) // self._PIECE + 1
        padded = np.full(self._LONGEST + n_pieces * self._PIECE, self._APART, np.uint8)
        padded[self._LONGEST :][: len(whole)] = whole
        # each piece begins with the end of the one before it, which brings the automaton into its state
        pieces = np.lib.stride_tricks.sliding_window_view(padded, self._LONGEST + self._PIECE)[:: self._PIECE]
        ended = np.empty((self._PIECE, n_pieces), np.int32)
        state = np.zeros(n_pieces, np.intp)
        for place, read in enumerate(np.ascontiguousarray(pieces.T), start=-self._LONGEST):
            state = self._moves[self._rows[state] + read]
            if place >= 0:
                ended[place] = self._ngrams[state]
        return ended.T.ravel()[: len(whole)]


@cache
def load_model() -> Ngrams:
    """The model that `detect` asks; unpacked once per process, which takes 0.4 s."""
    return Ngrams()


def _shorten(text: str) -> str:
    if len(text) <= _MAX_CHARACTERS:
        return text
    third, middle = _MAX_CHARACTERS // 3, len(text) // 2
    return " ".join((text[:third], text[middle - third // 2 : middle + third // 2], text[-third:]))


@cache
def _labels() -> frozenset[str]:
    return frozenset(form for word in _LABELS.split() for form in (word, fold(word)))


def _mostly_capitals(words: Sequence[str]) -> bool:
    capitals = [word for word in filter(str.isupper, words) if len(word) > 1]
    return 2 * len("".join(capitals)) > len("".join(words))


def _telling_words(text: str) -> list[str] | None:
    """The words that can tell a language, capitals lower-cased; None where there are too few, or only labels, numbers,
    references, or an address."""
    text, n_mastheads = _shorten(text), 0
    if _may_have_contacts(text):
        text = _CONTACT.sub(" ", text)
    if "elg" in text.lower():
        text, n_mastheads = _MASTHEAD.subn(" ", text)
    printed = text = _POINT.sub(" ", text)
    numbered = _DIGIT.search(text) is not None
    if numbered:
        text = _WITH_DIGIT.sub(_keep_letters, text)
    compounds = _COMPOUND.findall(text)
    words = _parts(compounds)
    if _mostly_capitals(words):
        text = text.lower()
        compounds = _COMPOUND.findall(text)
        words = _parts(compounds)
    n_words = n_other = len(_ELIDED.findall(text)) if "'" in text or "’" in text else 0
    n_running = 0
    for compound in compounds:
        worth = _worth(compound)
        n_words += worth > 0
        n_other += worth > 1
        n_running += worth > 2
        if n_other > 12:
            break
    if n_words + 2 * n_mastheads < MIN_WORDS or n_other + n_mastheads < MIN_WORDS - 1 or not n_other:
        return None
    is_address = numbered and n_other <= 10 and n_running <= (_POSTCODE.search(printed) is not None)
    return None if is_address and _STREET.search(printed) else words


def _may_have_contacts(text: str) -> bool:
    """True wherever `_CONTACT`, which is slow, finds something, and seldom elsewhere."""
    return "@" in text or "://" in text or _DOMAIN.search(text) is not None


def _parts(compounds: Sequence[str]) -> list[str]:
    """The words of compounds with hyphens."""
    return "-".join(compounds).split("-") if compounds else []


@lru_cache(maxsize=16_384)
def _worth(compound: str) -> int:
    """0 for a point's mark, an initial or a numeral, 1 for a label, 2 for a word, 3 for one of running text."""
    low = compound.lower()
    if (len(compound) == 1 and compound not in _LONE_WORDS) or _ROMAN.fullmatch(low):
        return 0
    if low in _labels():
        return 1
    return 3 if low in _votes() and low not in _STREET_PARTICLES else 2


def _keep_letters(match: re.Match[str]) -> str:
    """'l'article' of 'l'article5' stays; '2016/679', 'L112-8' and 'C-2025/001234' go."""
    token = match.group()
    letters = max(_WORD.findall(token), key=len, default="")
    return f" {letters} " if len(letters) >= 4 else " "


def _softmax(scores: list[float]) -> Judgement:
    top = max(scores)
    best = scores.index(top)
    return LANGUAGES[best], 1.0 / sum(math.exp(score - top) for score in scores)  # type: ignore[return-value]


def _by_ngrams(texts: Sequence[str]) -> list[Judgement]:
    judgements = [_UNDECIDED] * len(texts)
    waiting: dict[int, list[str]] = {}
    for place, text in enumerate(texts):
        words = _telling_words(text)
        if words is None:
            continue
        joined = "".join(words)
        letters = len(joined)
        greek = 0 if joined.isascii() else len("".join(_GREEK.findall(joined)))
        if 2 * greek >= letters:
            judgements[place] = "el", greek / letters
        else:
            waiting[place] = words
    scores = load_model().scores([" ".join(words) for words in waiting.values()]) if waiting else []
    for (place, words), own in zip(waiting.items(), scores, strict=True):
        judgements[place] = _weigh(texts[place], words, own)
    return judgements


def _weigh(text: str, words: Sequence[str], scores: list[float]) -> Judgement:
    """A text's language by its n-grams' scores and its function words."""
    votes = _votes()
    top = max(scores)
    scores = [(score - top) * _SHARPNESS for score in scores]
    n_votes = [0] * len(LANGUAGES)
    looks_luxembourgish = False
    for indices in filter(None, map(votes.get, map(str.lower, words))):
        looks_luxembourgish |= indices == (_LUXEMBOURGISH,)
        for index in indices:
            n_votes[index] += 1
    if not looks_luxembourgish and (not n_votes[_LUXEMBOURGISH] or _mostly_capitals(_WORD.findall(_shorten(text)))):
        scores[_LUXEMBOURGISH] -= _UNLIKELY_WITHOUT_WORDS
    return _softmax([score + _PER_WORD * n for score, n in zip(scores, n_votes, strict=True)])


@cache
def _langdetect_factory() -> Any:
    from langdetect import detector_factory

    detector_factory.DetectorFactory.seed = 0  # without it langdetect answers at random
    detector_factory.init_factory()
    return detector_factory._factory


def _by_langdetect(text: str) -> Judgement:
    from langdetect.lang_detect_exception import LangDetectException

    if _telling_words(text) is None:
        return _UNDECIDED
    detector = _langdetect_factory().create()
    detector.append(text)
    try:
        found = [(guess.lang, guess.prob) for guess in detector.get_probabilities() if guess.lang in LANGUAGES]
    except LangDetectException:  # it found no letters it knows
        return _UNDECIDED
    return max(found, key=lambda pair: pair[1]) if found else _UNDECIDED


def detect(texts: Sequence[str], detector: Detector = "py3langid") -> list[Judgement]:
    """The language of each text and its probability, `("und", 0.0)` where there are too few words to tell.

    `detector` py3langid knows all seven languages; langdetect, for comparison with earlier studies, knows no
    Luxembourgish and fails on capitals. Both give the same answer every time, whatever else was asked before.
    """
    distinct = list(dict.fromkeys(texts))
    told = _by_ngrams(distinct) if detector == "py3langid" else [_by_langdetect(text) for text in distinct]
    judgements = dict(zip(distinct, told, strict=True))
    return [judgements[text] for text in texts]

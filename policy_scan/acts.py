"""Acts: how the heading of an act looks in a gazette, a law or a draft, what type and date it says, and what a
document's own text tells of it. Pure functions on text; where acts begin in a document is for the stage to decide.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .records import Facts
from .schemes import MONTHS, fold, one_line

_DATE = re.compile(rf"(?<!\d)(\d{{1,2}})(?:er|re|\.|ης|ησ|η|o|°)?\s?(?:de\s)?({MONTHS})\s?,?\s?(\d{{4}})(?!\d)")
_NUMERIC_DATE = re.compile(r"(?<![\d/.])(\d{1,2})[./](\d{1,2})[./](\d{4})(?![\d/])")
_MONTH_NUMBERS: dict[str, int] = {
    name: number
    for number, names in enumerate(
        (
            "janvier januari januar ianuarie ιανουαριου january",
            "fevrier februari februar februarie φεβρουαριου february",
            "mars maart marz martie μαρτιου march",
            "avril april aprilie απριλιου",
            "mai mei μαιου may mee",
            "juin juni iunie ιουνιου june",
            "juillet juli iulie ιουλιου july",
            "aout augustus august αυγουστου",
            "septembre september septembrie σεπτεμβριου",
            "octobre oktober octombrie οκτωβριου october",
            "novembre november noiembrie νοεμβριου",
            "decembre december dezember decembrie δεκεμβριου",
        ),
        start=1,
    )
    for name in names.split()
}

_TYPES: tuple[tuple[str, str], ...] = (
    (
        "law",
        r"loi(?:s|-programme)?|wet|programmawet|bijzondere wet|gesetz|programmgesetz|sondergesetz|νομοσ"
        r"|lege(?:a)?|law|act|codul?|code|wetboek|gesetzbuch|κωδικασ|constitution|constitutia|συνταγμα"
        r"|ordonnance|ordonnantie",
    ),
    ("directive", r"directive|richtlijn|richtlinie|οδηγια|directiva"),
    ("regulation", r"reglement|verordening|verordnung|κανονισμοσ|regulament(?:ul)?|regulation"),
    (
        "order",
        r"arrete ministeriel|ministerieel besluit|ministerieller erlass|arrete du \d|ordonanta|ordin(?:ul)?"
        r"|order",
    ),
    (
        "decree",
        r"decret(?:-loi)?|decreet|dekret|arrete|koninklijk besluit|besluit|koniglicher erlass|erlass"
        r"|π\.? ?δ\.?|προεδρικο διαταγμα|διαταγμα|αποφαση|αποφασεισ|πραξη|hotarare|hotararea|decretul?"
        r"|beschluss|deliberation|decision|decizia|arrangement|accord|samenwerkingsakkoord"
        r"|zusammenarbeitsabkommen|verordnung",
    ),
    ("circular", r"circulaire|omzendbrief|rundschreiben|εγκυκλιοσ|circulara|instruction|dienstinstructie"),
)  # fmt: skip
_TYPE_PATTERNS = tuple((name, re.compile(rf"(?:{words})(?![\w])")) for name, words in _TYPES)

_BE_HEAD = re.compile(
    rf"^(?P<date>\d{{1,2}}(?:er|re|ste|e|\.)? ?(?:{MONTHS}) \d{{4}})\.? ?[—–-]+ ?(?P<title>[\"'«„“]?[a-z].{{5,}})",
    re.DOTALL,
)
_PLAIN_HEAD = re.compile(
    r"^(?P<title>(?:texte coordonne (?:du .{0,40} )?(?:de la |du |des )?)?(?:republication du |rectificatif\W+)?"
    r"(?:(?:avant-)?projet (?:de )?(?:loi|decret|reglement|d'arrete|d'ordonnance)|proposition de loi"
    r"|(?:voor)?ontwerp van (?:wet|decreet|besluit)|wetsontwerp"
    r"|texte coordonne du \d{1,2}(?:er)? [a-z]+ \d{4}|loi|reglement grand-ducal|reglement ministeriel"
    r"|reglement du gouvernement|arrete grand-ducal|arrete ministeriel|arrete royal"
    r"|arrete du (?:gouvernement|president|ministre|premier)|arrete|decret|ordonnance|arrete-loi"
    r"|decision ministerielle"
    r"|koninklijk besluit|ministerieel besluit|besluit van (?:de|het)|wet|decreet"
    r"|gesetz|koniglicher erlass|ministerieller erlass|erlass der regierung|dekret|entwurf|reglement)\b"
    r"(?: \([a-z]{2,3}\))? ?(?:n[°o]\.? ?[\d-]+ ?)?(?:du|de|van|vom|relatif|relative|comprenant|n[°o]|tot"
    r"|houdende|zur|uber|portant|modifiant|fixant|pris|pour|visant|tendant|autorisant|ratifiant|habilitant|renforcant)\b.{5,})",
    re.DOTALL,
)
_EU_HEAD = re.compile(
    r"^(?:(?:[ivl]+ )?(?:\([^)]{3,30}\) )?(?:reglements|regulations|verordeningen|verordnungen|directives|richtlijnen"
    r"|richtlinien|decisions|besluiten|beschlusse|κανονισμοι|οδηγιεσ|αποφασεισ|regulamente|directive|decizii) )?"
    r"(?P<title>(?:reglement(?: delegue| d'execution)?|directive(?: deleguee)?|decision|verordening"
    r"|uitvoeringsverordening|gedelegeerde verordening|richtlijn"
    r"|(?:durchfuhrungs|delegierte )?verordnung|richtlinie|beschluss|(?:εκτελεστικοσ "
    r"|κατ' εξουσιοδοτηση )?κανονισμοσ|οδηγια|αποφαση|regulamentul|directiva|decizia"
    r"|(?:commission )?(?:implementing |delegated )?regulation|directive|decision)"
    r" ?(?:(?:\((?:ue|eu|εε|ce|eg|εκ|euratom|ec|cee|εοκ)[^)]*\)|n[°or]\.? )+ ?(?:n[°or]+\.? )?\d+/\d+"
    r"|\d{2,4}/\d+/(?:ue|eu|εε|ce|eg|εκ|ec|cee)).*)",
    re.DOTALL,
)
_GREEK_HEAD = re.compile(
    r"^(?P<title>(?:n?νομοσ|nomo[σs]|προεδρικο διαταγμα|βασιλικο διαταγμα|αναγκαστικοσ νομοσ"
    r"|πραξη (?:νομοθετικου περιεχομενου|υπουργικου συμβουλιου)"
    r"|π\.? ?δ\.?|υπουργικη αποφαση|κανονιστικη διαταξη)(?: \(?υπ['·.]? ?(?:αριθ"
    r"|αρ)μ?[.:]? ?(?:(?P<no>\d+)[^\n]*)?| ?αριθ[.μ]* ?\d+| \d{3,4}/\d{4}|$|(?= τησ \d)).*)",
    re.DOTALL,
)
_GREEK_NUMBER = re.compile(
    r"^(?:[fφ] )?(?P<title>\(?\d{0,3}\)? ?[αa]ριθ(?:μ|μοσ)?\.? ?[^\n]{0,80}?\d[^\n]{0,420}"
    r"|\(\d{1,2}\) [^\n]{20,500})$",
    re.DOTALL,
)
_ROMANIAN_HEAD = re.compile(
    r"^(?P<title>(?:proiect de )?(?:lege(?:a)?|ordonanta(?: de urgenta)?(?: a guvernului)?"
    r"|hotarare(?:a)?(?: a? ?guvernului)?|ordin(?:ul)?|decret(?:ul)?|decizia|norme(?:le)? metodologice"
    r"|regulament(?:ul)?)"
    r"(?: ?\*?\)?)? ?(?:nr\.? ?[\d.]+.*|privind .*|pentru .*|din \d.*|de .*|$))",
    re.DOTALL,
)
_FRENCH_CODE = re.compile(r"^(?P<title>code (?:de|du|des|general|civil|penal|rural|electoral|d)\b.{3,120})$")
_NUMAC = re.compile(r"^[\[(]\s?(?:[A-Z]\s?[−–—-]\s?)?(?P<number>\d{4}/\d{4,6})\s?[\])]$")
_OFFICE = re.compile(
    r"^(?:SERVICE PUBLIC|FEDERALE OVERHEIDSDIENST|FÖDERALER ÖFFENTLICHER|FODERALER|PROGRAMMATORISCHE|MINISTERE"
    r"|MINISTERIE|MINISTERIUM|AUTORITE|VLAAMSE OVERHEID"
    r"|COMMUNAUTE|REGION|BRUSSELS|GOUVERNEMENT|COMMISSION|DEUTSCHSPRACHIGE|GEMEINSCHAFTS|WAALS|REGIE|AGENCE"
    r"|INSTITUT|DE PROGRAMMATION|CONSEIL|GRONDWETTELIJK|COUR"
    r"|VERFASSUNGSGERICHTSHOF|SPF|FOD|POD|SPP|PARTIE|DEEL|HAUPT|LOIS,|WETTEN,|AUTRES|ANDERE|AVIS|OFFICIELE"
    r"|LUTTE|MAATSCHAPPELIJKE|ARMOEDE)[\w\s,’'.ÀÉÈÊÔÜÖÄË—–-]*$"
)


@dataclass(frozen=True, slots=True)
class Act:
    """An act as found: title, type (of DOC_TYPES), date (YYYY-MM-DD or ""), and the number it was published under."""

    title: str
    act_type: str
    date: str
    number: str = ""


@dataclass(frozen=True, slots=True)
class ActHead:
    """The heading of an act: its title as printed (white space closed), type of DOC_TYPES, date (or ''), and whether
    its form alone tells that an act begins (`sure`) or only with an enacting phrase or article after it."""

    title: str
    act_type: str
    date: str
    sure: bool


def date_in(text: str) -> str:
    """The first date of a text as YYYY-MM-DD, or ''."""
    folded = fold(text)
    match = _DATE.search(folded)
    if match:
        return f"{match.group(3)}-{_MONTH_NUMBERS[match.group(2)]:02d}-{int(match.group(1)):02d}"
    match = _NUMERIC_DATE.search(folded)
    if match and 1 <= int(match.group(2)) <= 12 and 1 <= int(match.group(1)) <= 31:
        return f"{match.group(3)}-{int(match.group(2)):02d}-{int(match.group(1)):02d}"
    return ""


def act_type(title: str) -> str:
    """The type (of DOC_TYPES) that an act's title says it is, '' where it says none. The first type word counts."""
    folded = re.sub(r"\s+", " ", fold(title))[:300]
    found: list[tuple[int, int, str]] = []
    for rank, (name, pattern) in enumerate(_TYPE_PATTERNS):
        match = re.search(rf"(?<![\w]){pattern.pattern}", folded)
        if match:
            found.append((match.start(), rank, name))
    if not found:
        return ""
    start, _, name = min(found)
    if name == "law" and folded.startswith("ordonnance", start) and "gouvernement" in folded:
        return "order"
    return name


_BARE_TYPES = frozenset({"LEGE", "ORDIN", "DECRET", "DECIZIE"})
"""What a Romanian act's heading may be by itself, its subject on the next line."""
_BARE_DRAFT = re.compile(r"^(?P<title>projet de loi|proposition de loi|wetsontwerp|wetsvoorstel|σχεδιο νομου)$")


def act_head(text: str) -> ActHead | None:
    """The heading of an act at the start of a block, or None. `text`: the block's text, lines joined by a space."""
    flat = one_line(text)
    flat = re.sub(r"^[\[(]\s?[A-Z]\s?[−–—-]\s?\d{4}/\d{4,6}\s?[\])]\s*", "", flat)
    numbered = re.match(r"\(\d{1,2}\) [Α-ΩΆ-ΏA-Z]", flat) is not None and re.search("[α-ω]", flat) is not None
    if not flat or (len(flat) < 8 and flat not in _BARE_TYPES) or len(flat) > 1800:
        return None
    if flat[0].islower() or (flat[0] in "(«„“”-" and not numbered):
        return None
    folded = fold(flat)
    match = _BE_HEAD.match(folded)
    if match:
        # Without a type word the heading still opens a notice; it's sure only by its date and dash.
        kind = act_type(match.group("title")[:80])
        return ActHead(flat, kind or "other", date_in(match.group("date")), True) if kind else None
    for pattern, sure in (
        (_EU_HEAD, True),
        (_GREEK_HEAD, True),
        (_GREEK_NUMBER, False),
        (_ROMANIAN_HEAD, False),
        (_PLAIN_HEAD, False),
        (_FRENCH_CODE, False),
        (_BARE_DRAFT, False),
    ):
        match = pattern.match(folded)
        if match is None:
            continue
        if pattern is _EU_HEAD:
            # The gazette's section stands before it in one block: `REGULATIONS REGULATION (EU) …`
            own = flat[match.start("title") :] if len(folded) == len(flat) else flat
            if not own[:3].isupper():
                continue
            flat = own
        if pattern is _ROMANIAN_HEAD and not (flat.split()[0].isupper() or len(flat) < 300):
            return None
        if (
            flat.endswith(";")
            or (flat.endswith(",") and len(flat) > 160)
            or (len(flat) > 900 and pattern is not _EU_HEAD)
        ):
            return None
        kind = "decree" if pattern is _GREEK_NUMBER else act_type(folded)
        if pattern is _GREEK_HEAD and "nomo" in folded[:6]:
            kind = "law"
        if pattern is _GREEK_NUMBER:
            flat = re.sub(r"^(?:[FΦ] )?(?:\(\d{1,2}\) )?", "", flat)
        # A Greek heading has its own date only in the gazette's masthead and under the signatures.
        date = "" if pattern in (_GREEK_HEAD, _GREEK_NUMBER) else date_in(flat[:400])
        return ActHead(flat.rstrip(" ,"), kind or "other", date, sure)
    return None


def publication_number(text: str) -> str:
    """The number under which the Moniteur belge prints an act, the same in both languages: `2025/008782`, or ''."""
    match = _NUMAC.match(text.strip())
    return match.group("number") if match else ""


def is_office(text: str) -> bool:
    """A line in capitals that names the ministry or government an act of the Moniteur belge comes from."""
    return len(text) < 200 and bool(_OFFICE.match(one_line(text)))


_PROPOSED = re.compile(
    r"(?<!\w)(?:(?:avant-)?projet (?:de )?(?:loi|decret|reglement|d'arrete|d'ordonnance)|proposition de (?:loi"
    r"|reglement|directive)|wetsontwerp|wetsvoorstel|"
    r"(?:voor)?ontwerp van (?:wet|decreet|besluit|koninklijk)|gesetzentwurf|entwurf (?:eines|des|einer)"
    r"|gesetzvorschlag|vorschlag fur eine|σχεδιο νομου|προτασησ? νομου"
    r"|προσχεδιο|proiect (?:de |al )?(?:lege|ordonanta|hotarare|ordin)|proiectul(?:ui)? de (?:lege|ordonanta"
    r"|hotarare)|propunere de (?:regulament|directiva)|draft (?:law|bill|act|regulation|decree))"
)


def legal_status(head: str) -> str:
    """`proposed` where the first words of a document (its title page) call it a draft, else ''."""
    return "proposed" if _PROPOSED.search(re.sub(r"\s+", " ", fold(head))[:600]) else ""


_PLAN_TYPES: tuple[tuple[str, str], ...] = (
    (
        "action_plan",
        r"plan d'actions?|actieplan|aktionsplan|σχεδιο δρασησ|plan(?:ul)? (?:national )?de actiune|action plan"
        r"|feuille de route|routekaart|programme de travail|roadmap",
    ),
    (
        "strategy",
        r"strateg|στρατηγικ|vision |politique de|beleidsnota|note de politique|accord de coalition"
        r"|koalitiounsaccord|regeerakkoord|koalitionsvertrag|acord(?:ul)? de coalitie|program(?:ul)? de guvernare"
        r"|κυβερνητικο προγραμμα|coalition agreement|declaration de politique|programme de gouvernement",
    ),
    (
        "guideline",
        r"guide|lignes? directrices?|referentiel|leitfaden|richtsnoer|leidraad|handleiding|handbuch|οδηγοσ"
        r"|εγχειριδιο|ghid|manual|guidelines?|standaard|standard|recommandations?|bonnes pratiques",
    ),
    (
        "report",
        r"rapport|bilan|verslag|bericht|εκθεση|raport|report|etude|studie|μελετη|studiu|nota de fundamentare"
        r"|expose des motifs|αιτιολογικη|evaluation|audit|politici publice",
    ),
    ("circular", r"circulaire|omzendbrief|rundschreiben|εγκυκλιοσ|circulara"),
)  # fmt: skip


def plan_type(text: str) -> str:
    """The type that the title or first words of a document other than an act say it is, '' where they say none."""
    folded = re.sub(r"\s+", " ", fold(text))
    found = [(m.start(), name) for name, words in _PLAN_TYPES if (m := re.search(rf"(?<!\w)(?:{words})", folded))]
    return min(found)[1] if found else ""


_GAZETTE = re.compile(
    r"moniteur belge|belgisch staatsblad|belgisches staatsblatt|εφημερι(?:σ|δα) τησ κυβερνησεωσ|memorial\b"
    r"|journal officiel|monitorul oficial|amtsblatt"
)


def is_gazette(texts: Sequence[str]) -> bool:
    """Whether any of a document's texts (its furniture and first page) names a gazette."""
    return any(_GAZETTE.search(fold(text)) for text in texts)


_CITES_ACT = re.compile(r"\b(?:(?:programma)?wet|lois?|articles?|artikele?n?|gesetz\w*|νομ\w+|legea?|van|du)\b")


def _gazette_date(texts: Sequence[str]) -> str:
    """The date of an issue by its masthead and running heads: beside the gazette's name, else the first date there
    that isn't an act's."""
    dated = [text for text in texts if len(text) < 160 and date_in(text)]
    named = [text for text in dated if is_gazette([text])]
    plain = [text for text in dated if not _CITES_ACT.search(fold(text))]
    return date_in((named or plain or [""])[0])


def _gazette_title(texts: Sequence[str]) -> str:
    """The gazette's name as printed, with the line that has its number and date where that stands apart."""
    named = [text for text in texts if len(text) < 160 and is_gazette([text])]
    names = [re.sub(r"^[\d\s]+|(?<=\D)\s\d{1,4}$", "", text) for text in named]
    if not names:
        return ""
    name = next((one for one in names if date_in(one)), names[0])
    if date_in(name):
        return name
    words = name.split()
    half = len(words) // 2
    if half and words[:half] == words[half:]:
        name = " ".join(words[:half])
    dated = [text for text in texts if len(text) < 160 and date_in(text) and not _CITES_ACT.search(fold(text))]
    return f"{name}, {dated[0]}" if dated else name


_ISSUERS = re.compile(
    r"^(?:Ministère|Ministere|Ministerul|Guvernul|GUVERNUL|Parlamentul|PARLAMENTUL|Service public"
    r"|SERVICE PUBLIC|Federale Overheidsdienst|FEDERALE OVERHEIDSDIENST|Föderaler Öffentlicher"
    r"|FÖDERALER ÖFFENTLICHER|VLAAMSE OVERHEID|AUTORITE FLAMANDE|MINISTERIUM|MINISTERE|MINISTERIE|Commission"
    r"|Direction|DIRECTION|Secrétariat|Le Gouvernement|LE GOUVERNEMENT"
    r"|De Vlaamse Regering|DE VLAAMSE REGERING|Die Regierung|DIE REGIERUNG|Η ΒΟΥΛΗ|Ο ΠΡΟΕΔΡΟΣ|ΥΠΟΥΡΓΕΙΟ"
    r"|Ο ΥΠΟΥΡΓΟΣ|ΟΙ ΥΠΟΥΡΓΟΙ|Ο ΥΦΥΠΟΥΡΓΟΣ|LE PARLEMENT EUROPÉEN|Informatie Vlaanderen"
    r"|Nous )[^.;:]{0,140}$"
)


def issuer_in(texts: Sequence[str]) -> str:
    """The first line among a document's first ones that names a ministry, government or other body, or ''."""
    for text in texts:
        flat = one_line(text).strip(" ,")
        if len(flat) < 160 and _ISSUERS.match(flat):
            return flat
    return ""


def facts_of(
    doc_id: str,
    texts: Sequence[str],
    headings: Sequence[str],
    furniture: Sequence[str],
    acts: Sequence[Act],
    n_acts: int,
) -> Facts:
    """What a document's text says of it. `texts`: its first body texts; `headings`: those among its first ones that
    are headings, largest first; `furniture`: running heads and mastheads; `acts`: with a heading of their own."""
    named = [act for act in acts if act.title]
    first = named[0] if named else None
    front = " ".join(texts[:12])
    if first is not None:
        title = first.title
        kind = "gazette" if n_acts > 1 and is_gazette([*furniture, *texts[:6]]) else first.act_type
    else:
        headings = [text for text in headings if not is_gazette([text])]
        title = headings[0] if headings else (texts[0] if texts and len(texts[0]) < 300 else "")
        kind = plan_type(title) or plan_type(front[:400]) or "other"
    masthead = [*furniture, *texts[:6]]
    if kind == "gazette":
        title = _gazette_title(masthead)
        date = _gazette_date(masthead)
    elif first is not None:
        # Its own, else that of the issue it stands in; never one that its title or preamble cites.
        date = first.date or (_gazette_date(furniture) if is_gazette(masthead) else "")
    else:
        date = date_in(front[:1500])
    return Facts(
        doc_id, re.sub(r"\s+", " ", title)[:600].strip(), issuer_in(texts[:25]), date, kind,
        legal_status(f"{title} {front}"), n_acts,
    )  # fmt: skip

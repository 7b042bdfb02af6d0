"""Phrases that tell where a text stands: tables of contents, commentary, preambles, enacting words, signatures, and the
words that announce a quotation, in all languages. Matched on folded text."""

from __future__ import annotations

import re

from ..schemes import MONTHS, flat, fold

_CONTENTS = re.compile(
    r"^(?:sommaire|table des matieres|tables? analytiques?|inhoud(?:sopgave|stafel)?|inhaltsverzeichnis|inhalt"
    r"|(?:πινακασ )?περιεχομεν(?:α|ων)|ευρετηριο|cuprins(?:ul)?|(?:table of )?contents|inhaltsiwwersiicht"
    r"|inhaltsubersicht|sumar)\s*[:.]?$"
)
_LEADER = re.compile(r"\.\s?(?:\.\s?){3,}|……+|_\s?(?:_\s?){4,}|·\s?(?:·\s?){3,}")
"""Each alternative begins with a character that few texts have, so that a search passes the others by."""
_ENTRY_END = re.compile(r"(?:\s|\t|[.…])\s?(?:p\.|bl\.|blz\.|S\.|σελ\.|pag\.|page)?\s?\d{1,4}$")
_ENTRY_PAGE = re.compile(r",\s(?:p|bl|blz|S|pag|σελ)\.\s?\d{1,5}\.?$")
_BARE_PAGE = re.compile(r"(?:(?:p|bl|blz|S|pag|σελ)\.\s?\d{1,5}\.?)$")


def is_contents_heading(text: str) -> bool:
    """Sommaire, Inhoud, Inhaltsverzeichnis, ΠΕΡΙΕΧΟΜΕΝΑ, Cuprins …: the heading of a table of contents."""
    return len(text) < 60 and bool(_CONTENTS.match(flat(text)))


def is_contents_entry(text: str, *, inside: bool = False) -> bool:
    """An entry of a table of contents: dot leaders, or a page number at the end (`inside`: after its heading)."""
    text = text.strip()
    leaders = list(_LEADER.finditer(text))
    if len(leaders) > 2 and sum(match.end() - match.start() for match in leaders) * 5 > len(text):
        return True
    if len(text) > 900:
        return False
    if leaders and (
        re.fullmatch(r"[\s.…_·]*(?:p\.|page)?\s*\d{0,5}\.?", text[leaders[-1].end() :]) or len(leaders) > 2
    ):
        return bool(re.search(r"[^\W_]", text))
    if _ENTRY_PAGE.search(text) or _BARE_PAGE.match(text):
        return True
    return inside and len(text) < 400 and bool(_ENTRY_END.search(text)) and not re.search(r"[;:]$", text)


_IMPRINT = re.compile(
    r"καποδιστριου 34|τιμη πωλησησ φυλλων|ετησιεσ? συνδρομ|ετησια εκδοση|webmaster\.et@|www\.et\.gr"
    r"|το εθνικο τυπογραφειο αποτελει δημοσια υπηρεσια|την ευθυνη για την εκτυπωση, διαχειριση"
    r"|^απο το εθνικο τυπογραφειο|για τα φ\.ε\.κ\. απο|editeur ?: ?(?:service|ministere)|^imprimeur ?:"
    r"|^editor ?: ?(?:guvernul|parlamentul|camera)|regia autonoma .?monitorul oficial"
)


def is_imprint(text: str) -> bool:
    """What a gazette's last page says of the gazette itself: its printer, address, prices and subscriptions."""
    return bool(_IMPRINT.search(flat(text)))


_COMMENTARY = re.compile(
    r"^(?:rapport (?:au roi|a la reine|au president de la republique|au parlement|au premier ministre)"
    r"|verslag aan de (?:koning|regering|vlaamse regering)|bericht an (?:den konig|die regierung)"
    r"|avis (?:n[°o] ?)?[\d.,/ ]*.{0,40}du conseil d'etat|avis de l'autorite de protection"
    r"|advies (?:nr\.? ?)?[\d.,/ ]*.{0,60}van de (?:raad van state|gegevensbeschermings)"
    r"|(?:le )?conseil d'etat,? section de legislation|raad van state,? afdeling wetgeving"
    r"|staatsrat,? gesetzgebungsabteilung"
    r"|gutachten (?:nr\.? ?)?[\d.,/ ]*.{0,40}des staatsrates"
    r"|expose des motifs|memorie van toelichting|toelichting|nota van toelichting|begrundung|commentaire des articles"
    r"|artikelsgewijze (?:bespreking|toelichting)|bespreking van de artikelen|commentaire article par article"
    r"|αιτιολογικη εκθεση"
    r"|εισηγητικη εκθεση|εκθεση αξιολογησησ|expunere de motive|nota de fundamentare|referat de aprobare)\b"
)


_TEXT_OF_DRAFT = re.compile(
    r"^(?:[ivx\d]{1,4}[.)] ?)?(?:texte (?:du|de la) |tekst van het |wortlaut des |textul |κειμενο )?"
    r"(?:(?:avant-)?projet de|proposition de|(?:voor)?ontwerp van|wetsontwerp|wetsvoorstel|gesetzentwurf|entwurf"
    r"|proiect(?:ul(?:ui)?)? de|σχεδιο νομου)"
)


def begins_text_of_draft(text: str) -> bool:
    """The heading under which a draft's own words begin after its exposé des motifs: `PROJET DE LOI`."""
    return len(text) < 160 and bool(_TEXT_OF_DRAFT.match(flat(text)))


def is_commentary_heading(text: str) -> bool:
    """Rapport au Roi, Verslag aan de Koning, avis du Conseil d'État, Exposé des motifs …: commentary begins here."""
    return len(text) < 260 and bool(_COMMENTARY.match(flat(text).strip(" .[](")))


_PLACE_DATE = re.compile(
    rf"^(?:[^\W\d_][\w'’.-]*(?: [\w'’.-]+)?(?: [\w'’.-]+)?),? ?(?:le|den|de|la|op)? ?\d{{1,2}}(?:er|re|\.|η"
    rf"|ησ)? ?(?:{MONTHS}) ?,? ?\d{{4}}\b"
)
_SIGNATURE = re.compile(
    r"^(?:donne a |gegeven te |gegeben zu |fait a (?=[^\W\d_]+)|fait le \d|gedaan te |geschehen zu |given at "
    r"|done at |intocmit la "
    r"|par le roi\b|van koningswege|von konigs wegen|pour le gouvernement|voor de (?:vlaamse )?regering"
    r"|fur die regierung"
    r"|promulguons la presente|kondigen deze wet af|promulguons le present|mandons et ordonnons|wir fertigen"
    r"|aceasta lege a fost adoptata|presedintele (?:camerei|senatului|romaniei)|contrasemneaza|prim-ministru\b"
    r"|παραγγελλομε τη|παραγγελουμε|θεωρηθηκε και τεθηκε|οι υπουργοι$|ο υπουργοσ$|ο υφυπουργοσ$"
    r"|ο προεδροσ τησ δημοκρατιασ$"
    r"|mit dem staatssiegel|met 's lands zegel|scelle du sceau|vu et scelle|la presente loi sera executee|gesehen, um"
    r"|vu pour etre annexe|gezien om te worden gevoegd|pour le ministre|les membres du gouvernement,?$|doc\. parl\.)"
)


_CITED_DATE = re.compile(
    r"\b(?:du|vom|van|din|τησ|lois?|decret|arrete|reglement|wet|decreet|besluit|gesetz|dekret|erlass|verordnung|legea?"
    r"|legii|ordin\w*|ordonant\w*|hotarar\w*|νομο\w*|αποφασ\w*)\b"
)
"""A date behind one of these is that of an act which the text cites: `La loi du 4 mai 2030 est modifiée`."""


def is_signature(text: str) -> bool:
    """A line with which an act's signatures begin: place and date, promulgation, by the King's order …"""
    folded = flat(text)
    if _SIGNATURE.match(folded):
        return True
    if len(folded) >= 90 or folded.endswith((":", ";")) or folded.startswith(("texte ", "date ", "fait ")):
        return False
    match = _PLACE_DATE.match(folded)
    return match is not None and _CITED_DATE.search(match.group()) is None


_PREAMBLE = re.compile(
    r"^(?:vu (?:la|le|les|l'|que)|considerant|gelet op|overwegende|aufgrund|auf grund|in der erwagung"
    r"|gestutzt auf|nach "
    r"(?:beratung|stellungnahme)|εχοντασ υποψη|λαμβανοντασ υποψη|avand in vedere|luand in considerare"
    r"|tinand cont|in temeiul"
    r"|having regard|whereas|sur (?:la )?proposition|op (?:de )?voordracht|auf vorschlag|apres deliberation"
    r"|na beraadslaging"
    r"|notre conseil d'etat entendu|de l'assentiment|nous,? [^\W\d_]+,? .{0,40}grand-duc|philippe,|filip,"
    r"|albert,|a tous, presents"
    r"|aan allen die|allen gegenwartigen|le conseil d'etat entendu|sur (?:le )?rapport|mit zustimmung"
    r"|εκδιδ(?:ο|ου)με)"
)


def is_preamble(text: str) -> bool:
    """A visa, recital or enacting phrase before the first article."""
    return bool(_PREAMBLE.match(flat(text[:200])))


_SOVEREIGN = re.compile(
    r"^(?:(?:philippe|filip|albert|baudouin|boudewijn),? (?:roi|koning|konig) d|nous,? [^\W\d_]+,? .{0,40}grand-duc)"
)


def is_sovereign(text: str) -> bool:
    """PHILIPPE, Roi des Belges / FILIP, Koning der Belgen / Nous …, Grand-Duc: the first words of a preamble."""
    # asked of every printed line: most can be told by their first letter
    return fold(text[:1]) in "pfabn" and bool(_SOVEREIGN.match(flat(text[:80])))


_RECITAL = re.compile(r"^(?:considerant|overwegende|in der erwagung|whereas|αιτιολογικ)")


def is_recital(text: str) -> bool:
    """Considérant, Overwegende, In der Erwägung …"""
    return bool(_RECITAL.match(fold(text[:40]).strip()))


_ENACTING = re.compile(
    r"(?:avons arrete et arretons|avons ordonne et ordonnons|^arretent? ?:|arretent? ?:$|decrete ?:$"
    r"|hebben wij besloten en besluiten"
    r"|^besluit(?:en)? ?:|beschliesst ?:$|erlasst ?:$|haben wir beschlossen|wir sanktionieren"
    r"|sanctionnons ce qui suit|bekrachtigen hetgeen"
    r"|a adopte le present|ont adopte le present|hebben (?:de|het) volgende|haben folgende|εκδιδ(?:ο|ου)με τον"
    r"|αποφασιζουμε ?:|αποφασιζ(?:ου|ο)με$"
    r"|εξεδωσαν τον παροντα|adopta prezenta|a adoptat prezent|au adoptat prezent|parlamentul romaniei adopta"
    r"|have adopted this|decrete ce qui suit"
    r"|l'assemblee nationale et le senat ont adopte|arrete ce qui suit|besluit wat volgt|hat folgend"
    r"|emite prezent|εκδιδουμε το)"
)


def is_enacting(text: str) -> bool:
    """The phrase that ends a preamble: Avons arrêté et arrêtons, Besluit:, αποφασίζουμε …"""
    return len(text) < 1200 and bool(_ENACTING.search(flat(text)))


_AMENDS = re.compile(
    r"(?:remplace|insere|complete|ajoute|modifie|libelle|redige|intitule|comme suit|suivant|ce qui suit|teneur"
    r"|vervangen|ingevoegd"
    r"|aangevuld|toegevoegd|luid|als volgt|ersetzt|eingefugt|erganzt|wortlaut|folgt|angefugt|hinzugefugt"
    r"|αντικαθισταται|αντικαθιστανται|προστιθεται|προστιθενται"
    r"|τροποποιειται|τροποποιουνται|εξησ|αναδιατυπωνεται|αναριθμ|modifica|cuprins|introduc|inlocui|completeaza"
    r"|urmatorul|replaced|inserted"
    r"|added|following|geandert|abgeandert|gewijzigd)"
)


def introduces_quotation(text: str) -> bool:
    """Whether a text ends by announcing new words for another act: `… est remplacé par ce qui suit :`"""
    tail = flat(text[-260:]).rstrip(" –—-")
    return tail.endswith((":", "·", "suit", "suit.", "folgt", "volgt", "εξησ")) and bool(_AMENDS.search(tail))


_CITING = re.compile(
    r"(?:\b(?:alin|art|lit|pct|nr|par|al|abs|παρ|εδ|αρ)\.|§"
    r"|\b(?:alineat\w*|articol\w*|punct\w*|paragraf\w*|paragraph\w*|alineas?|articles?|absatz|artikel|lid"
    r"|παραγραφ\w*|αρθρ\w*))\s*$"
)


def cites_next(text: str) -> bool:
    """Whether a text breaks off before the number of what it cites: `prevăzute la alin.`, `au sens du paragraphe`."""
    return bool(_CITING.search(fold(text[-40:])))

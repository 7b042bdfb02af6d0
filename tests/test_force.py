"""Deontic markers: each language's, and negation before permission."""

from __future__ import annotations

import pytest

from policy_scan.classifier.force import find_markers, fold, markers, pattern
from policy_scan.classifier.model import load_classifier
from policy_scan.classifier.passages import Passage
from policy_scan.codebook import load_codebook
from policy_scan.records import LANGUAGES

SENTENCES = [
    ("must", "fr", "L'usager doit joindre une pièce."),
    ("must", "nl", "De burger moet een stuk toevoegen."),
    ("must", "de", "Der Bürger muss ein Stück beilegen."),
    ("must", "el", "Ο πολίτης υποχρεούται σε κατάθεση εγγράφου."),
    ("must", "ro", "Cetățeanul trebuie să anexeze un act."),
    ("must", "en", "The citizen shall attach a document."),
    ("may", "fr", "L'usager peut joindre une pièce."),
    ("may", "nl", "De burger kan een stuk toevoegen."),
    ("may", "de", "Der Bürger kann ein Stück beilegen."),
    ("may", "el", "Ο πολίτης δύναται να καταθέσει έγγραφο."),
    ("may", "ro", "Cetățeanul poate anexa un act."),
    ("not", "fr", "L'agent ne peut pas exiger cette pièce."),
    ("not", "nl", "De ambtenaar mag dit stuk niet eisen."),
    ("not", "de", "Der Beamte darf dieses Stück nicht verlangen."),
    ("not", "el", "Ο υπάλληλος δεν δύναται να ζητήσει το έγγραφο."),
    ("not", "ro", "Funcționarul nu poate cere acest act."),
    ("right", "fr", "Toute personne a le droit d'être entendue."),
    ("right", "nl", "Iedereen heeft het recht om gehoord te worden."),
    ("right", "de", "Jede Person hat das Recht, gehört zu werden."),
    ("right", "el", "Κάθε πρόσωπο έχει δικαίωμα ακρόασης."),
    ("right", "ro", "Orice persoană are dreptul de a fi ascultată."),
    ("define", "fr", "On entend par guichet tout lieu d'accueil."),
    ("define", "nl", "Onder loket wordt een onthaalpunt verstaan."),
    ("define", "de", "Im Sinne von Artikel 2 ist ein Schalter ein Ort des Empfangs."),
    ("define", "el", "Ως θυρίδα νοείται κάθε σημείο υποδοχής."),
    ("define", "ro", "Prin ghișeu se înțelege orice loc de primire."),
]


@pytest.mark.parametrize(("marker", "language", "text"), SENTENCES)
def test_each_language_has_its_markers(marker: str, language: str, text: str) -> None:
    assert marker in find_markers(text, language)


@pytest.mark.parametrize("language", ["fr", "nl", "de", "el", "ro"])
def test_a_negated_permission_is_no_permission(language: str) -> None:
    text = next(text for marker, code, text in SENTENCES if marker == "not" and code == language)
    assert "may" not in find_markers(text, language)


def test_markers_begin_at_words_and_ignore_case_and_accents() -> None:
    assert find_markers("ÜBERMUSSTE", "de") == []
    assert find_markers("L'USAGER DOIT", "fr") == find_markers("l'usager doit", "fr") == ["must"]
    assert fold("Πρέπει ß œ") == "πρεπει ss oe"


@pytest.mark.parametrize("language", [*LANGUAGES, "und"])
def test_every_language_has_a_pattern_and_luxembourgish_borrows(language: str) -> None:
    assert set(pattern(language).groupindex) == set(markers())


@pytest.mark.parametrize(
    ("force", "text", "language", "doc_type"),
    [
        ("obligation", "La demande de signature électronique doit être présentée par voie électronique.", "fr", "law"),
        ("permission", "De Koning kan bepalen welke elektronische handtekening wordt aanvaard.", "nl", "law"),
        ("definition", "Se înțelege prin semnătură electronică orice dată în formă electronică atașată.", "ro", "law"),
    ],
)
def test_a_clear_force_is_told(force: str, text: str, language: str, doc_type: str) -> None:
    codes = load_classifier("fast", load_codebook("codebook.yaml")).classify([Passage(text, language, doc_type)])[0]
    assert codes.force == force
    assert 0 < codes.force_probability <= 1

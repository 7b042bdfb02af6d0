from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_scan.classifier import encoder as module
from policy_scan.classifier.encoder import (
    END,
    HEAD_PIECES,
    MAX_PIECES,
    SPACE,
    START,
    UNKNOWN,
    Encoder,
    UnigramTokenizer,
    load_encoder,
    piece_ids,
    unpack_rows,
)
from policy_scan.classifier.passages import Passage
from policy_scan.errors import ModelError

WEIGHTS = Path(module.__file__).parent / "weights"
SPECIAL = {"<s>": 0.0, "<pad>": 0.0, "</s>": 0.0, "<unk>": 0.0}
TOY = SPECIAL | {SPACE: -3.0, SPACE + "on": -2.0, "line": -2.0, "on": -2.5, "l": -5.0, "i": -5.0, "n": -5.0, "e": -5.0}


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder(WEIGHTS)


def chances(encoder: Encoder, *passages: Passage) -> dict[str, np.ndarray]:
    logits = encoder.logits(passages)
    return {name: 1 / (1 + np.exp(-logits[:, i])) for i, name in enumerate(encoder.outputs)}


def test_a_word_is_cut_into_its_likeliest_pieces() -> None:
    cut, names = UnigramTokenizer(TOY), list(TOY)
    assert [names[i] for i in cut("online line")] == [SPACE + "on", "line", SPACE, "line"]


def test_an_unknown_letter_costs_one_unknown_piece() -> None:
    assert UnigramTokenizer(TOY)("onж")[1:] == [UNKNOWN]


def test_special_pieces_are_never_read_from_text() -> None:
    assert START not in UnigramTokenizer(TOY)("<s>")


@given(st.lists(st.text("onlie", min_size=1, max_size=12), max_size=6))
def test_pieces_joined_are_the_words(words: list[str]) -> None:
    toy, names = TOY | {"o": -5.0}, [*TOY, "o"]
    joined = "".join(names[i] for i in UnigramTokenizer(toy)(" ".join(words)))
    assert joined == "".join(SPACE + word for word in words)


def test_head_and_text_have_their_room() -> None:
    cut = UnigramTokenizer(TOY)
    ids = piece_ids(Passage("line " * 500, title="on " * 500), cut)
    assert len(ids) == MAX_PIECES
    assert ids[0] == START and ids[-1] == END and ids.index(END) == HEAD_PIECES - 1
    assert piece_ids(Passage(""), cut).count(END) == 2


def test_four_bits_are_unpacked_low_half_first() -> None:
    nibbles = np.zeros((1, 1, 16), dtype=np.uint8)
    nibbles[0, 0, 0] = 9 | (15 << 4)
    row = unpack_rows(np.array([[0.5]], dtype=np.float16), nibbles)
    assert row.shape == (1, 32)
    assert (row[0, 0], row[0, 1], row[0, 16]) == (0.5, -4.0, 3.5)


def test_missing_and_damaged_files_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Next: reinstall"):
        load_encoder(tmp_path)
    for name in ("encoder.json", "encoder.onnx", "encoder_pieces.tsv", "encoder_embeddings.npz"):
        shutil.copy(WEIGHTS / name, tmp_path)
    with (tmp_path / "encoder_pieces.tsv").open("a", encoding="utf-8") as file:
        file.write("x\t-1\n")
    with pytest.raises(ModelError, match=r"encoder_pieces\.tsv is damaged"):
        load_encoder(tmp_path)
    (tmp_path / "encoder.json").write_text(json.dumps({"version": "1"}), encoding="utf-8")
    with pytest.raises(ModelError, match=r"encoder\.json is damaged"):
        load_encoder(tmp_path)


def test_the_shipped_files_are_small() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.glob("encoder*")) <= 45e6


def test_the_same_passage_gives_the_same_numbers_in_any_company(encoder: Encoder) -> None:
    first = Passage("The form is filed on the portal.", doc_type="law", title="Act on electronic services")
    other = Passage("Der Antrag wird schriftlich gestellt. " * 9)
    together, alone = encoder.logits([other, first, other]), load_encoder(WEIGHTS).logits([first])
    assert together.shape == (3, len(encoder.outputs))
    assert np.array_equal(together[1], alone[0])
    assert encoder.logits([]).shape == (0, len(encoder.outputs))


SIGNATURES = [
    "La signature électronique qualifiée a le même effet juridique que la signature manuscrite.",
    "Een gekwalificeerde elektronische handtekening heeft dezelfde rechtsgevolgen als een handgeschreven handtekening.",
    "Die qualifizierte elektronische Signatur hat dieselbe Rechtswirkung wie die handschriftliche Unterschrift.",
    "Η εγκεκριμένη ηλεκτρονική υπογραφή έχει την ίδια νομική ισχύ με την ιδιόχειρη υπογραφή.",
    "Semnătura electronică calificată are același efect juridic ca semnătura olografă.",
    "A qualified electronic signature has the same legal effect as a handwritten signature.",
]
OUTSIDE = [
    "Les chiens sont tenus en laisse dans les parcs et jardins de la commune.",
    "De jacht op hazen wordt gesloten op 31 december.",
    "Die Fahrgäste dürfen während der Fahrt nicht mit dem Fahrer sprechen.",
    "Η αλιεία της σαρδέλας απαγορεύεται τον Φεβρουάριο.",
    "Vinurile se păstrează la o temperatură de cel mult 14 grade.",
    "Beef is labelled with the place of slaughter.",
]


@pytest.mark.parametrize(("signature", "outside"), list(zip(SIGNATURES, OUTSIDE, strict=True)))
def test_meaning_is_told_in_every_language(encoder: Encoder, signature: str, outside: str) -> None:
    found = chances(encoder, Passage(signature, doc_type="law"), Passage(outside, doc_type="law"))
    themes = np.array([found[name] for name in encoder.outputs[: encoder.outputs.index("relevance")]])
    assert encoder.outputs[int(themes[:, 0].argmax())] == "digital_identity"
    assert found["relevance"][0] > 0.5 > found["relevance"][1]
    assert themes[:, 1].max() < 0.4

"""Characters to words, lines to blocks: raised suffixes, spaces that the stream leaves out, items and paragraphs."""

from __future__ import annotations

import pytest
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas
from test_pages import body_of, drawn


def test_a_raised_suffix_hardly_smaller_stays_on_its_line() -> None:
    def draw(canvas: Canvas) -> None:
        layer = canvas.beginText(60, 700)
        for text, size, rise in (("Art. 1", 11.5, 0), ("er", 10.7, 5.3), (".", 11.5, 0)):
            layer.setFont("Helvetica-Bold", size)
            layer.setRise(rise)
            layer.textOut(text)
        canvas.drawText(layer)
        canvas.setFont("Helvetica", 10.5)
        canvas.drawString(60, 670, "La commune tient un registre des demandes au guichet.")

    assert body_of(drawn(draw)).startswith("Art. 1er. La commune")


@pytest.mark.parametrize("letter_space", [0.0, 1.0])
def test_a_gap_wider_than_the_usual_one_is_a_space_though_the_stream_has_none(letter_space: float) -> None:
    def draw(canvas: Canvas) -> None:
        x = 60.0
        for word in ("alinéa", "1er", "du", "même", "arrêté"):
            layer = canvas.beginText(x, 700)
            layer.setFont("Helvetica", 10)
            layer.setCharSpace(letter_space)
            layer.textOut(word)
            canvas.drawText(layer)
            x += pdfmetrics.stringWidth(word, "Helvetica", 10) + len(word) * letter_space + 2.0

    assert body_of(drawn(draw)) == "alinéa 1er du même arrêté"


def test_words_set_in_slanted_letters_are_parted() -> None:
    def draw(canvas: Canvas) -> None:
        for n, line in enumerate(("Le registre dit quel service répond", "et dans quel délai la réponse est écrite.")):
            layer = canvas.beginText()
            layer.setFont("Helvetica", 10)
            layer.setTextTransform(1, 0, 0.33, 1, 60, 700 - 14 * n)
            layer.textOut(line)
            canvas.drawText(layer)

    text = body_of(drawn(draw))
    assert text == "Le registre dit quel service répond et dans quel délai la réponse est écrite."

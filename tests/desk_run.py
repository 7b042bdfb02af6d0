"""A small run beside its PDF for the desk: each provision on a page of its own, drawn where its box says."""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import example_run as make
import published_run

from policy_scan.keys import hash_bytes
from policy_scan.review.store import Store

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Starlette would rather have httpx2, which few have yet
    from starlette.testclient import TestClient as TestClient

SENTENCES = (
    "Le guichet communal reçoit la demande sur papier.",
    "L'agent aide la personne à remplir le formulaire.",
    "Une copie lui est remise sans frais.",
)
TEXTS = {
    "p-1": " ".join(SENTENCES),
    "p-2": "Les ateliers forment chacun à la démarche en ligne.",
    "p-3": "<script>document.title='owned'</script> L'agent répond <b>au téléphone</b> & sur place.",
    "p-4": "La commune publie chaque année un été des lieux.",
}
_LINE = 80
_LEFT, _TOP, _SIZE = 72.0, 100.0, 11.0


def _pdf(texts: list[str]) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(595, 842), invariant=True)
    for text in texts:
        canvas.setFont("Helvetica", _SIZE)
        words, line, y = text.split(" "), "", 842 - _TOP - _SIZE
        for word in [*words, ""]:
            if not word or len(line) + len(word) > _LINE:
                canvas.drawString(_LEFT, y, line.strip())
                line, y = "", y - 14
            line += word + " "
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def write_run(folder: Path) -> Path:
    """A finished run in `folder`/out, its PDF in `folder`/corpus; returns the output folder."""
    data = _pdf(list(TEXTS.values()))
    document = make.document(hash_bytes(data), path="FR/guichets.pdf", title="Loi sur les guichets")
    (folder / "corpus" / "FR").mkdir(parents=True)
    (folder / "corpus" / "FR" / "guichets.pdf").write_bytes(data)
    provisions = [
        make.provision(
            name, document, text, ordinal=number, label=f"Art. {number}", label_path=(f"Art. {number}",),
            boxes=((number, _LEFT, _TOP, 520.0, _TOP + 45),),
        )
        for number, (name, text) in enumerate(TEXTS.items(), 1)
    ]  # fmt: skip
    first = len(SENTENCES[0])
    codings = [
        make.coding(
            "p-1", "non_digital_access", probability=0.52, unsure=True, evidence=f"[[0,{first}]]",
            terms='[[3, 10, "office"], [42, 48, "paper"]]',
        ),
        make.coding("p-1", "assistance", rank=2, probability=0.9, evidence=f"[[{first + 1},{first + 20}]]"),
        make.coding("p-1", "openness", rank=3, probability=0.1, assigned=False, force="", evidence="[]"),
        make.coding("p-2", "digital_inclusion", probability=0.7, force="statement", evidence="[[0,20]]"),
        make.coding("p-3", "assistance", probability=0.8, evidence="[[0,30]]"),
        make.coding("p-4", "openness", probability=0.2, assigned=False, force="", evidence="[]"),
    ]  # fmt: skip
    published_run.publish(folder / "out", make.Example([document], provisions, codings, []))
    return folder / "out"


def application(output: Path, store: Store, port: int = 8571, **settings: Any) -> Any:
    from policy_scan.review.app import create_app

    return create_app(output, store, secret="a secret of the tests, nowhere else used", port=port, **settings)


@contextmanager
def serving(output: Path, store: Store, **settings: Any) -> Iterator[str]:
    """The application on a free loopback port; its address."""
    import socket

    import uvicorn

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        config = uvicorn.Config(
            application(output, store, port=port, **settings), log_level="error", ws="none", lifespan="off"
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(timeout=20)

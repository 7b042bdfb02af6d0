"""What a start loads: the command line nothing of the pipeline, a worker nothing that only training or tests need. And
what of a start never reaches a user: a fault's code that looks like a run's, Ctrl-C in the middle of loading."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

CODING = """
from policy_scan.classifier.model import load_classifier
from policy_scan.classifier.passages import Passage
from policy_scan.codebook import load_codebook
text = "La démarche se fait en ligne. Le guichet reste ouvert."
load_classifier("fast", load_codebook("codebook.yaml")).classify([Passage(text, language="fr")])
"""


def _loaded(code: str) -> set[str]:
    """The packages that a fresh process has loaded after the code."""
    told = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*{{name.partition('.')[0] for name in sys.modules}})"],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return set(told.stdout.split())


def test_a_fault_of_the_program_never_passes_for_a_run_that_ended() -> None:
    """0 and 1 say that there are tables."""
    code = "from policy_scan import cli, __main__\ncli.main = lambda: 1 // 0\n__main__.main()"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert told.returncode == 3 and "ZeroDivisionError" in told.stderr


@pytest.mark.parametrize(
    ("code", "spared"),
    [
        (
            "import policy_scan.cli",
            {"numpy", "pyarrow", "duckdb", "scipy", "spacy", "sklearn", "sqlalchemy", "fastapi"},
        ),
        ("import policy_scan.worker", {"typer", "rich", "scipy", "spacy", "sklearn", "onnxruntime", "sqlalchemy"}),
        (CODING, {"spacy", "sklearn", "onnxruntime", "typer", "rich"}),
    ],
    ids=["command line", "worker", "coding"],
)
def test_a_start_loads_only_what_it_needs(code: str, spared: set[str]) -> None:
    loaded = _loaded(code)
    assert "policy_scan" in loaded
    assert loaded & spared == set()


POOL = """
import signal
from policy_scan.pool import Pool
pool = Pool(1, int, ())
print(*pool.schedule(signal.pthread_sigmask, args=(signal.SIG_BLOCK, ())).result(60))
pool.stop()
pool.join()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals can't be held back there")
def test_processes_of_a_run_are_not_told_of_ctrl_c_not_even_while_they_begin() -> None:
    told = subprocess.run([sys.executable, "-c", POOL], capture_output=True, text=True, check=True, timeout=120)
    assert told.stdout.split() == [str(signal.SIGINT)]

"""What all tests share: the flag that rewrites golden files, and the folders of the repository."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from databases import database, postgresql, store  # noqa: F401 - fixtures of the review database
from hypothesis import settings

# One thread per process: tests run beside each other and must give the same floats everywhere.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shared machine may be slow for a moment: time is bounded by pytest-timeout, not by each example.
settings.register_profile("policy_scan", deadline=None)
settings.load_profile("policy_scan")

REPOSITORY = Path(__file__).parents[1]
sys.path.insert(0, str(REPOSITORY / "benchmarks"))  # tests run small shares of what stands there
REAL_CORPUS = Path(__file__).parents[2] / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--regenerate-golden",
        action="store_true",
        default=False,
        help="write tests/golden/ anew from what the pipeline gives now; look at the difference before committing it",
    )


@pytest.fixture
def regenerate_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--regenerate-golden"))


@pytest.fixture(scope="session")
def shipped_corpus() -> Path:
    """The folder of sample PDFs in the repository."""
    return REPOSITORY / "corpus"


@pytest.fixture(scope="session")
def real_corpus() -> Path:
    """The real documents beside the repository; the test is skipped where they are not there."""
    folder = REAL_CORPUS / "corpus"
    if not folder.is_dir():
        pytest.skip("the real corpus isn't beside the repository (../shared/corpus)")
    return folder

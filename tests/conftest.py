"""What all tests share: the flag that rewrites golden files, and the folders of the repository."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from databases import database, postgresql, store  # noqa: F401 - fixtures of the review database
from hypothesis import settings

if TYPE_CHECKING:
    from argon2 import PasswordHasher

# One thread per process: tests run beside each other and must give the same floats everywhere.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Tests start some hundreds of processes. Where bytecode isn't kept, each compiles the package anew: up to a quarter of
# a second.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

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
def shipped_run(tmp_path_factory: pytest.TempPathFactory, shipped_corpus: Path) -> Path:
    """The output of a run over the shipped corpus as shipped, made once for all of the suite's processes; to be read
    only."""
    from policy_scan.config import load_config
    from policy_scan.errors import LockedError
    from policy_scan.runner import run

    root = tmp_path_factory.getbasetemp()
    output = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "shipped" / "out"
    while True:
        try:
            run(shipped_corpus, output, load_config())  # who comes second finds nothing to do
            return output
        except LockedError:
            time.sleep(0.1)


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[Callable[[], PasswordHasher]]:
    """Argon2 as shipped takes a fifth of a second each time, and most tests only want an account. Gives the maker of
    the shipped one."""
    from argon2 import PasswordHasher, profiles

    from policy_scan.review import accounts

    shipped, quick = accounts._hasher, PasswordHasher.from_parameters(profiles.CHEAPEST)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "_hasher", lambda: quick)
        yield shipped


@pytest.fixture
def shipped_passwords(quick_passwords: Callable[[], PasswordHasher], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Argon2 as shipped, for tests of how passwords are kept."""
    from policy_scan.review import accounts

    monkeypatch.setattr(accounts, "_hasher", quick_passwords)
    accounts._nobody.cache_clear()
    yield
    accounts._nobody.cache_clear()


@pytest.fixture(scope="session")
def real_corpus() -> Path:
    """The real documents beside the repository; the test is skipped where they are not there."""
    folder = REAL_CORPUS / "corpus"
    if not folder.is_dir():
        pytest.skip("the real corpus isn't beside the repository (../shared/corpus)")
    return folder

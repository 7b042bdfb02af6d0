"""Imports go down only, stages never import each other, and only the named modules know their engines."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "policy_scan"
FLOORS = (
    {"errors", "keys", "records", "tables", "machines", "storage", "processes", "pool"},
    {
        "config", "codebook", "corpus", "jurisdictions", "cache", "project",
        "pdf", "ocr", "legibility", "text", "geometry", "lines", "layout", "grids", "furniture", "composing", "scan",
        "carried", "damage", "language", "schemes", "outline", "acts", "parallel", "passages", "citations",
        "decisions", "translation", "as_of", "amendments", "lock", "index", "queries", "publishing",
    },
    {"stages", "classifier"},
    {
        "pipeline", "worker", "loaded", "planning", "engine", "assembly", "runner", "cluster", "evaluate",
        "evaluation_page", "report", "reading", "picture", "screen", "watching",
        "console", "inspection", "difference", "comparison", "tracing", "changes", "reviewing",
    },
    {"cli", "running", "review", "__main__"},
)  # fmt: skip
ENGINES = {
    "pypdfium2": {"pdf"},
    "pdfplumber": {"pdf"},
    "pytesseract": {"ocr"},
    "sqlalchemy": {"review"},
    "fastapi": {"review"},
    "alembic": {"review"},
    "argon2": {"review"},
    "docx": {"report"},
    "typst": {"report"},
    "xlsxwriter": {"report", "review"},
    "openpyxl": {"review"},
    "vl_convert": {"report"},
    "onnxruntime": {"classifier"},
    "distributed": {"cluster"},
    "fsspec": {"storage"},
    "duckdb": {"queries"},
}


def _modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def _room(file: Path) -> str:
    """The module or sub-package right below policy_scan that a file belongs to."""
    part = file.relative_to(PACKAGE).parts[0]
    return part.removesuffix(".py")


def _imports(file: Path) -> set[tuple[str, ...]]:
    """What a file imports, absolute names as tuples, relative ones resolved."""
    package = ("policy_scan", *file.relative_to(PACKAGE).parts[:-1])
    found: set[tuple[str, ...]] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {tuple(alias.name.split(".")) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            name = (*base, *(node.module or "").split(".")) if node.module else base
            found |= {(*name, alias.name) for alias in node.names}
    return found


def _floor(room: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


def test_every_module_stands_on_a_floor() -> None:
    homeless = {_room(file) for file in _modules()} - {"__init__"} - set().union(*FLOORS)
    assert not homeless, f"name the floor of {homeless} in tests/test_floors.py and ARCHITECTURE.md"


@pytest.mark.parametrize("file", _modules(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_go_down_only(file: Path) -> None:
    room = _room(file)
    if room == "__init__":
        assert not {name for name in _imports(file) if name[0] == "policy_scan"}
        return
    for name in _imports(file):
        if name[0] != "policy_scan" or len(name) < 2 or name[1] in ("__version__", room):
            continue
        assert _floor(name[1]) <= _floor(room), f"{file.name} (floor {_floor(room)}) imports {'.'.join(name)}"


@pytest.mark.parametrize("file", sorted((PACKAGE / "stages").glob("*.py")), ids=lambda file: file.name)
def test_stages_know_neither_each_other_nor_the_outside(file: Path) -> None:
    stages = {path.stem for path in (PACKAGE / "stages").glob("*.py")} - {"__init__"}
    outside = {"typer", "rich", "fastapi", "sqlalchemy", "duckdb", "distributed", "multiprocessing", "pebble"}
    for name in _imports(file):
        assert name[:2] != ("policy_scan", "stages") or name[2] not in stages - {file.stem}
        assert name[0] not in outside
        assert name[:2] not in {("policy_scan", "cache"), ("policy_scan", "runner"), ("policy_scan", "cli")}


@pytest.mark.parametrize("file", _modules(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_only_the_named_modules_know_their_engines(file: Path) -> None:
    for name in _imports(file):
        if name[0] in ENGINES:
            assert _room(file) in ENGINES[name[0]], f"{file.name} imports {name[0]}"

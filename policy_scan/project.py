"""A project folder: corpus, configs and outputs, with a configuration and a codebook to change."""

from __future__ import annotations

from pathlib import Path

from .config import shipped
from .errors import UsageError
from .storage import write_atomic

_FOLDERS = ("corpus/FR", "corpus/BE", "corpus/GR", "corpus/LU", "corpus/RO", "outputs")
_CONFIGS = ("default.yaml", "codebook.yaml", "lexicon.yaml")
_MANIFEST = (
    "path,jurisdiction,title,issuer,date,in_force,repealed,doc_type,legal_status,language,url,licence,"
    "include,exclude_reason\r\n"
)


def make_project(folder: Path) -> list[Path]:
    """Make the folders and starting files; returns what was made. Nothing that is there already is changed.

    Raises UsageError when the path is a file, OSError when it can't be written.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file.", "give the name of a folder.")
    made = []
    for name in _FOLDERS:
        if not (folder / name).is_dir():
            (folder / name).mkdir(parents=True)
            made.append(folder / name)
    files = {folder / "configs" / name: shipped(name).read_bytes() for name in _CONFIGS}
    files[folder / "corpus" / "manifest.csv"] = _MANIFEST.encode("utf-8-sig")
    for path, content in files.items():
        if not path.exists():
            write_atomic(path, content)
            made.append(path)
    return made

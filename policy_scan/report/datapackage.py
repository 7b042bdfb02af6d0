"""The run's tables as a Frictionless Data Package: CSV, and a descriptor with types, keys and a word on every column.

The CSVs hold the tables as they are: text is verbatim, because offsets count its characters. A text that begins with
'=' is a formula to a spreadsheet that opens the file without asking; the workbook and the format `csv` are for that.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import typing
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from ..tables import csv_bytes, read_parquet, write_atomic
from .columns import TABLES, describe_column
from .common import RunData, printable, theme_name

DESCRIPTOR = "datapackage.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_JSON_COLUMNS = frozenset({("codings", "evidence"), ("codings", "terms"), ("decisions", "evidence")})
"""Lists that the tables keep as JSON text."""
_BOM = b"\xef\xbb\xbf"


def _field_type(table: str, field: pa.Field) -> str:
    kind = field.type
    if pa.types.is_list(kind) or (table, field.name) in _JSON_COLUMNS:
        return "array"
    for test, name in (
        (pa.types.is_boolean, "boolean"),
        (pa.types.is_integer, "integer"),
        (pa.types.is_floating, "number"),
        (pa.types.is_string, "string"),
    ):
        if test(kind):
            return name
    raise TypeError(f"no field type for {kind}")


def _values(table: str, column: str) -> tuple[str, ...]:
    """The words that a column may hold, where its record says so."""
    record = TABLES[table].record
    if record is None:
        return ()
    hint = typing.get_type_hints(record).get(column)
    if typing.get_origin(hint) is not typing.Literal:
        return ()
    return tuple(value for value in typing.get_args(hint) if value)


def _field(table: str, field: pa.Field) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": field.name,
        "type": _field_type(table, field),
        "description": describe_column(table, field.name),
    }
    constraints: dict[str, Any] = {}
    if field.name in TABLES[table].key:
        constraints["required"] = True
    if values := _values(table, field.name):
        constraints["enum"] = list(values)
    return {**described, "constraints": constraints} if constraints else described


def _schema(name: str, table: pa.Table, present: frozenset[str]) -> dict[str, Any]:
    info = TABLES[name]
    schema: dict[str, Any] = {"fields": [_field(name, field) for field in table.schema], "missingValues": [""]}
    if info.key:
        schema["primaryKey"] = list(info.key)
    foreign = [
        {"fields": list(fields), "reference": {"resource": target, "fields": list(columns)}}
        for fields, target, columns in info.foreign
        if target in present
    ]
    return {**schema, "foreignKeys": foreign} if foreign else schema


def _codebook(run: RunData, language: str) -> pa.Table:
    themes = run.codebook.themes
    # A theme that the codebook has lost since the run is listed too: codings and cells speak of it.
    keys = list(dict.fromkeys([*themes, *run.themes]))
    return pa.table(
        {
            "key": pa.array(keys, pa.string()),
            "name": pa.array([theme_name(run, key, language) for key in keys], pa.string()),
            "name_en": pa.array([theme_name(run, key, "en") for key in keys], pa.string()),
            "code_when": pa.array([themes[key].code_when if key in themes else "" for key in keys], pa.string()),
            "not_when": pa.array([themes[key].not_when if key in themes else "" for key in keys], pa.string()),
            "enabled": pa.array([key in run.themes for key in keys], pa.bool_()),
        }
    )


def _tables(run: RunData, language: str) -> dict[str, pa.Table]:
    """The published tables that the run's folder holds, and the codebook's themes."""
    published = {name: read_parquet(file) for name in TABLES if (file := run.directory / f"{name}.parquet").is_file()}
    return {**published, "codebook": _codebook(run, language)}


def _resource(name: str, path: str, data: bytes, media: str) -> dict[str, Any]:
    return {
        "name": name,
        "path": path,
        "format": path.rpartition(".")[2],
        "mediatype": media,
        "encoding": "utf-8",
        "bytes": len(data),
        "hash": f"sha256:{hashlib.sha256(data).hexdigest()}",
    }


def _json_bytes(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def _sources(run: RunData) -> list[dict[str, str]]:
    """The documents as sources; only web addresses are links."""
    found = []
    for document in run.documents:
        source = {"title": printable(document.title) or printable(document.path)}
        if urlsplit(document.url).scheme in ("http", "https"):
            source["path"] = document.url
        found.append(source)
    return found


def _licences(run: RunData) -> list[dict[str, str]]:
    """The terms that the manifest states of the documents, each once; which document has which, `documents` tells."""
    texts = dict.fromkeys(" ".join(printable(one.licence).split()) for one in run.documents if one.licence)
    return [{"name": re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "other", "title": text} for text in texts]


def package_files(run: RunData, language: str) -> dict[str, bytes]:
    """Path in the package -> bytes, the descriptor first. Raises OSError where a table can't be read."""
    files: dict[str, bytes] = {}
    resources = []
    tables = _tables(run, language)
    for name, table in tables.items():
        path = f"data/{name}.csv"
        # The specification's default is UTF-8 without a byte order mark.
        data = csv_bytes(table, guard=False).removeprefix(_BOM)
        files[path] = data
        resources.append(
            {
                **_resource(name, path, data, "text/csv"),
                "profile": "tabular-data-resource",
                "title": TABLES[name].title,
                "description": TABLES[name].description,
                "dialect": {"delimiter": ",", "lineTerminator": "\r\n", "quoteChar": '"', "doubleQuote": True},
                "schema": _schema(name, table, frozenset(tables)),
            }
        )
    details = {name: value for name, value in run.details.items() if name != "corpus"}
    texts: Mapping[str, tuple[str, object]] = {
        "codebook-rules": ("The whole codebook: themes, forces and statuses.", run.codebook.model_dump(mode="json")),
        "run": ("Versions, configuration, hashes and counts of the run.", details),
    }
    for name, (title, value) in texts.items():
        path = f"data/{name}.json"
        files[path] = _json_bytes(value)
        resources.append({**_resource(name, path, files[path], "application/json"), "title": title})
    descriptor: dict[str, Any] = {
        "profile": "data-package",
        "name": "state-of-play",
        "title": "State of play: the digitalisation of public services",
        "description": (
            "Policy documents, their provisions, how these were coded, and the table that follows from it. Text is "
            "verbatim: open the CSVs as text, not as formulas."
        ),
        "created": run.details.get("ended"),
        "contributors": [{"title": f"policy_scan {run.details.get('policy_scan', '')}".strip(), "role": "wrangler"}],
        "licenses": _licences(run),
        "sources": _sources(run),
        "resources": resources,
    }
    return {DESCRIPTOR: _json_bytes({name: value for name, value in descriptor.items() if value}), **files}


def zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """The files as a zip, the same bytes for the same files: no times, no owner, the order given."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data)
    return sink.getvalue()


def export_datapackage(run: RunData, language: str, path: Path) -> list[Path]:
    """Write the package as a zip where `path` ends in .zip, else into the folder `path`. Raises OSError.

    Files of an earlier package in that folder are replaced, those of tables that this run lacks removed.
    """
    files = package_files(run, language)
    if path.suffix.lower() == ".zip":
        write_atomic(path, zip_bytes(files))
        return [path]
    for name in TABLES:
        if f"data/{name}.csv" not in files:
            (path / "data" / f"{name}.csv").unlink(missing_ok=True)
    # The descriptor last: it never speaks of files that aren't there.
    for name in reversed(files):
        write_atomic(path / name, files[name])
    return [path / name for name in files]

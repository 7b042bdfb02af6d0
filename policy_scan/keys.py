"""Keys: full SHA-256 over length-framed, typed parts. The only place where identifiers are made.

Every part is written as a type byte, its length in bytes (8 bytes, big endian) and its bytes, so no two different
sequences of parts share a preimage ('ab','c' and 'a','bc' differ, so do 1 and '1', () and '').
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

Part = None | bool | int | float | str | bytes | Iterable["Part"] | Mapping[str, "Part"]
_CHUNK = 1 << 20


def _frame(kind: bytes, payload: bytes) -> bytes:
    return kind + len(payload).to_bytes(8, "big") + payload


def encode(part: Part) -> bytes:
    """One part as bytes; injective over None, bool, int, float, str, bytes, sequences and string-keyed mappings.

    Raises TypeError on anything else: a key must never depend on an object's repr.
    """
    if part is None:
        return _frame(b"n", b"")
    if isinstance(part, bool):
        return _frame(b"o", b"\x01" if part else b"\x00")
    if isinstance(part, int):
        return _frame(b"i", str(part).encode("ascii"))
    if isinstance(part, float):
        return _frame(b"f", struct.pack(">d", part))
    if isinstance(part, str):
        return _frame(b"s", part.encode("utf-8", "surrogatepass"))
    if isinstance(part, bytes):
        return _frame(b"b", part)
    if isinstance(part, Mapping):
        items = sorted(part.items())
        return _frame(b"m", b"".join(encode(key) + encode(value) for key, value in items))
    if isinstance(part, list | tuple):
        return _frame(b"l", b"".join(encode(item) for item in part))
    raise TypeError(f"a key can't be made of {type(part).__name__}")


def make_key(*parts: Part) -> str:
    """SHA-256, 64 hexadecimal digits, of the framed parts."""
    return hashlib.sha256(encode(parts)).hexdigest()


def hash_bytes(data: bytes) -> str:
    """SHA-256 of the bytes themselves: a document's identity."""
    return hashlib.sha256(data).hexdigest()


def hash_stream(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes, read in pieces of 1 MiB. Raises OSError."""
    with path.open("rb") as stream:
        return hash_stream(stream)

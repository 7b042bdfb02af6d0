"""Keys: full SHA-256 over length-framed, typed parts. The only place where identifiers are made.

Every part is written as a type byte, its length in bytes (8 bytes, big endian) and its bytes, so no two different
sequences of parts share a preimage ('ab','c' and 'a','bc' differ, so do 1 and '1', () and '').
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

Part = None | bool | int | float | str | bytes | Iterable["Part"] | Mapping[str, "Part"]
_CHUNK = 1 << 20


def _frame(kind: bytes, payload: bytes) -> bytes:
    return kind + len(payload).to_bytes(8, "big") + payload


def _text(part: str) -> bytes:
    payload = part.encode("utf-8", "surrogatepass")
    return b"s" + len(payload).to_bytes(8, "big") + payload


def _sequence(part: Sequence[Part]) -> bytes:
    return frame_sequence([encode(item) for item in part])


def _mapping(part: Mapping[str, Part]) -> bytes:
    return frame_mapping([encode(key) + encode(value) for key, value in sorted(part.items())])


def frame_sequence(encoded: Iterable[bytes]) -> bytes:
    """A sequence of parts that are encoded already: the same bytes as `encode` of the parts."""
    return _frame(b"l", b"".join(encoded))


def frame_mapping(encoded: Iterable[bytes]) -> bytes:
    """A mapping whose items, in the order of their keys, are encoded already, key and value."""
    return _frame(b"m", b"".join(encoded))


_NONE = _frame(b"n", b"")
_BOOLEANS = {True: _frame(b"o", b"\x01"), False: _frame(b"o", b"\x00")}
_ENCODERS: tuple[tuple[type[Any], Callable[[Any], bytes]], ...] = (
    (type(None), lambda part: _NONE),
    (bool, lambda part: _BOOLEANS[part]),  # before int, of which it is a kind
    (int, lambda part: _frame(b"i", str(int(part)).encode("ascii"))),
    (float, lambda part: _frame(b"f", struct.pack(">d", part))),
    (str, _text),
    (bytes, lambda part: _frame(b"b", part)),
    (Mapping, _mapping),
    (list, _sequence),
    (tuple, _sequence),
)
_BY_TYPE = dict(_ENCODERS)


def encode(part: Part) -> bytes:
    """One part as bytes; injective over None, bool, int, float, str, bytes, sequences and string-keyed mappings.

    Raises TypeError on anything else: a key must never depend on an object's repr.
    """
    encoder = _BY_TYPE.get(type(part))
    if encoder is None:
        encoder = next((found for kind, found in _ENCODERS if isinstance(part, kind)), None)
    if encoder is None:
        raise TypeError(f"a key can't be made of {type(part).__name__}")
    return encoder(part)


def make_key(*parts: Part) -> str:
    """SHA-256, 64 hexadecimal digits, of the framed parts."""
    return hash_bytes(encode(parts))


def hash_bytes(data: bytes) -> str:
    """SHA-256 of the bytes themselves: a document's identity."""
    return hashlib.sha256(data).hexdigest()


def digest(data: bytes) -> bytes:
    """SHA-256 of framed parts, 32 bytes: for what is kept in great numbers."""
    return hashlib.sha256(data).digest()


def hash_stream(stream: BinaryIO) -> str:
    whole = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        whole.update(chunk)
    return whole.hexdigest()


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes, read in pieces of 1 MiB. Raises OSError."""
    with path.open("rb") as stream:
        return hash_stream(stream)

"""What a document's process has in memory when it begins (see `processes.how_to_begin`): the code of its stages, and
the model of languages, which takes longer to unpack than a page to read. Importing this module loads it."""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from types import TracebackType

from . import worker
from .language import load_model


def _end(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    """A copy that begins when its run has just ended finds nothing to take over: nothing to tell anybody."""
    if not isinstance(error, FileNotFoundError | EOFError):
        sys.__excepthook__(kind, error, at)


sys.excepthook = _end
with suppress(OSError):  # no room to unpack it: the documents say so
    load_model()
gc.freeze()  # what is shared stays shared: looking for what is no longer needed would write into all of it

__all__ = ["worker"]

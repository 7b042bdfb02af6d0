"""Errors that policy_scan raises on purpose.

PolicyScanError                 has what happened, where, and what to do next
├── UsageError                  wrong options or arguments                      exit code 2
│   └── ConfigError             a configuration, codebook, lexicon or manifest that can't be used
├── NothingToDoError           no document, no run to read                     exit code 3
├── DocumentError               one document can't be read; a record, never the end of a batch
│   ├── EncryptedError          it needs a password
│   ├── BrokenError             it is truncated, empty, garbage or no PDF
│   ├── TooLargeError           it is over a limit of the configuration
│   ├── ChangedError            it changed while it was read
│   ├── UnreadableError         it can't be opened now; tried again by the next run
│   └── StorageError            the store of its file or of its results doesn't answer; tried again by the next run
├── LockedError                 another run writes into the output folder             exit code 3
├── ProcessesError              worker processes don't stay alive                 exit code 3
├── ClusterError                a cluster can't be reached or used                 exit code 3
├── OcrError                    Tesseract or one of its languages is missing, or it failed on a page
├── CacheError                  a cached result is missing or damaged; it is computed again
└── ModelError                  the classifier's files are missing, damaged or of another version
"""

from __future__ import annotations


class PolicyScanError(Exception):
    """What happened (`message`), and what the user can do next (`next_step`)."""

    exit_code = 3
    category = "error"

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message} Next: {self.next_step}" if self.next_step else self.message

    def __reduce__(self) -> tuple[type[PolicyScanError], tuple[str, str]]:
        return type(self), (self.message, self.next_step)


class UsageError(PolicyScanError):
    exit_code = 2
    category = "usage"


class ConfigError(UsageError):
    category = "config"


class NothingToDoError(PolicyScanError):
    exit_code = 3
    category = "nothing_to_do"


class DocumentError(PolicyScanError):
    category = "document"


class EncryptedError(DocumentError):
    category = "encrypted"


class BrokenError(DocumentError):
    category = "broken"


class TooLargeError(DocumentError):
    category = "too_large"


class ChangedError(DocumentError):
    category = "changed"


class UnreadableError(DocumentError):
    category = "unreadable"


class StorageError(DocumentError):
    category = "storage"


class LockedError(PolicyScanError):
    category = "locked"


class ProcessesError(PolicyScanError):
    category = "processes"


class ClusterError(PolicyScanError):
    category = "cluster"


class OcrError(PolicyScanError):
    category = "ocr"


class CacheError(PolicyScanError):
    category = "cache"


class ModelError(PolicyScanError):
    category = "model"

"""Accounts of reviewers: names, roles, and passwords hashed with Argon2id. The store keeps them."""

from __future__ import annotations

import threading
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, cast

from ..errors import UsageError
from .schema import ROLES

if TYPE_CHECKING:
    from argon2 import PasswordHasher

UserRole = Literal["coder", "adjudicator", "administrator"]
LEAST_PASSWORD = 10
"""Characters a password has at least."""
MOST_PASSWORD = 1000
"""More is refused: hashing without a bound could keep the server busy."""
MOST_NAME = 60
_AT_ONCE = threading.BoundedSemaphore(2)
"""Each hash takes 64 MiB while it is made: a flood of logins waits here instead of exhausting the memory."""


@dataclass(frozen=True, slots=True)
class User:
    """A reviewer's account."""

    name: str
    role: UserRole
    active: bool


def fold(name: str) -> str:
    """A name as accounts are told apart: without case, blanks around it, or other ways to write an accent."""
    return unicodedata.normalize("NFC", name.strip()).casefold()


def checked_name(name: str) -> str:
    """The name in NFC. Raises UsageError where it is empty, too long, or has other than letters, digits and . _ - @"""
    name = unicodedata.normalize("NFC", name.strip())
    if not 0 < len(name) <= MOST_NAME or not all(char.isalnum() or char in "._-@" for char in name):
        raise UsageError(
            f"'{name[:MOST_NAME]}' can't be the name of an account.",
            f"use 1 to {MOST_NAME} letters, digits and the signs . _ - @, without blanks.",
        )
    return name


def checked_role(role: str) -> UserRole:
    """Raises UsageError where there is no such role."""
    if role not in ROLES:
        raise UsageError(f"there is no role '{role[:40]}'.", f"use one of: {', '.join(ROLES)}.")
    return cast(UserRole, role)


def _normal(password: str) -> bytes:
    """NFKC, for keyboards write an accented letter in one or two characters; any text has bytes."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


@cache
def _hasher() -> PasswordHasher:
    """Argon2id with the parameters of RFC 9106, section 4, second choice: 64 MiB, 3 passes, 4 lanes."""
    from argon2 import PasswordHasher, profiles

    return PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)


@cache
def _nobody() -> str:
    """A hash that no password fits, verified for unknown names so that they take the same time."""
    import secrets

    return _hasher().hash(secrets.token_urlsafe(32))


def hash_password(password: str) -> str:
    """Argon2id in PHC form, with its salt. Raises UsageError where the password is too short or too long."""
    if len(password) < LEAST_PASSWORD:
        raise UsageError(
            f"the password has fewer than {LEAST_PASSWORD} characters.",
            f"choose one of at least {LEAST_PASSWORD} characters; several words are easy to keep in mind.",
        )
    if len(password) > MOST_PASSWORD:
        raise UsageError(f"the password has more than {MOST_PASSWORD} characters.", "choose a shorter one.")
    with _AT_ONCE:
        return _hasher().hash(_normal(password))


def fits(password: str, hashed: str | None) -> bool:
    """Whether the password fits; `hashed` None (no such account) takes as long and is never true."""
    from argon2.exceptions import InvalidHashError, VerificationError

    given = _normal(password[: MOST_PASSWORD + 1])
    try:
        with _AT_ONCE:
            return _hasher().verify(hashed or _nobody(), given) and hashed is not None
    except (VerificationError, InvalidHashError):
        return False


def outdated(hashed: str) -> bool:
    """Whether a hash was made with other parameters than today's, so that it is made anew at the next login."""
    return _hasher().check_needs_rehash(hashed)

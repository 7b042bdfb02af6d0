"""Accounts: names, roles, passwords hashed with Argon2id."""

from __future__ import annotations

import logging
import time
from dataclasses import asdict

import pytest
import sqlalchemy as sa

from policy_scan.errors import UsageError
from policy_scan.review import accounts, schema
from policy_scan.review.accounts import User
from policy_scan.review.store import Store

PASSWORD = "correct horse, batterie"


def test_an_account_is_found_by_its_name_and_password_alone(store: Store) -> None:
    ada = store.add_user(" Ελένη.ada ", "coder", PASSWORD)
    assert ada == User("Ελένη.ada", "coder", True)
    assert store.verify("Ελένη.ada", PASSWORD) == ada
    assert store.verify("ΕΛΈΝΗ.ADA", PASSWORD) == ada  # a telephone writes the first letter large
    for name, password in [("Ελένη.ada", PASSWORD + " "), ("Ελένη.ada", ""), ("bob", PASSWORD), ("", ""),
                           ("a\0b", PASSWORD), ("\ud800", "\ud800"), ("Ελένη.ada", "x" * 100_000)]:  # fmt: skip
        assert store.verify(name, password) is None
    assert store.users() == [ada] == [store.user("Ελένη.ada")]
    assert store.user("bob") is None


def test_roles_passwords_and_activity_change(store: Store) -> None:
    store.add_user("ada", "coder", PASSWORD)
    store.set_role("ada", "adjudicator")
    store.set_password("ada", "another long one")
    assert store.verify("ada", PASSWORD) is None
    assert store.verify("ada", "another long one") == User("ada", "adjudicator", True)
    store.set_active("ada", False)
    assert store.verify("ada", "another long one") is None
    assert store.user("ada") == User("ada", "adjudicator", False)
    store.set_active("ada", True)
    assert store.verify("ada", "another long one")


def test_what_can_be_no_account_is_refused(store: Store) -> None:
    store.add_user("ada", "coder", PASSWORD)
    for name, role, password in [
        ("Ada", "coder", PASSWORD), ("", "coder", PASSWORD), ("a b", "coder", PASSWORD), ("<b>", "coder", PASSWORD),
        ("n" * 61, "coder", PASSWORD), ("bob", "boss", PASSWORD), ("bob", "coder", "nine char"),
        ("bob", "coder", "x" * 1001),
    ]:  # fmt: skip
        with pytest.raises(UsageError) as refused:
            store.add_user(name, role, password)
        assert refused.value.next_step
        assert password not in str(refused.value)
    for change in (
        lambda: store.set_password("bob", PASSWORD), lambda: store.set_password("ada", "short"),
        lambda: store.set_active("bob", False), lambda: store.set_role("ada", "boss"),
    ):  # fmt: skip
        with pytest.raises(UsageError):
            change()
    assert len(store.users()) == 1


def test_an_accent_typed_in_one_or_two_characters_is_the_same(store: Store) -> None:
    store.add_user("zoe", "coder", "caf\u00e9 caf\u00e9 caf\u00e9")
    assert store.verify("zoe", "cafe\u0301 cafe\u0301 cafe\u0301")


@pytest.mark.usefixtures("shipped_passwords")
def test_passwords_are_kept_as_argon2id_with_a_salt_and_never_logged(
    store: Store, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("ada", "bob"):
        store.add_user(name, "coder", PASSWORD)
        store.verify(name, PASSWORD)
    store.audit("ada", "login", "")
    with store._reading() as connection:
        hashes = list(connection.execute(sa.select(schema.users.c.password)).scalars())
    assert len(set(hashes)) == 2
    assert all(one.startswith("$argon2id$v=19$m=65536,t=3,p=4$") for one in hashes)
    assert PASSWORD not in caplog.text + "".join(capfd.readouterr()) + str(store.audit_log())
    assert set(asdict(store.users()[0])) == {"name", "role", "active"}


@pytest.mark.usefixtures("shipped_passwords")
def test_an_unknown_name_takes_as_long_as_a_wrong_password(store: Store) -> None:
    store.add_user("ada", "coder", PASSWORD)

    def fastest(name: str) -> float:
        times = []
        for _ in range(3):
            before = time.process_time()  # Argon2 works in several threads
            assert store.verify(name, "not this one") is None
            times.append(time.process_time() - before)
        return min(times)

    store.verify("nobody", "the first one makes the hash that fits nobody")
    known, unknown = fastest("ada"), fastest("nobody")
    assert unknown > 0.3 * known
    assert known > 0.3 * unknown


@pytest.mark.usefixtures("shipped_passwords")
def test_a_hash_of_older_parameters_is_made_anew_at_login(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from argon2 import PasswordHasher

    with monkeypatch.context() as patch:
        patch.setattr(accounts, "_hasher", lambda: PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        store.add_user("ada", "coder", PASSWORD)
    assert store.verify("ada", PASSWORD)
    with store._reading() as connection:
        assert "m=65536" in connection.execute(sa.select(schema.users.c.password)).scalar_one()
    assert store.verify("ada", PASSWORD)

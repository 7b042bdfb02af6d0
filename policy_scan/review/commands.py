"""`policy-scan review …`: start the application, look after its accounts."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..console import err, out, told
from ..errors import UsageError
from ..publishing import fetched
from ..storage import Place

if TYPE_CHECKING:
    from .store import Store

app = typer.Typer(help="Audit the excerpts in a web application, beside the page they come from.")
users = typer.Typer(help="Accounts of a team: coders, adjudicators, administrators.", no_args_is_help=True)
app.add_typer(users, name="user")

Output = Annotated[
    str, typer.Option("--output", metavar="PLACE", help="Folder of the run, or its address (s3://bucket/folder).")
]
OUTPUT = "outputs"
Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        envvar="POLICY_SCAN_DATABASE",
        help="SQLite file or postgresql://USER:PASSWORD@HOST/NAME; review.sqlite3 in the run's folder where not given.",
        show_default=False,
        show_envvar=False,
    ),
]
PasswordFromInput = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]
Name = Annotated[str, typer.Argument(metavar="NAME")]
DATABASE_NAME = "review.sqlite3"


def _reviewed(output: str, database: str | None) -> Place:
    """Raises UsageError where the run's decisions would have to stand on an object store."""
    place = Place.of(output)
    if not place.is_local and not database:
        raise UsageError(
            f"The review of {place} needs a database elsewhere: {DATABASE_NAME} can't stand on an object store.",
            "give --database FILE.sqlite3 on this machine, or postgresql://USER:PASSWORD@HOST/NAME for a team.",
        )
    return place


def folder_of(output: str, database: str | None) -> Path:
    """The folder of a run under review: its own, or the copy of one at an address.

    Raises UsageError where its decisions would have to stand on an object store, and as `fetched` does.
    """
    return fetched(_reviewed(output, database))


def open_store(output: str, database: str | None, create: bool = True) -> Store:
    """Raises NothingToDoError where the run's folder isn't there, StoreError where the database can't be used,
    UsageError where it would have to stand on an object store."""
    from ..errors import NothingToDoError
    from .store import Store

    place = _reviewed(output, database)
    if database:
        return Store.open(database, create)
    if not place.local.is_dir():
        raise NothingToDoError(f"{output} holds no finished run.", "run 'policy-scan run', or give --output.")
    return Store.open(place.local / DATABASE_NAME, create)


@app.callback(invoke_without_command=True)
def review(
    context: typer.Context,
    output: Output = OUTPUT,
    database: Database = None,
    host: Annotated[str, typer.Option(help="Address to listen on; this machine alone by default.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 8571,
    public_address: Annotated[
        str, typer.Option(help="What browsers show where a proxy stands before it, e.g. https://review.example.org.")
    ] = "",
    secret_file: Annotated[
        Path | None, typer.Option(help="File with the secret that signs sessions; else POLICY_SCAN_SECRET.")
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the one reviewer where there are no accounts.")] = "reviewer",
    language: Annotated[
        str | None, typer.Option(help="en, fr, nl, de, el or ro; by default the language of the table.")
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Don't open a browser.")] = False,
) -> None:
    """Audit the excerpts in a web application, beside the page they come from."""
    if context.invoked_subcommand is not None:
        return
    with told():
        from .serving import Listening, serve

        listening = Listening(host, port, public_address, secret_file, name, language or "", not no_browser)
        folder = folder_of(output, database)
        with open_store(output, database) as store:
            serve(folder, store, listening, lambda line: out.print(line, markup=False, soft_wrap=True))


def _password(from_input: bool) -> str:
    if from_input:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise UsageError("There is no terminal to ask for a password on.", "give it with --password-stdin.")
    asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt="The same again")
    return asked


def _by() -> str:
    """Whom the audit log names for what is done on the command line."""
    return f"command line ({os.environ.get('USER') or os.environ.get('USERNAME') or 'unknown'})"


@users.command("add")
def add(
    name: Name,
    role: Annotated[str, typer.Option(help="coder, adjudicator or administrator.")],
    output: Output = OUTPUT,
    database: Database = None,
    password_stdin: PasswordFromInput = False,
) -> None:
    """Make an account; its password is asked for twice."""
    with told():
        from .accounts import checked_name, checked_role

        checked_name(name)
        checked_role(role)
        with open_store(output, database) as store:
            if store.user(name) is not None:
                raise UsageError(f"There is an account '{name}' already.", "give another name.")
            user = store.add_user(name, role, _password(password_stdin))
            store.audit(_by(), "user_added", f"{user.name} ({user.role})")
        err.print(f"Account {user.name} ({user.role}) is made.", markup=False)


@users.command("list")
def list_users(output: Output = OUTPUT, database: Database = None) -> None:
    """The accounts: name, role, whether it is open."""
    with told(), open_store(output, database, create=False) as store:
        for user in store.users():
            typer.echo(f"{user.name}\t{user.role}\t{'open' if user.active else 'closed'}")


@users.command("password")
def password(
    name: Name, output: Output = OUTPUT, database: Database = None, password_stdin: PasswordFromInput = False
) -> None:
    """Give an account a new password."""
    with told(), open_store(output, database, create=False) as store:
        _known(store, name)
        store.set_password(name, _password(password_stdin))
        store.audit(_by(), "password_changed", name)
        err.print(f"The password of {name} is changed.", markup=False)


@users.command("disable")
def disable(name: Name, output: Output = OUTPUT, database: Database = None) -> None:
    """Close an account: its decisions stay, nobody signs in with it any more."""
    _set_active(name, output, database, False)


@users.command("enable")
def enable(name: Name, output: Output = OUTPUT, database: Database = None) -> None:
    """Open a closed account again."""
    _set_active(name, output, database, True)


def _set_active(name: str, output: str, database: str | None, active: bool) -> None:
    with told(), open_store(output, database, create=False) as store:
        _known(store, name)
        store.set_active(name, active)
        store.audit(_by(), "user_enabled" if active else "user_disabled", name)
        err.print(f"Account {name} is {'open' if active else 'closed'}.", markup=False)


def _known(store: Store, name: str) -> None:
    if store.user(name) is None:
        raise UsageError(f"There is no account '{name}'.", "see 'policy-scan review user list'.")

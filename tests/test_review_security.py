"""Who may do what in the review application, and what it refuses whoever asks."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import review_app as make
from argon2 import PasswordHasher
from example_run import HOSTILE
from fastapi import FastAPI
from review_app import ORIGIN, PASSWORD, Browser

from policy_scan.errors import UsageError
from policy_scan.review import accounts, security
from policy_scan.review.app import Served, create_app, routes_of
from policy_scan.review.database import StoreError
from policy_scan.review.security import LoginLimit, Sessions, policy_of, site_of
from policy_scan.review.store import Store

ALL = {"coder", "adjudicator", "administrator"}
CODERS, OVERSEERS, ADMINISTRATORS = {"coder", "adjudicator"}, {"adjudicator", "administrator"}, {"administrator"}
EXPECTED = {
    "GET /static/{name}": ALL | {"anonymous"},
    "GET /login": ALL | {"anonymous"},
    "POST /login": ALL | {"anonymous"},
    "POST /logout": ALL,
    "GET /account": ALL,
    "POST /account/language": ALL,
    "POST /account/password": ALL,
    "GET /api/session": ALL,
    "GET /": ALL,
    "GET /agreement": ALL,
    "GET /disagreements": OVERSEERS,
    "GET /disagreements/{identifier}/{theme}": OVERSEERS,
    "POST /disagreements/{identifier}/{theme}": {"adjudicator"},
    "GET /documents": ALL,
    "GET /documents/{doc_id}": ALL,
    "POST /documents/{doc_id}": ADMINISTRATORS,
    "GET /trail": ALL,
    "GET /exports": ALL,
    "POST /exports/decisions.jsonl": ALL,
    "POST /exports/decisions.xlsx": ALL,
    "POST /exports/sheet.xlsx": CODERS,
    "POST /exports/sheet": CODERS,
    "GET /users": ADMINISTRATORS,
    "POST /users": ADMINISTRATORS,
    "POST /users/change": ADMINISTRATORS,
    "POST /assignments": ADMINISTRATORS,
    "POST /assignments/take-back": ADMINISTRATORS,
    "GET /audit": ADMINISTRATORS,
}
"""Written here by hand: whoever opens a route to another role says so twice. The desk's routes are all for coders."""
ROLES = ("anonymous", "coder", "adjudicator", "administrator", "single")


@pytest.fixture(scope="module", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """Argon2 with little memory: its cost is tested with the accounts."""
    cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("policy_scan.review.accounts._hasher", lambda: cheap)
        accounts._nobody.cache_clear()
        yield
    accounts._nobody.cache_clear()  # a hash made cheaply would fit no other test


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make.make_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    accounts = {"cora": "coder", "adam": "adjudicator", "ines": "administrator"}
    with make.make_store(tmp_path_factory.mktemp("database") / "review.sqlite3", **accounts) as opened:
        yield opened


@pytest.fixture(scope="module")
def app(run: Path, store: Store) -> FastAPI:
    return make.make_app(run, store)


@pytest.fixture
def coder(app: FastAPI) -> Browser:
    return Browser(app, "cora")


@pytest.fixture
def administrator(app: FastAPI) -> Browser:
    return Browser(app, "ines")


# Roles


def _routes(app: FastAPI) -> list[tuple[str, Served]]:
    return [(method, route) for route in routes_of(app) for method in sorted(route.methods)]


def _expected(method: str, path: str) -> set[str]:
    return CODERS if path.startswith("/desk") else EXPECTED[f"{method} {path}"]


def test_every_route_declares_the_policy_that_is_written_here(app: FastAPI) -> None:
    declared = {f"{method} {route.path}": policy_of(route.endpoint) for method, route in _routes(app)}
    assert {name: set(policy or ()) for name, policy in declared.items()} == {
        name: _expected(*name.split(" ")) for name in declared
    }
    assert not EXPECTED.keys() - declared.keys()
    assert all(route.methods for route in routes_of(app)), "a mounted folder has no guard"


@pytest.mark.parametrize("role", ROLES)
def test_every_route_answers_only_whom_its_policy_names(app: FastAPI, run: Path, store: Store, role: str) -> None:
    names = {"coder": "cora", "adjudicator": "adam", "administrator": "ines"}
    if role == "single":
        app = make.make_app(run, store, single_user="reviewer")
    holds = {"coder", "administrator"} if role == "single" else {role}
    browser = Browser(app, names.get(role, ""))
    if role == "anonymous":
        browser.read_token("/login")
    routes = _routes(app)
    assert len(routes) > 20
    # Signing out comes last: the session is over then.
    for method, route in sorted(routes, key=lambda one: one[1].path == "/logout"):
        path = re.sub(r"\{[^}]*\}", "1", route.path)
        answer = browser.get(path) if method == "GET" else browser.post(path)
        status, where = answer.status_code, f"{role}: {method} {path}"
        if _expected(method, route.path) & holds:
            refused = (403,) if path == "/login" else (401, 403)  # an empty form signs nobody in
            assert status not in refused and status < 500, f"{where} gave {status}"
            assert answer.headers.get("location") != "/login" or route.path == "/logout", where
        elif role != "anonymous":
            assert status == 403, f"{where} gave {status}"
        elif method == "GET" and "/api/" not in path:
            assert (status, answer.headers["location"]) == (303, "/login"), where
        else:
            assert status == 401, f"{where} gave {status}"


def test_a_route_without_a_policy_is_never_served(run: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make.make_app(run, store, single_user="reviewer")
    app.add_api_route("/bare", lambda: "secret", methods=["GET", "POST"])
    browser = Browser(app)
    assert browser.get("/bare").status_code == 403 and browser.post("/bare").status_code == 403
    from policy_scan.review import pages

    monkeypatch.delattr(pages.home, "policy")
    with pytest.raises(RuntimeError, match="no policy is declared for /"):
        make.make_app(run, store)


# Tokens, hosts, origins


def test_nothing_changes_without_the_token_of_the_own_session(app: FastAPI, store: Store) -> None:
    mine, other = Browser(app, "ines"), Browser(app, "adam")
    path, n = "/users", len(store.users())
    form = {"name": "eve", "role": "administrator", "password": PASSWORD, "again": PASSWORD}
    for token in ("", "é", "0" * 64, other.token, mine.token.upper()):
        answer = mine.post(path, **form, csrf=token)
        assert answer.status_code == 403 and "Nothing was changed" in answer.text
    assert len(store.users()) == n
    headers = {"origin": ORIGIN, "x-csrf-token": mine.token}
    assert mine.client.post("/account/language", data={"language": "fr"}, headers=headers).status_code == 303
    wrong = {"origin": ORIGIN, "x-csrf-token": other.token}
    assert mine.client.post("/account/language", data={"language": "fr"}, headers=wrong).status_code == 403


@pytest.mark.parametrize("single_user", [None, "reviewer"])
def test_another_host_or_origin_is_refused_on_loopback_too(run: Path, store: Store, single_user: str | None) -> None:
    app = make.make_app(run, store, single_user=single_user)
    browser = Browser(app, "" if single_user else "cora")
    for host in ("evil.example", "evil.example:8571", "127.0.0.1", "127.0.0.1:80", "localhost:8571.evil.example", ""):
        answer = browser.get("/", host=host)
        assert answer.status_code == 400 and "cora" not in answer.text, host
    for host in ("localhost:8571", "LOCALHOST:8571", "[::1]:8571"):
        assert browser.get("/login", host=host).status_code in (200, 303), host
    for origin in ("https://evil.example", "null", "http://127.0.0.1:9999", f"{ORIGIN}.evil.example", ""):
        assert browser.get("/", origin=origin).status_code == 400, origin
        answer = browser.client.post(
            "/account/language", data={"csrf": browser.token, "language": "fr"}, headers={"origin": origin}
        )
        assert answer.status_code == 400, origin
    form = {"csrf": browser.token, "language": "en"}
    post = browser.client.post
    assert post("/account/language", data=form).status_code == 400
    assert post("/account/language", data=form, headers={"referer": "http://evil.example/x"}).status_code == 400
    assert post("/account/language", data=form, headers={"referer": f"{ORIGIN}@evil.example/"}).status_code == 400
    assert post("/account/language", data=form, headers={"referer": f"{ORIGIN}/account"}).status_code == 303


def test_every_answer_bears_the_headers(
    app: FastAPI, administrator: Browser, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a detail of the machine")

    monkeypatch.setattr(store, "audit_log", broken)
    answers = {
        200: administrator.get("/"),
        303: Browser(app).get("/"),
        400: administrator.get("/", host="evil.example"),
        401: Browser(app).get("/api/session"),
        403: Browser(app, "cora").get("/users"),
        404: administrator.get("/nowhere"),
        405: administrator.client.request("PUT", "/", headers={"origin": ORIGIN}),
        500: administrator.get("/audit"),
    }
    assert {status: answer.status_code for status, answer in answers.items()} == {one: one for one in answers}
    for answer in answers.values():
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;")
        assert "form-action 'self'; frame-ancestors 'none'; base-uri 'none'" in policy and "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "same-origin"
    assert "Traceback" not in answers[500].text and "detail of the machine" not in answers[500].text
    assert "That failed" in answers[500].text


def test_pages_hold_neither_script_nor_style_of_their_own(administrator: Browser, coder: Browser) -> None:
    for page in ("/", "/agreement", "/documents", "/trail", "/exports", "/users", "/audit", "/account"):
        text = administrator.get(page).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\son\w+=|javascript:|https?://", text), page
        assert "autofocus" not in text
    assert not re.search(r"<style|\bstyle=|\son\w+=|javascript:", coder.get("/desk").text)


def test_no_path_of_a_request_reaches_the_file_system(coder: Browser) -> None:
    for name in ("../app.py", "..%2fapp.py", "%2e%2e%2fapp.py", "....//app.py", "%2fetc%2fpasswd", "style.css%00.png"):
        answer = coder.get(f"/static/{name}")
        assert answer.status_code == 404 and "import" not in answer.text, name
    for path in ("/documents/..%2f..%2frun.json", "/disagreements/..%2f/x", "/desk/page/..%2f..%2fx/1"):
        assert coder.get(path).status_code in (403, 404, 422), path
    assert coder.get("/static/style.css").headers["content-type"].startswith("text/css")


def test_too_large_a_body_is_refused(coder: Browser) -> None:
    big = b"x" * (security.MOST_BODY + 1)
    assert coder.client.post("/account/language", content=big, headers={"origin": ORIGIN}).status_code == 413

    def chunks() -> Iterator[bytes]:
        yield from itertools.repeat(b"a=" + b"x" * 100_000, security.MOST_BODY // 100_000 + 1)

    headers = {"origin": ORIGIN, "content-type": "application/x-www-form-urlencoded"}
    assert coder.client.post("/account/language", content=chunks(), headers=headers).status_code == 413


def test_text_of_documents_and_names_is_escaped(run: Path, tmp_path: Path) -> None:
    with make.make_store(tmp_path / "review.sqlite3", ines="administrator") as store:
        app = make.make_app(run, store)
        browser = Browser(app, "ines")
        doc_id = next(iter(app.state.context.project().documents))
        state, form_id = (
            re.search(f'name="{name}" value="([^"]+)"', browser.get(f"/documents/{doc_id}").text)[1]  # type: ignore[index]
            for name in ("state", "form_id")
        )
        answer = browser.post(f"/documents/{doc_id}", state=state, form_id=form_id, title=HOSTILE, reason=HOSTILE)
        assert answer.status_code == 303
        browser.client.post("/login", data={"name": HOSTILE[:60], "csrf": browser.token}, headers={"origin": ORIGIN})
        Browser(app).sign_in("<b>nobody</b>")
        for page in ("/documents", f"/documents/{doc_id}", "/audit", f"/documents?find={HOSTILE[30:60]}"):
            text = browser.get(page).text
            assert "<script" not in text and "\u202e" not in text and "\x07" not in text and "<b>nobody" not in text
        assert "&lt;script&gt;" in browser.get(f"/documents/{doc_id}").text
        assert "&lt;b&gt;nobody" in browser.get("/audit").text


# Signing in, sessions


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(run: Path, store: Store) -> None:
    plain = Browser(make.make_app(run, store)).get("/login").headers["set-cookie"]
    assert plain.startswith("policy_scan_8571=") and "HttpOnly" in plain and "SameSite=strict" in plain
    assert "Domain" not in plain and "Secure" not in plain
    app = make.make_app(run, store, public_address="https://review.example.org")
    browser = Browser(app, address="https://review.example.org")
    safe = browser.get("/login").headers["set-cookie"]
    assert safe.startswith("__Host-policy_scan=") and "Secure" in safe and "HttpOnly" in safe
    assert "strict-transport-security" in browser.get("/login").headers
    assert browser.get("/login", host=make.HOST).status_code == 400
    assert browser.sign_in("cora").status_code == 303 and browser.get("/").status_code == 200


def test_signing_in_begins_a_new_session_and_signing_out_ends_it(app: FastAPI) -> None:
    browser = Browser(app)
    before = browser.client.get("/login") and dict(browser.client.cookies)
    assert browser.sign_in("cora").status_code == 303
    after = dict(browser.client.cookies)
    assert before and after and before != after
    assert browser.get("/").status_code == 200
    thief = Browser(app)
    thief.client.cookies.update(after)
    assert thief.get("/").status_code == 200
    assert browser.post("/logout").status_code == 303
    assert thief.get("/").status_code == 303 and browser.get("/").status_code == 303


def test_a_cookie_that_was_not_signed_here_is_nothing(app: FastAPI, store: Store, run: Path) -> None:
    other = create_app(run, store, secret="another secret, 0123456789 abcdefghij")
    forged = Browser(app)
    forged.client.cookies.update(dict(Browser(other, "ines").client.cookies))
    assert forged.get("/").status_code == 303
    for value in ("x", "x.y", "é", ""):
        forged.client.cookies.clear()
        answer = forged.client.get("/", headers={"cookie": f"policy_scan_8571={value}".encode()})
        assert answer.status_code == 303, value


def test_sessions_end_when_idle_and_after_a_day() -> None:
    moment = [1000.0]
    sessions = Sessions("x" * 40, clock=lambda: moment[0])
    identifier = sessions.begin("cora")
    moment[0] += security.IDLE_SECONDS - 1
    assert sessions.find(identifier)
    moment[0] += security.IDLE_SECONDS + 1
    assert sessions.find(identifier) is None
    identifier = sessions.begin("cora")
    for _ in range(int(security.ABSOLUTE_SECONDS / security.IDLE_SECONDS)):
        moment[0] += security.IDLE_SECONDS - 1
        assert sessions.find(identifier)
    moment[0] += security.IDLE_SECONDS - 1
    assert sessions.find(identifier) is None


def test_a_closed_account_and_a_changed_password_end_the_sessions(run: Path, tmp_path: Path) -> None:
    with make.make_store(tmp_path / "review.sqlite3", cora="coder", ines="administrator") as store:
        app = make.make_app(run, store)
        first, second = Browser(app, "cora"), Browser(app, "cora")
        new = "another password"
        assert first.post("/account/password", old="wrong", new=new, again=new).status_code == 422
        assert first.post("/account/password", old=PASSWORD, new=new, again="differs").status_code == 422
        assert first.post("/account/password", old=PASSWORD, new="short", again="short").status_code == 422
        assert second.get("/").status_code == 200
        assert first.post("/account/password", old=PASSWORD, new=new, again=new).status_code == 303
        assert first.get("/").status_code == 200 and second.get("/").status_code == 303
        store.set_active("cora", False)
        assert first.get("/").status_code == 303
        assert Browser(app).sign_in("cora", new).status_code == 401
        administrator = Browser(app, "ines")
        assert administrator.post("/users/change", name="ines", active="no").status_code == 422
        assert administrator.post("/users/change", name="cora", role="adjudicator", active="yes").status_code == 303
        changed = store.user("cora")
        assert changed and changed.active and changed.role == "adjudicator"
        log = [(one.who, one.what) for one in store.audit_log()]
        assert ("ines", "user_enabled") in log and ("ines", "role_changed") in log
        assert PASSWORD not in str(store.audit_log()) and new not in str(store.audit_log())


def test_a_failed_login_does_not_tell_whether_the_name_exists(app: FastAPI, store: Store) -> None:
    store.add_user("gone", "coder", PASSWORD)
    store.set_active("gone", False)
    answers = [Browser(app).sign_in(name, "wrong password") for name in ("cora", "nobody")]
    answers.append(Browser(app).sign_in("gone"))
    texts = {re.sub(r'value="[^"]*"', "", answer.text) for answer in answers if answer.status_code == 401}
    assert len(texts) == 1 and len([one for one in answers if one.status_code == 401]) == 3
    failed = [(one.who, one.detail) for one in store.audit_log() if one.what == "login_failed"]
    assert {("cora", "testclient"), ("nobody", "testclient"), ("gone", "testclient")} <= set(failed)
    assert "wrong password" not in str(store.audit_log())


def test_logins_are_slowed_down_per_name_and_address(run: Path, store: Store) -> None:
    app = make.make_app(run, store)
    moment = [0.0]
    app.state.context.limit = LoginLimit(clock=lambda: moment[0])
    browser = Browser(app)
    statuses = [browser.sign_in("cora", "wrong password").status_code for _ in range(5)]
    assert statuses == [401, 401, 401, 401, 429]
    answer = browser.sign_in("cora")
    assert answer.status_code == 429 and int(answer.headers["retry-after"]) <= 3
    assert browser.sign_in("adam").status_code == 303  # another name at the same address
    moment[0] += 3
    assert Browser(app).sign_in("cora").status_code == 303


def test_the_delay_grows_up_to_a_bound() -> None:
    moment = [0.0]
    limit = LoginLimit(clock=lambda: moment[0])
    waits: list[int] = []
    while len(waits) < 12:
        if wait := limit.attempt("Cora", "192.0.2.1"):
            assert limit.attempt("cora", "192.0.2.1") == wait, "asking again doesn't lengthen it"
            waits.append(wait)
            moment[0] += wait
    assert waits == sorted(waits) and waits[0] <= 3 and waits[-1] <= limit.longest_seconds + 1 and waits[5] > 60
    assert limit.attempt("cora", "192.0.2.2") == 0, "nobody locks another out from elsewhere so soon"
    moment[0] += limit.forget_seconds + 1
    assert limit.attempt("cora", "192.0.2.1") == 0
    many = [limit.attempt(f"name{n}", "192.0.2.9") for n in range(30)]
    assert many[0] == 0 and many[-1] > 0, "one address trying many names"


def test_a_flood_of_refused_logins_is_one_line_of_the_log(run: Path, store: Store) -> None:
    browser = Browser(make.make_app(run, store))
    for _ in range(9):
        browser.sign_in("fred", "wrong password")
    log = [one.what for one in store.audit_log() if one.who == "fred"]
    assert log == ["login_failed"] * 4 + ["login_delayed"]


def test_a_database_that_fails_is_told_without_its_address(run: Path, store: Store, monkeypatch: Any) -> None:
    browser = Browser(make.make_app(run, store), "cora")

    def fails(*_: object) -> None:
        raise StoreError("the database at db.internal is locked.", "look there.")

    monkeypatch.setattr(store, "version", fails)
    answer = browser.get("/")
    assert answer.status_code == 503 and "db.internal" not in answer.text and "not recorded" in answer.text
    monkeypatch.setattr(store, "user", fails)
    answer = browser.post("/exports/decisions.jsonl")
    assert answer.status_code == 503 and "db.internal" not in answer.text


def test_exports_are_logged(coder: Browser, store: Store) -> None:
    assert coder.post("/exports/decisions.jsonl").status_code == 200
    assert coder.post("/exports/decisions.xlsx").content.startswith(b"PK")
    assert coder.post("/exports/sheet.xlsx", queue="uncertain", rows=5).content.startswith(b"PK")
    log = [one.what for one in store.audit_log() if one.who == "cora"]
    assert log[-3:] == ["export_jsonl", "export_xlsx", "export_sheet"]


# Where it listens


def test_a_site_knows_its_names() -> None:
    local = site_of("127.0.0.1", 8571)
    assert not local.shared and not local.secure and "localhost:8571" in local.hosts
    assert site_of("::1", 80).hosts >= {"[::1]", "[::1]:80", "127.0.0.1"}
    proxied = site_of("127.0.0.1", 8571, "https://review.example.org")
    assert proxied.shared and proxied.secure and proxied.origins == {
        "https://review.example.org", "https://review.example.org:443",
    }  # fmt: skip
    assert site_of("192.0.2.7", 8571).hosts == {"192.0.2.7:8571"} and site_of("192.0.2.7", 8571).shared
    for address in ("review.example.org", "ftp://x.example", "https://x.example/path", "https://", "https://x:99999"):
        with pytest.raises(UsageError):
            site_of("0.0.0.0", 8571, address)
    with pytest.raises(UsageError, match="under which name"):
        site_of("0.0.0.0", 8571)


def _address_of(app: FastAPI, peer: str, forwarded: str) -> str:
    class Asked:
        def __init__(self) -> None:
            self.app = app
            self.headers = {"x-forwarded-for": forwarded} if forwarded else {}
            self.client = type("Client", (), {"host": peer})

    asked: Any = Asked()
    return security.client_address(asked)


def test_only_a_proxy_on_this_machine_is_believed(run: Path, store: Store) -> None:
    proxied = make.make_app(run, store, public_address="https://review.example.org")
    assert _address_of(proxied, "127.0.0.1", "192.0.2.66, 198.51.100.7") == "198.51.100.7"
    assert _address_of(proxied, "203.0.113.5", "192.0.2.66") == "203.0.113.5"
    assert _address_of(make.make_app(run, store), "127.0.0.1", "192.0.2.66") == "127.0.0.1"

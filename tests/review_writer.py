"""A program that records decisions until it is stopped, and prints each one's id once the store has acknowledged it.

    python review_writer.py ADDRESS REVIEWER PROVISIONS [COUNT]

Each decision is on one of PROVISIONS provisions in turn, so that several writers meet on the same ones.
"""

from __future__ import annotations

import itertools
import sys
import uuid
from typing import Any

from policy_scan.decisions import text_hash
from policy_scan.records import Decision
from policy_scan.review.store import Conflict, Store, StoreError, now

TEXT = "Everyone may file an application on paper."


def decide(**changes: Any) -> Decision:
    """A decision on a made-up provision, with an id of its own."""
    base: dict[str, Any] = {
        "decision_id": uuid.uuid4().hex, "at": now(), "reviewer": "ada", "role": "coder", "doc_id": "d" * 64,
        "provision_id": "p", "page": 1, "start": 0, "end": len(TEXT), "text_hash": text_hash(TEXT), "quotation": TEXT,
        "before": "", "after": "", "theme": "paper", "verdict": "yes", "force": "", "evidence": "[]", "note": "",
        "translation": "", "machine_probability": 0.4, "machine_assigned": False, "model_version": "m", "replaces": "",
        "origin": "uncertain",
    }  # fmt: skip
    return Decision(**{**base, **changes})


def insist(store: Store, decision: Decision) -> Decision:
    """Record a decision, looking again at what is live as often as another writer was quicker."""
    expected = ""
    while True:
        try:
            return store.record(decision, expected)
        except Conflict as conflict:
            expected = conflict.live.decision_id if conflict.live else ""


def main() -> None:
    address, reviewer, n_provisions, *count = sys.argv[1:]
    store = Store.open(address)
    numbers = itertools.islice(itertools.count(), int(count[0])) if count else itertools.count()
    for number in numbers:
        verdict = "no" if number % 2 else "yes"
        row = decide(reviewer=reviewer, provision_id=f"p{number % int(n_provisions)}", verdict=verdict)
        print(insist(store, row).decision_id, flush=True)


if __name__ == "__main__":
    try:
        main()
    except StoreError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)

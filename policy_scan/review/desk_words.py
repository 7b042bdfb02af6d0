"""The desk's words for its script, and its keys."""

from __future__ import annotations

from ..translation import translations


def desk_words(language: str) -> dict[str, str]:
    """Name -> words that the desk's script says, in `language`."""
    t = translations(language)
    return {
        "saving": t.gettext("Saving…"),
        "saved": t.gettext("Saved."),
        "nothing_new": t.gettext("Nothing was changed."),
        "waiting": t.gettext("Not saved yet: {n}. The server doesn't answer; trying again. Keep this page open."),
        "signed_out": t.gettext("Not saved yet: {n}. Sign in again in another window; keep this page open."),
        "other_user": t.gettext("Not saved: {n}. Another account is signed in now: sign in again, keep this page."),
        "refused": t.gettext("Not saved: {message} {next_step}"),
        "undone": t.gettext("Undone."),
        "nothing_to_undo": t.gettext("There is nothing to undo."),
        "accepted": t.gettext("Accepted: {themes}."),
        "rejected": t.gettext("No theme fits."),
        "skipped": t.gettext("Skipped."),
        "end": t.gettext("That was the last one of this queue."),
        "start": t.gettext("This is the first one that you saw here."),
        "failed": t.gettext("The next passage can't be loaded: the server doesn't answer. Try again."),
        "ticked": t.gettext("{theme}: fits"),
        "unticked": t.gettext("{theme}: doesn't fit"),
        "evidence_of": t.gettext("Marked: the quotation for {theme}."),
        "no_theme": t.gettext("Tick a theme first: a quotation belongs to a theme."),
        "narrowing": t.gettext(
            "Choose the quotation for {theme}: ← and → move by a sentence, Shift with them takes in one more or less, "
            "↑ and ↓ move its beginning, comma and full stop its end by a word. Enter keeps it, Escape doesn't."
        ),
        "narrowed": t.gettext("The quotation for {theme} is now: {text}"),
        "kept": t.gettext("The quotation stays as it was."),
        "kept_there": t.gettext("It stays as it was decided there."),
        "machine_again": t.gettext("The quotation is the machine's again."),
        "page_of": t.gettext("Page {page} of {n}"),
        "no_picture_missing": t.gettext("No picture of the page: the PDF is no longer where it was read."),
        "no_picture_changed": t.gettext("No picture of the page: the PDF has changed since it was read."),
        "no_picture_damaged": t.gettext("No picture of the page: it can't be drawn."),
        "no_picture_no_place": t.gettext("No picture of the page: the passage's place on it isn't known."),
        "not_found_there": t.gettext("The words aren't found on the picture: the whole passage is outlined."),
        "picture_lost": t.gettext("No picture of the page: the server doesn't answer."),
    }


def desk_keys(language: str) -> list[tuple[str, str]]:
    """The keys and what they do."""
    t = translations(language)
    return [
        (t.pgettext("key", "a, Enter"), t.gettext("Save what is ticked and go on: at first, all that was proposed")),
        ("r", t.gettext("No theme fits; go on")),
        ("1 … 9, b …", t.gettext("Tick or untick the theme that bears this key")),
        ("e", t.gettext("Mark the quotation of the next theme that is ticked")),
        ("n", t.gettext("Narrow the quotation to the selected text, or choose it by sentences")),
        ("f", t.gettext("Change the force")),
        ("m", t.gettext("Write a note")),
        ("t", t.gettext("Write a translation")),
        ("s", t.gettext("Skip; go on")),
        ("u", t.gettext("Undo the last decision")),
        ("j, k", t.gettext("The next passage, the one before, without deciding")),
        ("[ ]", t.gettext("The page before, the page after")),
        ("+ −", t.gettext("Enlarge the page, make it smaller")),
        ("/", t.gettext("Search all passages, also those without a theme")),
        (t.pgettext("key", "Escape"), t.gettext("Leave a field, close a window")),
        ("?", t.gettext("Show these keys")),
    ]

"""Colours of all reports, in one place: statuses, forces, counts; told apart with any colour vision, readable on top.

Statuses run from blue to yellow by lightness, so that they differ in grey as well; forces are the palette of Okabe and
Ito, 'Color Universal Design' (2008), with a grey for statements. Text on each reaches 4.5:1 (WCAG 2.2, 1.4.3).
"""

from __future__ import annotations

from collections.abc import Mapping

from ..records import CellStatus

STATUS_COLOURS: Mapping[CellStatus, tuple[str, str]] = {
    "binding": ("#1F4E8C", "#FFFFFF"), "enabled": ("#9CC3E6", "#000000"), "committed": ("#F5C542", "#000000"),
    "described": ("#FBEBB5", "#000000"), "not_found": ("#FFFFFF", "#404040"), "not_searched": ("#D9D9D9", "#404040"),
}  # fmt: skip
"""Fill and ink of each status."""
FORCE_COLOURS: Mapping[str, tuple[str, str]] = {
    "obligation": ("#0072B2", "#FFFFFF"), "prohibition": ("#D55E00", "#000000"), "right": ("#009E73", "#000000"),
    "permission": ("#56B4E9", "#000000"), "commitment": ("#E69F00", "#000000"), "definition": ("#CC79A7", "#000000"),
    "statement": ("#C8C8C8", "#000000"),
}  # fmt: skip
"""Fill and ink of each force."""
REVIEW_COLOURS: Mapping[str, tuple[str, str]] = {
    "accepted": ("#0072B2", "#FFFFFF"), "disputed": ("#E69F00", "#000000"), "open": ("#E4E4E4", "#000000"),
}  # fmt: skip
INK = "#202020"
QUIET = "#565656"
"""Captions and axes."""
RULE = "#B8B8B8"
_FEW, _MANY = (0xDC, 0xE9, 0xF5), (0x0B, 0x3C, 0x78)


def luminance(colour: str) -> float:
    """Relative luminance of '#RRGGBB', 0 to 1 (WCAG 2.2, definition)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, definition)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def shade(n: int, most: int) -> tuple[str, str]:
    """Fill and ink for a count: white for 0, then darker blues by the square root of its share of `most`."""
    if n <= 0:
        return "#FFFFFF", QUIET
    share = (n / most) ** 0.5
    fill = "#" + "".join(f"{round(few + (many - few) * share):02X}" for few, many in zip(_FEW, _MANY, strict=True))
    return fill, max("#000000", "#FFFFFF", key=lambda ink: contrast(fill, ink))

"""The evaluation as one self-contained web page: tables, a reliability diagram in SVG, confusions with examples."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .evaluate import AGREEMENT_FORCE, AGREEMENT_MICRO, AGREEMENT_RELEVANCE, Bin, Evaluation, interval, shown

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid #8886; text-align: right; font-variant-numeric: tabular-nums; }
th:first-child, td:first-child, td.words { text-align: left; }
td.words { font-size: .9rem; max-width: 40rem; }
svg { max-width: 26rem; width: 100%; height: auto; }
svg text { font-size: 11px; fill: currentColor; }
.scroll { overflow-x: auto; }
"""
_SIDE = 300


def _row(cells: Sequence[str], tag: str = "td") -> str:
    return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>"


def _table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "<tr>" + "".join(f'<th scope="col">{escape(name)}</th>' for name in heads) + "</tr>"
    body = "".join(_row([escape(cell) for cell in row]) for row in rows)
    return (
        f'<div class="scroll"><table><caption>{escape(caption)}</caption><thead>{head}</thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def diagram(bins: Sequence[Bin]) -> str:
    """A reliability diagram: on the diagonal, a probability of 0.7 means that coders confirmed 7 in 10."""

    def at(x: float, y: float) -> tuple[float, float]:
        return round(40 + x * _SIDE, 1), round(10 + (1 - y) * _SIDE, 1)

    parts = [
        f'<rect x="40" y="10" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="currentColor" opacity=".4"/>',
        f'<line x1="40" y1="{_SIDE + 10}" x2="{_SIDE + 40}" y2="10" stroke="currentColor" stroke-dasharray="4 4"/>',
    ]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = at(tick, tick)
        parts.append(f'<text x="{x}" y="{_SIDE + 26}" text-anchor="middle">{tick:g}</text>')
        parts.append(f'<text x="34" y="{y + 4}" text-anchor="end">{tick:g}</text>')
    points = []
    for one in bins:
        if one.mean_probability is None or one.share_confirmed is None:
            continue
        x, y = at(one.mean_probability, one.share_confirmed)
        points.append(f"{x},{y}")
        told = f"probability {one.mean_probability:.2f}, confirmed {one.share_confirmed:.2f}, n {one.n}"
        parts.append(f'<circle cx="{x}" cy="{y}" r="4" fill="currentColor"><title>{told}</title></circle>')
    parts.append(f'<polyline points="{" ".join(points)}" fill="none" stroke="currentColor"/>')
    parts.append(f'<text x="{40 + _SIDE / 2}" y="{_SIDE + 44}" text-anchor="middle">mean probability</text>')
    middle = 10 + _SIDE / 2
    parts.append(
        f'<text x="10" y="{middle}" text-anchor="middle" transform="rotate(-90 10 {middle})">'
        "share confirmed by coders</text>"
    )
    label = "Reliability diagram; the table below holds its figures"
    return f'<svg viewBox="0 0 {_SIDE + 60} {_SIDE + 54}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def _agreement(value: float | None, n: int | None) -> str:
    return "–" if value is None else f"{value:.2f} (n {n})"


def page(evaluation: Evaluation) -> str:
    """HTML without scripts and without anything from the network."""
    whole = evaluation.whole
    force = f"{evaluation.force_low:.2f} to {evaluation.force_high:.2f}" if evaluation.force_low is not None else ""
    overall = _table(
        "All themes together",
        ("", "figure", "95 % interval", "coder agreement"),
        [
            ("micro-F1", shown(whole.micro.f1), interval(whole.micro), f"{AGREEMENT_MICRO:.2f}"),
            ("macro-F1 (themes with at least 10 passages)", shown(whole.macro_f1), "", "–"),
            (
                "any theme at all (F1)",
                shown(whole.relevance.f1),
                interval(whole.relevance),
                f"{AGREEMENT_RELEVANCE:.2f}",
            ),
            (f"force, accuracy (n {whole.force_n})", shown(whole.force_accuracy), force, f"{AGREEMENT_FORCE:.2f}"),
        ],
    )
    themes = _table(
        "Per theme",
        ("theme", "n", "predicted", "precision", "recall", "F1", "95 % interval", "threshold", "coder agreement, F1"),
        [
            (
                one.name, str(one.score.n), str(one.score.n_predicted), shown(one.score.precision),
                shown(one.score.recall), shown(one.score.f1), interval(one.score), f"{one.threshold:.2f}",
                _agreement(one.agreement, one.agreement_n),
            )
            for one in evaluation.themes
        ],
    )  # fmt: skip
    groups = "".join(
        _table(
            f"Per {kind}",
            (kind, "passages", "documents", "micro-F1", "95 % interval", "macro-F1", "any theme", "force (n)"),
            [
                (
                    one.name, str(one.n_passages), str(one.n_documents), shown(one.micro.f1), interval(one.micro),
                    shown(one.macro_f1), shown(one.relevance.f1), f"{shown(one.force_accuracy)} ({one.force_n})",
                )
                for one in evaluation.groups
                if one.kind == kind
            ],
        )
        for kind in dict.fromkeys(one.kind for one in evaluation.groups)
    )  # fmt: skip
    bins = _table(
        "Probability and confirmation",
        ("probability", "codings", "mean probability", "share confirmed"),
        [
            (f"{one.low:.1f} to {one.high:.1f}", str(one.n), shown(one.mean_probability), shown(one.share_confirmed))
            for one in evaluation.reliability
        ],
    )
    confusions = "".join(
        f'<tr><td>{escape(one.coded)}</td><td>{escape(one.assigned)}</td><td>{one.n}</td><td class="words">'
        + "<br>".join(escape(text) for text in one.examples)
        + "</td></tr>"
        for one in evaluation.confusions[:40]
    )
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Evaluation of the classifier</title><style>{_STYLE}</style></head><body>
<h1>Evaluation of the classifier</h1>
<p>{evaluation.n_passages} coded passages of {evaluation.n_documents} documents ({escape(evaluation.gold)}, SHA-256
{evaluation.gold_sha256[:12]}…); model {escape(evaluation.model_version)}, setting {escape(evaluation.setting)}.
{evaluation.n_out_of_fold} of the passages were trained on: each is judged by a model that saw no passage of its
document, with thresholds chosen on the other folds. The others were coded by the model itself.</p>
<p>Intervals: 95 %, bootstrap over documents. A dash means that nothing was there to measure. Coder agreement is that of
two machine-assisted coders before adjudication on other passages: an upper bound, not human agreement.</p>
{overall}{themes}{groups}
<h2>What a probability is worth</h2>
<p>Mean distance from the diagonal {shown(evaluation.calibration_error)};
{shown(evaluation.unsure_share)} of the passages have a theme in the unsure band.</p>
{diagram(evaluation.reliability)}{bins}
<h2>Confusions</h2>
<div class="scroll"><table><caption>Core theme of the coders, and what was assigned instead</caption><thead><tr>
<th scope="col">coded</th><th scope="col">assigned</th><th scope="col">n</th><th scope="col">examples</th></tr></thead>
<tbody>{confusions}</tbody></table></div></body></html>
"""

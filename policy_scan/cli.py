"""The command line. Results go to stdout or files, progress and messages to stderr; no traceback reaches the user."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import __version__
from .config import Config, load_config
from .console import err, on_this_machine, out
from .console import told as _told
from .errors import UsageError
from .jurisdictions import normalise
from .publishing import fetched
from .review.commands import OUTPUT, Database, Output, folder_of
from .review.exchange import app as review
from .running import Order, Places, review_of, run_once, run_watching
from .storage import Place

if TYPE_CHECKING:
    from .codebook import Codebook
    from .records import Decision
    from .report.common import RunData

app = typer.Typer(
    name="policy-scan",
    help="Read policy PDFs of several countries and compile a state of play, every cell traceable to a sentence.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(review, name="review")

ConfigFile = Annotated[Path | None, typer.Option("--config", help="Your configuration; the default where not given.")]
Fast = Annotated[bool, typer.Option("--fast", help="Linear model only.")]
ModelFolder = Annotated[
    Path | None, typer.Option("--model", help="Folder that 'train' wrote; the model that ships where not given.")
]
Thorough = Annotated[bool, typer.Option("--thorough", help="With the multilingual encoder: slower, better.")]


class Engine(StrEnum):
    processes = "processes"
    dask = "dask"


def _setting(fast: bool, thorough: bool, model: Path | None = None) -> dict[str, Any]:
    if fast and thorough:
        raise UsageError("--fast and --thorough exclude each other.", "give one of them.")
    chosen = {"setting": "fast" if fast else "thorough"} if fast or thorough else {}
    if model is not None:
        chosen["model"] = str(model.resolve())
    return {"codings": chosen} if chosen else {}


def _settings(config: Path | None, **overrides: Any) -> tuple[Config, Codebook]:
    from .codebook import load_codebook

    loaded = load_config(config, overrides)
    return loaded, load_codebook(loaded.codebook)


def _version(value: bool) -> None:
    if value:
        out.print(f"policy_scan {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None: ...


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="A folder to make, or an empty one.", callback=on_this_machine)],
) -> None:
    """Make a project folder: corpus, configs, outputs."""
    with _told():
        from .project import make_project

        made = make_project(folder)
        for path in made:
            out.print(f"made {path}", markup=False, soft_wrap=True)
        err.print(f"Put PDFs into {folder}/corpus/FR and so on, then: cd {folder} && policy-scan run", markup=False)


@app.command()
def run(
    corpus: Annotated[
        str, typer.Option(metavar="PLACE", help="Folder with a sub-folder of PDFs per country, or its address.")
    ] = "corpus",
    output: Output = OUTPUT,
    config: ConfigFile = None,
    jurisdiction: Annotated[list[str] | None, typer.Option(help="Only these, e.g. FR BE.")] = None,
    levels: Annotated[list[str] | None, typer.Option(help="Countries whose parts get columns too, e.g. BE.")] = None,
    as_of: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="The law on that day.")] = None,
    jobs: Annotated[int | None, typer.Option(min=0, help="Worker processes; 0: one per core.")] = None,
    engine: Annotated[
        Engine | None, typer.Option(help="Where the work is done: processes here, or a Dask cluster's workers.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="The cluster's scheduler, e.g. tcp://10.0.0.5:8786.")
    ] = None,
    fast: Fast = False,
    thorough: Thorough = False,
    model: ModelFolder = None,
    decisions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.jsonl", help="Reviewers' decisions that the table follows, instead of the review's."
        ),
    ] = None,
    database: Database = None,
    cache: Annotated[
        str | None, typer.Option(metavar="PLACE", help="Where results are kept; OUT/.cache where not given.")
    ] = None,
    watch: Annotated[bool, typer.Option(help="Go on: read PDFs as they are dropped into the corpus.")] = False,
) -> None:
    """Run the whole pipeline over a corpus and compile the table."""
    with _told():
        codes = [_code(name) for name in jurisdiction or ()]
        overrides = _setting(fast, thorough, model)
        chosen = {"jobs": jobs, "engine": engine and engine.value, "scheduler": scheduler}
        overrides["run"] = {name: value for name, value in chosen.items() if value is not None}
        table: dict[str, Any] = {"levels": list(dict.fromkeys(_code(name) for name in levels))} if levels else {}
        if as_of:
            table["as_of"] = as_of
        if codes:
            table["jurisdictions"] = list(dict.fromkeys(code.partition("-")[0] for code in codes))
        if table:
            overrides["table"] = table
        settings, codebook = _settings(config, **overrides)
        _check_engine(settings, scheduler)
        order = Order(Places.of(corpus, output, cache), settings, codebook, codes, decisions, database)
        raise typer.Exit(run_watching(order) if watch else run_once(order).exit_code)


def _check_engine(config: Config, scheduler: str | None) -> None:
    """Raises UsageError where engine and scheduler don't go together; `scheduler`: the one given to the command."""
    if config.run.engine == "dask" and not config.run.scheduler:
        raise UsageError(
            "--engine dask needs the address of a cluster's scheduler.",
            "start one with 'dask scheduler' on one machine and 'dask worker tcp://THAT_MACHINE:8786' on each that "
            "works, then 'policy-scan run --engine dask --scheduler tcp://THAT_MACHINE:8786' (docs/cluster.md).",
        )
    if scheduler and config.run.engine != "dask":
        raise UsageError(f"The scheduler {scheduler} is for a cluster.", "add --engine dask, or leave it out.")


def _code(name: str) -> str:
    code = normalise(name)
    if code is None:
        raise UsageError(f"'{name}' is no jurisdiction.", "give ISO 3166 codes such as FR, BE or BE-VLG, or EU.")
    return code


@contextmanager
def _as_reviewed(output: Path, database: str | None) -> Iterator[RunData]:
    """A run with what reviewers recorded since, for as long as it is read."""
    from .report.common import load_run
    from .reviewing import load_reviewed

    followed = review_of(output, database)
    if followed is None:
        yield load_run(output)
        return
    err.print(f"The report follows {followed}", markup=False, soft_wrap=True)
    with load_reviewed(output, followed.decisions, followed.amendments) as run:
        yield run


@app.command()
def status(output: Output = OUTPUT, database: Database = None) -> None:
    """What is done, what is stale, what failed and why."""
    with _told():
        from .inspection import print_status

        folder = fetched(Place.of(output))
        print_status(out, folder)
        followed = review_of(folder, database)
        if followed is not None:
            from .reviewing import follows

            if follows(folder, followed.decisions, followed.amendments):
                out.print(f"The table follows {followed}.", markup=False, soft_wrap=True)
            else:
                said = f"Stale: the table doesn't follow all {followed}. Next: policy-scan run (an export follows them)"
                out.print(said, markup=False, soft_wrap=True)


@app.command()
def show(
    identifier: Annotated[
        str, typer.Argument(metavar="ID", help="A document, provision (first digits do) or cell (THEME:FR).")
    ],
    output: Output = OUTPUT,
) -> None:
    """One document, provision or cell, with its evidence."""
    with _told():
        from .inspection import print_one

        print_one(out, fetched(Place.of(output)), identifier)


@app.command()
def text(
    file: Annotated[Path, typer.Argument(help="A PDF.")],
    page: Annotated[int | None, typer.Option(min=1, help="Only this page.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One block per line, all kinds, with boxes.")] = False,
    picture: Annotated[
        Path | None,
        typer.Option(help="Draw the page (by default the first) as understood: a PNG.", callback=on_this_machine),
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Print the body text of a PDF in reading order, furniture left out."""
    with _told():
        from .picture import draw_page
        from .reading import read_file
        from .records import FURNITURE_KINDS

        read = read_file(file, load_config(config))
        pages = [p for p in read.pages if page is None or p.page == page]
        if not pages:
            raise UsageError(f"{file} has no page {page}: it has {len(read.pages)}.", "give a page that it has.")
        for issue in read.issues:
            if issue.severity != "info" and (page is None or issue.page in (None, page)):
                where = f"page {issue.page}: " if issue.page else ""
                err.print(f"! {where}{issue.message} → {issue.next_step}", markup=False, soft_wrap=True)
        numbers = {p.page for p in pages}
        blocks = [block for block in read.blocks if block.page in numbers]
        if as_json:
            for block in blocks:
                row = {name: getattr(block, name) for name in ("page", "block", "kind", "text", "x0", "y0", "x1", "y1")}
                row |= {"size": block.size, "level": block.level}
                _write(json.dumps(row, ensure_ascii=False) + "\n")
        elif not picture:
            _write("\n\n".join(block.text for block in blocks if block.kind not in FURNITURE_KINDS) + "\n")
        if picture:
            draw_page(file.read_bytes(), pages[0].page, read.blocks, load_config(config), picture)
            err.print(f"Page {pages[0].page} is drawn in {picture}", markup=False, soft_wrap=True)
        if all(p.status == "failed" for p in pages):
            raise typer.Exit(3)


def _write(text: str) -> None:
    """Results as UTF-8, whatever the console's encoding."""
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


def _read_rows(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    """A CSV's rows. Raises UsageError when it can't be read or a column is missing."""
    csv.field_size_limit(2**31 - 1)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            rows = [{key: value or "" for key, value in row.items() if key} for row in reader]
    except FileNotFoundError:
        raise UsageError(f"{path} doesn't exist.", "check the path.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} is no CSV in UTF-8: {error}.", "save it as 'CSV UTF-8'.") from None
    missing = [name for name in needed if name not in (reader.fieldnames or ())]
    if missing:
        raise UsageError(f"{path} has no column '{missing[0]}'.", f"it needs the columns {', '.join(needed)}.")
    return rows


def _write_rows(path: Path, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    import io

    from .tables import csv_value, write_atomic

    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([csv_value(value) for value in row] for row in rows)
    write_atomic(path, text.getvalue().encode("utf-8-sig"))
    err.print(f"{len(rows)} rows in {path}", markup=False, soft_wrap=True)


@app.command()
def language(
    table: Annotated[Path, typer.Argument(metavar="IN.csv", help="Columns id, text.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="id, language, probability.", callback=on_this_machine)
    ],
    config: ConfigFile = None,
) -> None:
    """Tell the language of each text of a CSV (ISO 639-1, `und` when nobody can tell)."""
    with _told():
        from .language import detect

        rows = _read_rows(table, ("id", "text"))
        told = detect([row["text"] for row in rows], load_config(config).languages.detector)
        _write_rows(
            output,
            ("id", "language", "probability"),
            [(row["id"], code, round(probability, 4)) for row, (code, probability) in zip(rows, told, strict=True)],
        )


@app.command()
def classify(
    table: Annotated[
        Path, typer.Argument(metavar="IN.csv", help="Columns id, text[, language, doc_type, title, context].")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="One row per id and theme.", callback=on_this_machine)],
    fast: Fast = False,
    thorough: Thorough = False,
    model: ModelFolder = None,
    config: ConfigFile = None,
) -> None:
    """Code each text of a CSV: themes, probabilities, force, evidence."""
    with _told():
        from .classifier.rows import COLUMNS, classify_rows

        settings, codebook = _settings(config, **_setting(fast, thorough, model))
        rows = _read_rows(table, ("id", "text"))
        _write_rows(output, COLUMNS, classify_rows(rows, settings, codebook))


@app.command()
def train(
    gold: Annotated[list[Path], typer.Option(help="A CSV of coded passages; may be given several times.")],
    model: Annotated[Path, typer.Option(help="Folder to write the model to.", callback=on_this_machine)],
    run_folder: Annotated[
        str | None, typer.Option("--run", metavar="PLACE", help="The run that reviewers decided on.")
    ] = None,
    decisions: Annotated[
        Path | None,
        typer.Option(metavar="FILE.jsonl", help="Decisions to learn from, instead of those of the run's review."),
    ] = None,
    database: Database = None,
    weight: Annotated[
        float, typer.Option(min=0.01, max=100, help="What a reviewed provision counts beside a coded passage.")
    ] = 1.0,
    config: ConfigFile = None,
) -> None:
    """Fit the classifier on coded passages and reviewers' decisions, and say what they change."""
    with _told():
        from .classifier.train import train_model

        def tell(line: str) -> None:
            err.print(line, markup=False)

        if run_folder is None and decisions is not None:
            raise UsageError("--decisions needs --run.", "say which run they are about.")
        given: Path | Sequence[Decision] | None = decisions
        folder = None if run_folder is None else fetched(Place.of(run_folder))
        if folder is not None and decisions is None:
            followed = review_of(folder, database)
            if followed is None:
                raise UsageError(
                    f"Nobody has reviewed {run_folder} yet.", "start 'policy-scan review', or give --decisions."
                )
            err.print(f"Learning from {followed}", markup=False, soft_wrap=True)
            given = followed.decisions
        settings, codebook = _settings(config)
        if len(gold) == 1 and run_folder is None:
            report = train_model(gold[0], model, settings, codebook, tell)
            out.print(str(report), markup=False, soft_wrap=True)
            return
        from .changes import as_text, train_and_compare

        source = (folder, given) if folder and given else None
        report, changes = train_and_compare(gold, model, settings, codebook, source, weight, tell)
        out.print(str(report), markup=False, soft_wrap=True)
        out.print(as_text(changes), markup=False, soft_wrap=True)


@app.command()
def evaluate(
    gold: Annotated[Path | None, typer.Option(help="A CSV of coded passages.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Figures as JSON on stdout.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Folder for the report (HTML and JSON).", callback=on_this_machine),
    ] = None,
    run_folder: Annotated[
        str | None, typer.Option("--run", metavar="PLACE", help="A reviewed run: estimates from its random samples.")
    ] = None,
    database: Database = None,
    fast: Fast = False,
    thorough: Thorough = False,
    model: ModelFolder = None,
    config: ConfigFile = None,
) -> None:
    """Measure the classifier, with n and 95 % interval: on coded passages per theme, language and document type, and
    in a run by what reviewers decided of random samples.
    """
    with _told():
        from .classifier.model import model_folder
        from .evaluate import as_json_text, as_text, evaluate_gold, write_report

        estimated = None
        if run_folder is not None:
            from .review.figures import estimates_of

            estimated = estimates_of(folder_of(run_folder, database), database)
        if gold is None:
            if estimated is None:
                raise UsageError("There is nothing to measure on.", "give --gold FILE.csv, --run FOLDER, or both.")
            _write((estimated.as_json() if as_json else estimated.as_text()) + "\n")
            return
        settings, codebook = _settings(config, **_setting(fast, thorough, model))
        evaluation = evaluate_gold(
            gold,
            settings,
            codebook,
            lambda line: err.print(line, markup=False),
            model_folder(settings.codings.model),
        )
        if output:
            for path in write_report(evaluation, output):
                err.print(f"Report: {path}", markup=False, soft_wrap=True)
        if estimated is None:
            _write((as_json_text(evaluation) if as_json else as_text(evaluation)) + "\n")
        elif as_json:
            content = json.loads(as_json_text(evaluation)) | json.loads(estimated.as_json())
            _write(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
        else:
            _write(f"{as_text(evaluation)}\n\n{estimated.as_text()}\n")


@app.command()
def export(
    kind: Annotated[
        str,
        typer.Option(
            "--format",
            help="csv, parquet, xlsx, html, docx, pdf, figures, csl, bibtex, datapackage or qdpx.",
        ),
    ],
    output_run: Output = OUTPUT,
    language: Annotated[str | None, typer.Option(help="en, fr, nl, de, el or ro.")] = None,
    path: Annotated[Path | None, typer.Option("-o", help="File or folder to write.", callback=on_this_machine)] = None,
    against: Annotated[
        str | None, typer.Option(metavar="OUT_A", help="xlsx: an earlier run; adds a sheet of what changed since.")
    ] = None,
    database: Database = None,
) -> None:
    """Write the table and its evidence in another format."""
    with _told():
        from .publishing import workplace
        from .report import FORMATS, STEM, SUFFIXES, export_run
        from .report.common import load_run, lost_pdfs

        place = Place.of(output_run)
        run_folder = fetched(place)
        with _as_reviewed(run_folder, database) as data, workplace(place) as folder:
            # What is compiled for a report stands in a folder of its own: the report goes where the run is.
            sent = path is None and not place.is_local
            if path is None and kind in FORMATS:
                own = folder if sent else Path(output_run)
                path = own / f"{STEM}{SUFFIXES.get(kind, f'.{kind}')}"
            data = replace(data, absolute_links=sent)
            earlier = load_run(fetched(Place.of(against))) if against else None
            for written in export_run(data, kind, language or data.config.table.language, path, earlier):
                told = str(written)
                if sent:
                    name = written.relative_to(folder).as_posix()
                    place.upload(name, written)
                    told = str(place.below(name))
                out.print(told, markup=False, soft_wrap=True)
            if lost := len(lost_pdfs(data)):
                said = (
                    f"! {lost} of {len(data.documents)} PDFs are no longer in {data.corpus}: links to them lead nowhere"
                )
                err.print(said, markup=False, soft_wrap=True)
                err.print("    → put them back, or run 'policy-scan run' on the corpus where it is now.", markup=False)


@app.command()
def diff(
    before: Annotated[str, typer.Argument(metavar="OUT_A", help="Folder or address of the earlier run.")],
    after: Annotated[str, typer.Argument(metavar="OUT_B", help="Folder or address of the later run.")],
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON on stdout.")] = False,
    language: Annotated[str | None, typer.Option(help="en, fr, nl, de, el or ro.")] = None,
) -> None:
    """What changed between two runs, cell by cell, and why."""
    with _told():
        from .difference import compare_runs
        from .report.common import check_language, load_run
        from .report.differences import as_json as json_of
        from .report.differences import print_comparison

        if language:
            check_language(language)
        later = load_run(fetched(Place.of(after)))
        spoken = language or later.config.table.language
        comparison = compare_runs(load_run(fetched(Place.of(before))), later, spoken)
        if as_json:
            _write(json_of(comparison))
        else:
            print_comparison(out, comparison, later, spoken)


@app.command()
def doctor() -> None:
    """What is installed, what is missing, and the command that mends it."""
    with _told():
        from .inspection import print_doctor

        raise typer.Exit(print_doctor(out))


def _expanded(arguments: Sequence[str]) -> list[str]:
    """`--jurisdiction FR BE` as `--jurisdiction FR --jurisdiction BE`: an option may take several codes."""
    expanded: list[str] = []
    listing = ""
    for argument in arguments:
        if argument.startswith("-"):
            listing = argument if argument in ("--jurisdiction", "--levels") else ""
            expanded.append(argument)
        elif listing and expanded[-1] != listing:
            expanded += [listing, argument]
        else:
            expanded.append(argument)
    return expanded


def main() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    app(args=_expanded(sys.argv[1:]), prog_name="policy-scan")


if __name__ == "__main__":
    main()

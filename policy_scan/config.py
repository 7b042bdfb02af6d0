"""The configuration: one YAML file, frozen, validated, unknown keys refused with the nearest known one.

A project's file may set only what it changes; everything else keeps the value of `configs/default.yaml`.
Each stage sees, and is keyed on, the sections that `pipeline.py` names for it.
"""

from __future__ import annotations

import difflib
from contextlib import suppress
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from .errors import ConfigError
from .jurisdictions import country_of, normalise

_PACKAGE = Path(__file__).parent


def shipped(name: str) -> Path:
    """A file of `configs/`: inside the installed package, or beside it in a checkout. Raises ConfigError."""
    for folder in (_PACKAGE / "configs", _PACKAGE.parent / "configs"):
        if (folder / name).is_file():
            return folder / name
    raise ConfigError(f"The shipped file configs/{name} is missing.", "install policy-scan again: pip install .")


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class TableSection(Section):
    jurisdictions: tuple[str, ...] = Field(min_length=1)
    """Columns of the state of play, in order."""
    language: Literal["en", "fr", "nl", "de", "el", "ro"]
    """Language of names and statuses on the screen and in reports."""

    levels: tuple[str, ...] = ()
    """Countries whose parts found in the corpus, and whose national level, have columns of their own beside them."""
    as_of: str | None = None
    """YYYY-MM-DD: the law on that day; None: legal statuses as the corpus gives them."""

    @field_validator("jurisdictions", "levels", mode="before")
    @classmethod
    def _as_tuple(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @field_validator("levels")
    @classmethod
    def _are_countries(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for code in value:
            if normalise(code) != code or country_of(code) != code:
                raise ValueError(f"'{code}' is no country: give a code such as BE")
        return value

    @field_validator("as_of", mode="before")
    @classmethod
    def _is_day(cls, value: object) -> object:
        text = value.isoformat() if isinstance(value, date) else value
        if isinstance(text, str):
            try:
                if date.fromisoformat(text).isoformat() != text:
                    raise ValueError
            except ValueError:
                raise ValueError("no day of the calendar: write it as YYYY-MM-DD") from None
        return text


class ReadingSection(Section):
    tables: bool
    """Read ruled tables cell by cell, on pages whose ruling lines form a grid."""
    furniture_pages: int = Field(ge=2)
    """A line that stands at the same place on this many pages may be furniture."""


class OcrSection(Section):
    enabled: bool
    dpi: int = Field(ge=100, le=600)
    min_letters: int = Field(ge=0)
    """A page with fewer letters than this in its text layer, and an image on it, is read by OCR."""
    seconds_per_page: float = Field(gt=0)


class LanguagesSection(Section):
    detector: Literal["py3langid", "langdetect"]
    min_letters: int = Field(ge=0)
    """Below this many letters the detector abstains and the block takes its neighbours' language."""


class ProvisionsSection(Section):
    max_characters: int = Field(ge=400)
    """A paragraph longer than this is cut at its sentences or points."""
    min_characters: int = Field(ge=0)
    """Shorter unlabelled paragraphs are joined to the next one."""


class CodingsSection(Section):
    setting: Literal["fast", "thorough"]
    model: str = ""
    """Folder of a model of your own, made by `policy-scan train`; '' = the one that ships."""
    unsure_band: float = Field(ge=0, lt=0.5)
    """Codings whose probability lies this close to the theme's threshold are called unsure."""


class CellsSection(Section):
    threshold: float = Field(ge=0, le=1)
    """A coding supports a cell from this probability on (or from the theme's own, where the model gives one)."""


class RunSection(Section):
    jobs: int = Field(ge=0)
    """Worker processes; 0 = one per core this process may use."""
    seconds_per_document: float = Field(gt=0)
    pages_per_document: int = Field(gt=0)
    megabytes_per_file: int = Field(gt=0)
    megabytes_per_worker: int = Field(ge=500)
    """Memory that a worker process may ask for; a document that needs more fails."""
    engine: Literal["processes", "dask"]
    """Where documents are worked on: processes of this machine, or workers of a Dask cluster."""
    scheduler: str
    """Address of the cluster's scheduler, such as tcp://10.0.0.5:8786."""
    seconds_without_workers: float = Field(gt=0)
    """How long a run waits for a worker of the cluster before it gives up."""


class Config(Section):
    table: TableSection
    reading: ReadingSection
    ocr: OcrSection
    languages: LanguagesSection
    provisions: ProvisionsSection
    codings: CodingsSection
    cells: CellsSection
    run: RunSection
    codebook: str
    """A codebook file: a path relative to the configuration file, or a name in the shipped configs/."""
    lexicon: str

    def slice(self, *sections: str) -> dict[str, Any]:
        """The named sections, or single values of them ('run.pages_per_document'), as plain values for a cache key."""
        whole = self.model_dump(mode="json")
        named = [(name, *name.split(".")) for name in sections]
        return {name: whole[section][key[0]] if key else whole[section] for name, section, *key in named}


def _nearest(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.4)
    return f"did you mean '{close[0]}'?" if close else f"known keys: {', '.join(sorted(known))}."


def _known_keys(path: tuple[Any, ...]) -> list[str]:
    model: Any = Config
    for part in path:
        field = model.model_fields.get(part)
        model = field.annotation if field else None
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return []
    return list(model.model_fields)


def _explain(error: ValidationError, where: str) -> ConfigError:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        hint = _nearest(str(first["loc"][-1]), _known_keys(first["loc"][:-1]))
        return ConfigError(f"{where}: unknown key '{key}'.", hint)
    return ConfigError(f"{where}: {key}: {first['msg']} (found {first['input']!r}).", "correct that value.")


def _parsed(text: str) -> Any:
    """YAML read by libyaml where it is there, ten times as fast, and again in Python for its clearer messages."""
    with suppress(yaml.YAMLError):
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # both make plain values only
    return yaml.safe_load(text)


def read_yaml(path: Path) -> Any:
    """A YAML file's content. Raises ConfigError that names file, line and column."""
    try:
        return _parsed(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"{path} doesn't exist.", "check the path.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} can't be read: {error}.", "save it as UTF-8 text.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not YAML"
        raise ConfigError(f"{path}{place}: {problem}.", "correct the file's indentation or quotes there.") from error
    except ValueError as error:  # an unquoted date such as 2024-02-30
        raise ConfigError(f"{path} holds no day of the calendar: {error}.", "write it as YYYY-MM-DD.") from error


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


@cache
def _defaults() -> dict[str, Any]:
    values: dict[str, Any] = read_yaml(shipped("default.yaml"))
    return values


def load_config(path: Path | None = None, overrides: dict[str, Any] | None = None) -> Config:
    """The default configuration with a project's file and the command line's overrides over it.

    Raises ConfigError naming the key and the file.
    """
    values, where = _defaults(), "configs/default.yaml"
    if path is not None:
        own = read_yaml(path) or {}
        if not isinstance(own, dict):
            raise ConfigError(f"{path} is not a mapping of sections.", "start from configs/default.yaml.")
        values, where = _merge(values, own), str(path)
        for name in ("codebook", "lexicon"):
            if isinstance(own.get(name), str) and (path.parent / own[name]).is_file():
                values[name] = str((path.parent / own[name]).resolve())
        model = own["codings"].get("model") if isinstance(own.get("codings"), dict) else None
        if isinstance(model, str) and model and (path.parent / model).is_dir():
            values["codings"] = {**values["codings"], "model": str((path.parent / model).resolve())}
    try:
        return Config.model_validate(_merge(values, overrides or {}))
    except ValidationError as error:
        raise _explain(error, where) from None


def resource(name: str) -> Path:
    """A codebook or lexicon named by the configuration: an existing path, or a file of the shipped configs/."""
    path = Path(name)
    return path if path.is_file() else shipped(name)

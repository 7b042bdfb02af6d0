"""The codebook: themes, forces and statuses, with their names and rules, from a YAML file that researchers may change.

A theme is switched off by `enabled: false`, added by a new entry, renamed by its names; its key is its identity.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from .config import read_yaml, resource
from .errors import ConfigError
from .keys import make_key
from .records import CELL_STATUSES, FORCES

_KEY = re.compile(r"[a-z][a-z0-9_]*")


class Theme(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    name: dict[str, str]
    code_when: str
    not_when: str = ""
    enabled: bool = True
    cues: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Language -> terms; a theme without coded passages is coded from these alone."""
    code_when_in: dict[str, str] = Field(default_factory=dict)
    """The rule in other languages than English, for those who read it: language -> text. So `not_when_in`."""
    not_when_in: dict[str, str] = Field(default_factory=dict)

    @field_validator("name", mode="before")
    @classmethod
    def _unquoted_commas(cls, value: object) -> object:
        """In `{en: Once-only, data exchange}` YAML reads the second part as a key without a value: join it again."""
        if not isinstance(value, dict):
            return value
        names: dict[object, object] = {}
        last: object = None
        for key, text in value.items():
            if text is None and isinstance(names.get(last), str):
                names[last] = f"{names[last]}, {key}"
            else:
                names[key], last = text, key
        return names

    def label(self, language: str) -> str:
        return self.name.get(language) or self.name["en"]

    def rule(self, language: str) -> tuple[str, str]:
        """When to code the theme and when not, in `language` where the codebook has it so, else in English."""
        when, unless = (own.get(language) for own in (self.code_when_in, self.not_when_in))
        return (when or self.code_when).strip(), (unless or self.not_when).strip()


class Codebook(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    version: int | str
    themes: dict[str, Theme]
    force: dict[str, str]
    status: dict[str, str]
    force_names: dict[str, dict[str, str]] = Field(default_factory=dict)
    status_names: dict[str, dict[str, str]] = Field(default_factory=dict)
    force_meanings: dict[str, dict[str, str]] = Field(default_factory=dict)
    """Key -> language -> what `force` says of it in English. So `status_meanings`."""
    status_meanings: dict[str, dict[str, str]] = Field(default_factory=dict)

    @property
    def active(self) -> tuple[str, ...]:
        """Keys of the themes that are coded, in the codebook's order."""
        return tuple(key for key, theme in self.themes.items() if theme.enabled)

    def key(self) -> str:
        """What results depend on: themes, cues and rules, not the version number alone, nor what reports call them."""
        wording = {"force_names", "status_names", "force_meanings", "status_meanings"}
        content = self.model_dump(mode="json", exclude=wording)
        for theme in content["themes"].values():
            for shown in ("name", "code_when_in", "not_when_in"):
                del theme[shown]
        return make_key(content)

    def status_name(self, status: str, language: str) -> str:
        return _said(self.status_names, status, language) or status.replace("_", " ")

    def force_name(self, force: str, language: str) -> str:
        return _said(self.force_names, force, language) or force

    def status_meaning(self, status: str, language: str) -> str:
        """What a status says, in `language` where the codebook has it so, else in English."""
        return self.status_meanings.get(status, {}).get(language) or self.status[status]

    def force_meaning(self, force: str, language: str) -> str:
        return self.force_meanings.get(force, {}).get(language) or self.force[force]


def _said(names: Mapping[str, Mapping[str, str]], key: str, language: str) -> str:
    """A name in `language`, else in English, else ''."""
    own = names.get(key, {})
    return own.get(language) or own.get("en", "")


def load_codebook(name: str | Path) -> Codebook:
    """Read a codebook. Raises ConfigError that names the key at fault."""
    path = resource(str(name))
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise ConfigError(f"{path} is no codebook.", "start from configs/codebook.yaml.")
    try:
        book = Codebook.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{path}: {key}: {first['msg']}.", "compare with configs/codebook.yaml.") from None
    for key, theme in book.themes.items():
        if not _KEY.fullmatch(key):
            raise ConfigError(f"{path}: theme '{key}' is no identifier.", "use small letters, digits and '_'.")
        if "en" not in theme.name:
            raise ConfigError(f"{path}: theme '{key}' has no English name.", "add name: {en: …}.")
    if not book.active:
        raise ConfigError(f"{path}: every theme is switched off.", "enable at least one theme.")
    for what, found, needed in (("force", book.force, FORCES), ("status", book.status, CELL_STATUSES)):
        if set(found) != set(needed):
            odd = ", ".join(sorted(set(found) ^ set(needed)))
            raise ConfigError(f"{path}: {what} must name exactly {', '.join(needed)} (at fault: {odd}).", "correct it.")
    return book

"""Why the machine proposed a theme: what weighed most in the linear model, in the words of the text."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from ..errors import PolicyScanError
from ..report.common import printable
from ..stages.codings import as_passage
from .project import Project

if TYPE_CHECKING:
    from ..classifier.explain import Explainer

_QUOTED = re.compile(r"“[^”]*”")
_explainers: WeakKeyDictionary[Project, Explainer | None] = WeakKeyDictionary()
_lock = threading.Lock()


def _explainer(project: Project) -> Explainer | None:
    """Loaded at the first question: None where the model that coded the run isn't there any more."""
    if project not in _explainers:
        from ..classifier.explain import Explainer

        found: Explainer | None = None
        try:
            found = Explainer(project.run.config, project.run.codebook)
        except PolicyScanError:
            found = None
        versions = {coding.model_version.partition("+")[0] for coding in project.run.codings[:1]}
        same = found is not None and found.model.version in versions
        _explainers[project] = found if same else None
    return _explainers[project]


def reasons_of(project: Project, provision_id: str, language: str) -> dict[str, list[str]]:
    """Proposed theme -> what spoke for it, strongest first. In other languages than English only the text's own words:
    the names of concepts and features are English. {} where the model that coded the run isn't at hand.
    """
    provision = project.provisions[provision_id]
    passage = as_passage(project.documents[provision.doc_id], provision)
    with _lock:
        explainer = _explainer(project)
        if explainer is None:
            return {}
        found = {theme: explainer.reasons(passage, theme).spoke_for for theme in project.assigned[provision_id]}
    return {theme: _said(spoke, language) for theme, spoke in found.items()}


def _said(spoke_for: tuple[str, ...], language: str) -> list[str]:
    if language == "en":
        return [printable(reason) for reason in spoke_for]
    return list(dict.fromkeys(word for reason in spoke_for for word in _QUOTED.findall(printable(reason))))

"""A sheet filled in offline, given back in the browser: its own reviewer's decisions, and no others."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, File, Request, UploadFile
from starlette.responses import Response

from ..translation import translations
from .context import context_of, language_of, render, viewer_of
from .security import CODERS, allow
from .sheet_import import import_sheet

router = APIRouter()
MOST_SHOWN = 500


@router.post("/sheet")
@allow(CODERS)
def take_in(request: Request, file: Annotated[UploadFile, File()]) -> Response:
    """Record what the sheet decides, and list what was not taken in. The name of the file isn't used."""
    context, viewer, t = context_of(request), viewer_of(request), translations(language_of(request))
    project = context.project()
    with tempfile.TemporaryDirectory(prefix="policy-scan-") as folder:
        sheet = Path(folder) / "sheet.xlsx"
        sheet.write_bytes(file.file.read())
        taken = import_sheet(sheet, project, context.store, viewer.name, shown=t.gettext("The file"))
    counts = [
        (t.gettext("New decisions"), len(taken.new) - taken.n_withdrawn),
        (t.gettext("Taken back"), taken.n_withdrawn),
        (t.gettext("On record already"), taken.n_known),
        (t.gettext("Rows without a verdict"), taken.n_empty),
        (t.gettext("Rows not taken in"), len(taken.refused)),
    ]
    return render(request, "taken.html", counts=counts, refused=taken.refused[:MOST_SHOWN], n=len(taken.refused))

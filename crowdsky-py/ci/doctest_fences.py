"""For griffe: `>>>` in a docstring is code. Markdown would take it for a quotation of a quotation of a quotation."""

from __future__ import annotations

import re
from typing import Any

import griffe

# From `>>>` to the next empty line.
_SESSION = re.compile(r"^>>> .*(?:\n.+)*", re.MULTILINE)


class DoctestFences(griffe.Extension):
    """Fences the sessions of doctest."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Is called for whatever was read."""
        if obj.docstring is not None:
            obj.docstring.value = _SESSION.sub(lambda session: f"```pycon\n{session[0]}\n```", obj.docstring.value)

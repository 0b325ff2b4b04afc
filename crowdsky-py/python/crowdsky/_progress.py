"""Telling people how far it is."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias, Union

Told: TypeAlias = Callable[[str, int, int], Any]
"""Is called with the stage (`headers`, `frames`, `register`, `combine`, `catalogue`), what is done, and how much there is."""

Progress: TypeAlias = Union[Told, bool, None]
"""A function; True for a bar of tqdm, if that is installed."""


@contextmanager
def telling(progress: Progress) -> Iterator[Told | None]:
    """What `_core` is to call."""
    if callable(progress):
        yield progress
        return
    if not progress:
        yield None
        return
    try:
        from tqdm.auto import tqdm
    except ImportError:
        warnings.warn("no progress is shown without tqdm: pip install tqdm", stacklevel=4)
        yield None
        return
    with tqdm(total=0, unit="", leave=False) as bar:

        def tell(stage: str, done: int, total: int) -> None:
            if bar.desc != f"{stage}: ":
                # Time left is that of the stage: frames are read faster than the tiles of the stack are made.
                bar.set_description(stage, refresh=False)
                bar.reset(total)
            # Not `refresh`: what is drawn a hundred times a second flickers, and takes time.
            bar.update(done - bar.n)

        yield tell

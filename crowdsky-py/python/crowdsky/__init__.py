"""Stacks raw frames of ZWO Seestar telescopes into calibrated, aligned pictures with honest noise.

    import crowdsky
    stack = crowdsky.stack("MyWorks/M 94_sub")
    stack.write("m94.fits")
"""

from ._core import ChunkKey, __version__
from ._errors import CrowdskyError, FitsError, StackError
from ._groups import Chunk, Grouping, group_frames, healpix
from ._header import Card, Header, inspect, read_header, read_image
from ._stack import Planes, Stack, stack

__all__ = [
    "Card",
    "Chunk",
    "ChunkKey",
    "CrowdskyError",
    "FitsError",
    "Grouping",
    "Header",
    "Planes",
    "Stack",
    "StackError",
    "__version__",
    "group_frames",
    "healpix",
    "inspect",
    "read_header",
    "read_image",
    "stack",
]

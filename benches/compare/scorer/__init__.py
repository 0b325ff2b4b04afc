"""Measures a stack of a simulated night against the night's truth. README.md beside this file defines every figure."""

from scorer.figures import score

__all__ = ["score"]

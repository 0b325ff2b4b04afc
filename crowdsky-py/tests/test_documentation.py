"""The examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import crowdsky
import pytest

MODULES = [module.name for module in pkgutil.walk_packages(crowdsky.__path__, "crowdsky.") if not module.name.endswith("__main__")]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name, frames, night):
    failed, _ = doctest.testmod(importlib.import_module(name), extraglobs={"frame": frames[0], "night": night})
    assert failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder()
    tests = [test for name in MODULES for test in finder.find(importlib.import_module(name)) if test.examples]
    assert {"crowdsky._stack.stack", "crowdsky._header.read_header"} <= {test.name for test in tests}


def test_every_public_name_is_described():
    for name in crowdsky.__all__:
        if not name.startswith("__"):
            assert getattr(crowdsky, name).__doc__, name

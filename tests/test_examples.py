"""The examples in docstrings run, and come to what they show."""

import doctest
import importlib
import pkgutil

import pytest

import replication

MODULES = [
    each.name
    for each in pkgutil.walk_packages(replication.__path__, "replication.")
    if not each.name.endswith(".__main__")
]
MEASURING = [name for name in MODULES if name.startswith("replication.metrics.")]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_hold(name):
    found = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)

    assert not found.failed


@pytest.mark.parametrize("name", ["replication.losses", *MEASURING])
def test_what_measures_shows_how_it_is_called(name):
    finder = doctest.DocTestFinder(exclude_empty=True)

    assert any(each.examples for each in finder.find(importlib.import_module(name)))

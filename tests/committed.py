"""The report of everything committed: one for all tests of a process, none of which changes it."""

import functools

from replication.claims.check import check
from replication.runner import settings

WHERE = settings.RESULTS, settings.DOCUMENTS, settings.SENTENCES  # before any test replaces one


@functools.cache
def report():
    """What `make check` judges of the committed files."""
    results, documents, sentences = WHERE
    return check(None, results, documents=documents, sentences=sentences)

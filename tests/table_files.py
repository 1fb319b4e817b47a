"""Tables of results as a test needs them: a run at a time, or a table as it is told."""

from functools import partial
from pathlib import Path

import pandas as pd

from replication import results
from replication.results.files import locked
from replication.results.schema import (
    HISTORY,
    MEASUREMENTS,
    METRICS,
    render_provenance,
    render_table,
)


def record(root, slug, *, history=None, **run):
    """Puts a run into the tables of `<root>/<slug>`, in place of an earlier one of its name.

    `history` has columns epoch, quantity and value; the rest is that of `results.Run`.
    """
    columns = ["epoch", "quantity", "value"]
    history = pd.DataFrame(columns=columns) if history is None else history
    epochs = [
        dict(zip(rows["quantity"], rows["value"], strict=True))
        for _, rows in history.groupby("epoch")
    ]
    new = results.Run(history=epochs, **run)
    with locked(Path(root)):
        results._merge(Path(root), slug, results._Rows.of([new]), {new.name})


def forget(root, slug, experiment, seed):
    """Removes one run of profile full from the tables."""
    nothing = results._Rows.of([])
    results._merge(Path(root), slug, nothing, {f"{experiment}/full/{seed}"})


def _write(table, root, slug, frame):
    path = Path(root) / slug / table.file_name
    results.write_text(path, render_table(table, frame, str(path)))


write_measurements = partial(_write, MEASUREMENTS)
write_metrics = partial(_write, METRICS)
write_history = partial(_write, HISTORY)


def write_provenance(root, slug, runs):
    """Writes `provenance.json` as it is told."""
    path = Path(root) / slug / "provenance.json"
    results.write_text(path, render_provenance(runs, str(path)))

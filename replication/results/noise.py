"""Machine noise: what the same runs find under emulated machines, beside what was committed.

`<root>/<slug>/noise.csv` holds one number per machine, experiment, profile, seed and metric. How
far apart the machines are is computed from it by `claims.noise`; nothing but numbers is stored.
"""

from pathlib import Path

import pandas as pd

from replication.results import read_measurements, read_table
from replication.results.files import locked, replace_texts
from replication.results.schema import NOISE, RUN, render_table

__all__ = ["add_machine", "read_noise"]
_KEY = ["machine", *RUN]


def read_noise(root: Path, slug: str | None = None) -> pd.DataFrame:
    """The numbers of emulated machines of one article, or of all; empty where there are none."""
    return read_table(NOISE, Path(root), slug)


def add_machine(root: Path, machine: str, folder: Path) -> list[str]:
    """Takes the runs of an emulated machine from its build folder; returns their names, sorted.

    A run that is there already is replaced whole; others stay.

    Raises:
        ResultsError: If a table, here or there, is malformed.
    """
    taken = []
    for path in sorted((Path(folder) / "results").glob("*/")):
        slug = path.name
        rows = read_measurements(path.parent, slug)
        new = rows[rows["profile"] != "smoke"].assign(machine=machine)[list(NOISE.columns)]
        if not len(new):
            continue
        with locked(Path(root)):
            old = read_noise(root, slug)
            keys = set(new[_KEY].itertuples(index=False, name=None))
            kept = [row not in keys for row in old[_KEY].itertuples(index=False, name=None)]
            frame = pd.concat([old[kept], new]) if any(kept) else new
            target = Path(root) / slug / NOISE.file_name
            replace_texts({target: render_table(NOISE, frame, str(target))})
        taken += ["/".join(map(str, key[1:])) for key in keys]
    return sorted(taken)

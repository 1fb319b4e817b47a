"""What experiments are declared, told without importing Keras.

`experiments.registry` imports every experiment, and with them Keras: five seconds to print a table.
What it said last is kept under `build/`, by a digest of every source file of the package.
"""

import contextlib
import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from replication import experiments, store
from replication.runner import settings

_PACKAGE = Path(experiments.__file__).parents[1]


class Declared(NamedTuple):
    """An experiment, as a table lists it."""

    name: str
    slug: str
    tier: str
    minutes: float
    seeds: int
    metrics: int


def declared() -> list[Declared]:
    """Every declared experiment, in the order of the registry."""
    path = settings.BUILD / "declared" / f"{_digest()}.json"
    try:
        return [Declared(*row) for row in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, TypeError, ValueError):  # nothing, or nothing that can be read
        declarations = [
            Declared(
                each.name, each.slug, each.tier, each.minutes, len(each.seeds), len(each.metrics)
            )
            for each in experiments.registry().values()
        ]
    with contextlib.suppress(store.StoreError):  # then the next call takes five seconds, too
        store.write_atomically(path, json.dumps(declarations).encode())
    return declarations


def _digest() -> str:
    """Of all sources: a declaration may take its seeds or metrics from any of them."""
    sha = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        sha.update(f"{path.relative_to(_PACKAGE)}\0".encode() + path.read_bytes() + b"\0")
    return sha.hexdigest()[:16]

"""What a run says of itself at its end: what was held against what, and how close it came."""

from collections import Counter
from collections.abc import Collection

from replication.claims.numbers import count
from replication.claims.regression import Regression

_DATA = {"full": "the articles' own data", "embedded": "the digits of scikit-learn"}
_NAMED = 3  # upgrades and numbers that a line names


def closing_lines(rows: Collection[Regression]) -> list[str]:
    """Lines that say how today's numbers compare with the committed ones, a profile at a time.

    Nothing is said of numbers that were not run today.
    """
    lines = []
    for profile, data in _DATA.items():
        compared = [row for row in rows if row.profile == profile and row.status != "not run"]
        if compared:
            runs = len({(row.experiment, row.seed) for row in compared})
            lines.append(f"stability on {data}: {count(runs, 'run')} against results/")
            lines += [f"  {line}" for line in _environments(compared)]
    return lines


def _environments(rows: list[Regression]) -> list[str]:
    here = [row for row in rows if not row.elsewhere and row.status != "new"]
    there = [row for row in rows if row.elsewhere]
    new = sum(row.status == "new" for row in rows)
    lines = []
    if here:
        lines.append(f"same environment: {_of(here, 'equal to six digits')}")
    if there:
        held = [row for row in there if row.deviation is not None]
        words = f"another environment ({_why(there)}): "
        words += _of(there, "inside the noise of machines, seeds or rounding")
        if held:
            far = max(held, key=lambda row: abs(row.deviation))
            words += f"; farthest {abs(far.deviation):.1f} sd ({far.experiment}/{far.metric})"
        lines.append(words)
        if together := sum(row.together for row in there):
            lines.append(f"{count(together, 'number')} too far off together, not alone")
    if new:
        lines.append(f"{count(new, 'number')} new: nothing is committed to hold them against")
    return lines


def _of(rows: list[Regression], inside: str) -> str:
    """How many are as they should be, and how many are not."""
    counts = Counter(row.status for row in rows)
    parts = [f"{counts.pop('stable', 0):,} of {len(rows):,} numbers {inside}"]
    return ", ".join(parts + [f"{count:,} {status}" for status, count in sorted(counts.items())])


def _why(rows: list[Regression]) -> str:
    """In what the environments differ: versions first, then what is computed otherwise."""
    changes = sorted({part for row in rows for part in row.upgrades.split(", ") if part})
    kernels = sorted({part for row in rows for part in row.kernels})
    words = changes[:_NAMED] or ([f"other {', '.join(kernels)}"] if kernels else [])
    return "; ".join(words) or "what was committed does not say what it computes"

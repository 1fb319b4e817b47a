"""What there is, by name: the table of experiments, and why a run or a claim stands as it does.

Nothing here imports Keras but `why` of an experiment, which needs today's key.
"""

import difflib
from collections import Counter

from replication import claims, results, runner
from replication.claims.report import told_of_claim
from replication.experiments import ExperimentError, slugs
from replication.runner import settings
from replication.runner.declared import declared


def slug(article: str) -> str:
    """The slug of an article that may be named by its number, as its notebook is.

    >>> slug("05"), slug("5"), slug("clustering")
    ('clustering', 'clustering', 'clustering')
    """
    number = article.partition("_")[0]
    if not number.isascii() or not number.isdigit():
        return article
    known = claims.load().items()
    return next((slug for slug, each in known if each.number == int(number)), article)


def table(article: str | None = None) -> list[str]:
    """A line for every experiment: tier, minutes, seeds committed of those declared, metrics.

    Raises:
        ExperimentError: If there is no such article.
    """
    if article not in (None, *slugs()):
        raise ExperimentError(f"unknown article {article!r}; expected one of {', '.join(slugs())}.")
    done = Counter(name.rsplit("/", 1)[0] for name in results.read_provenance(settings.RESULTS))
    rows = [("experiment", "tier", "minutes a seed", "seeds committed", "metrics")]
    for each in declared():
        seeds = f"{done[f'{each.name}/full']} of {each.seeds}"
        row = (each.name, each.tier, f"{each.minutes:g}", seeds, str(each.metrics))
        rows += [row] if article in (None, each.slug) else []
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for name, tier, *numbers in rows:
        cells = [name.ljust(widths[0]), tier.ljust(widths[1])]
        cells += [each.rjust(width) for each, width in zip(numbers, widths[2:], strict=True)]
        lines.append("  ".join(cells))
    return lines


def why(name: str, *, seed: int | None = None, profile: str | None = None) -> list[str]:
    """Of an experiment, whether a run is stored or what changed; of a claim, its verdict and why.

    A claim is named with or without its article, such as `clustering/mnist-purity`. A run is that
    of the first seed under profile full, if nothing else is asked for.

    Raises:
        ExperimentError: If nothing has that name; says what is near. If a claim is asked about by
            seed or profile.
    """
    experiments = [each.name for each in declared()]
    if name in experiments:
        return runner.explain(name, seed=seed or 0, profile=profile or "full")
    known = [
        f"{article}/{each.id}" for article, one in claims.load().items() for each in one.claims
    ]
    short = [each.partition("/")[2] for each in known]
    if name in known or name in short:
        if (seed, profile) != (None, None):
            raise ExperimentError(
                f"{name} is a claim, judged by all seeds of profile full; leave out --seed and "
                "--profile, which are for runs of an experiment."
            )
        from replication import publish

        report = publish.judge()
        rows = [row for row in report.rows if name in (row.claim.id, f"{row.slug}/{row.claim.id}")]
        return [line for row in rows for line in told_of_claim(report, row)]
    near = difflib.get_close_matches(name, [*experiments, *short, *known], n=3, cutoff=0.5)
    raise ExperimentError(
        f"no experiment and no claim has the name {name!r}. "
        + (f"Did you mean {', '.join(near)}? " if near else "")
        + "`list` prints all experiments, `check` all claims."
    )


def cost_of_all() -> str:
    """Why a sweep must be told of what."""
    hours = sum(each.minutes for each in declared()) / 60
    return (
        f"all {len(declared())} experiments take {hours:.0f} hours a seed on two cores: name some, "
        "such as 'clustering-eq5-*' (`list` prints them), or say '*' for all of them."
    )

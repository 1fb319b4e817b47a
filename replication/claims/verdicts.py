"""The check of everything committed: every claim judged, all problems at once.

`judge` asks whether a published claim holds in our numbers, `regression`
whether today's numbers are the committed ones; the two are never mixed. A
claim that does not replicate is a finding: `check` fails only where files and
numbers disagree with each other. `verdicts.csv` and README's table are rendered
here from committed files alone, so that a stale one can be told.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from replication import results
from replication.claims import Article, Claim, ClaimError, load
from replication.claims.judge import MIN_SEEDS, Interval, Judgement, judge, prediction_interval
from replication.claims.regression import Regression, compare
from replication.results import format_value

__all__ = [
    "Interval",
    "Judgement",
    "Problem",
    "Regression",
    "Report",
    "check",
    "claims_of",
    "compare",
    "format_ours",
    "format_reported",
    "judge",
    "markdown_table",
    "prediction_interval",
    "replace_table",
    "verdicts_frame",
]
README_BEGIN = "<!-- claims:begin -->"
README_END = "<!-- claims:end -->"
OURS = "ours: mean [95 % interval], n"
Judged = Mapping[tuple[str, str], Judgement]  # by (slug, claim id)
_COLUMNS = [
    "article", "claim", "kind", "says", "reported", "mean", "low", "high", "n", "verdict"
]  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """One disagreement between files and numbers: of what, and how to mend it."""

    subject: str
    expected: str
    found: str
    fix: str


@dataclass(frozen=True)
class Report:
    """All claims with their judgement, today's numbers against the committed, and all problems.

    `judgements` is by (slug, claim id); `metrics` is `metrics.csv` of all articles.
    """

    articles: Mapping[str, Article]
    judgements: Mapping[tuple[str, str], Judgement]
    regressions: tuple[Regression, ...]
    problems: tuple[Problem, ...]
    metrics: pd.DataFrame

    @property
    def claims(self) -> list[tuple[str, Claim]]:
        """Every claim with the slug of its article, in reading order."""
        return list(claims_of(self.articles))


@dataclass(frozen=True)
class _Committed:
    """The committed tables of all articles."""

    measurements: pd.DataFrame
    metrics: pd.DataFrame
    provenance: Mapping[str, dict]

    @property
    def full(self) -> pd.DataFrame:
        return self.measurements[self.measurements["profile"] == "full"]


def check(
    claims_dir: Path | None,
    results_root: Path,
    today_root: Path | None = None,
    *,
    readme: Path | None = None,
) -> Report:
    """Judges every claim and collects every problem of the committed files.

    A claim that does not replicate is no problem, if it is signed so.

    Args:
        claims_dir: Where the `<slug>.toml` are; None for the project's own.
        results_root: The committed tables, normally `results`.
        today_root: The tables of this machine, normally `build/results`; None
            compares nothing, so that everything is `not run`.
        readme: A file whose table of claims must be up to date; None for none.

    Raises:
        ClaimError: If a claim file, or README's pair of markers, is malformed.
        ResultsError: If a table is malformed.
    """
    articles, root = load(claims_dir), Path(results_root)
    tables = _Committed(
        results.read_measurements(root), results.read_metrics(root), results.read_provenance(root)
    )
    judgements = {
        (slug, claim.id): judge(claim, tables.full) for slug, claim in claims_of(articles)
    }
    regressions = tuple(_compare_today(tables, today_root))
    problems = [
        *_drift(regressions),
        *_signatures(articles, judgements),
        *_references(articles, tables),
        *_rows(tables),
        *_tolerances(articles, judgements),
        *_stale_verdicts(articles, judgements, root),
        *(_stale_readme(articles, judgements, Path(readme)) if readme is not None else ()),
    ]
    return Report(articles, judgements, regressions, tuple(problems), tables.metrics)


def verdicts_frame(articles: Mapping[str, Article], judgements: Judged) -> pd.DataFrame:
    """One row per claim, as in `verdicts.csv`: `low` and `high` bound the 95 % interval.

    The interval is the prediction interval of one more seed; for an order
    claim that of the mean paired difference, and `mean` is that difference.
    """
    rows = []
    for slug, claim in claims_of(articles):
        found = judgements[slug, claim.id]
        published = claim.reported if claim.expected is None else claim.expected
        numbers = (published, found.mean, found.low, found.high)
        rows.append((slug, claim.id, claim.kind, claim.says, *numbers, found.n, found.verdict))
    return pd.DataFrame(rows, columns=_COLUMNS)


def claims_of(articles: Mapping[str, Article]) -> Iterable[tuple[str, Claim]]:
    """Every claim with the slug of its article, in reading order."""
    return ((slug, claim) for slug, article in articles.items() for claim in article.claims)


def format_reported(claim: Claim) -> str:
    """What the article has for a number: itself, a side, an identity, or a picture."""
    if claim.kind == "value":
        return format_value(claim.reported)
    if claim.kind == "exact":
        return f"{format_value(claim.expected)} ± {format_value(claim.tolerance)}"
    return f"{claim.direction}, by seed" if claim.kind == "order" else "a picture"


def format_ours(claim: Claim, found: Judgement) -> str:
    """Our mean with its 95 % interval and the number of seeds; a difference for order claims.

    >>> format_ours(claim, judge(claim, measurements))  # doctest: +SKIP
    '0.7912 [0.7123, 0.8701], n = 5'
    """
    if claim.kind == "reader":
        return "see notebook"
    if found.mean is None:
        return "no run yet, n = 0"
    if claim.kind == "exact":  # judged seed by seed, at the digits of the tables
        return f"{found.mean:.6g}, n = {found.n}"
    sign = "+" if claim.kind == "order" else ""
    interval = f" [{found.low:{sign}.4g}, {found.high:{sign}.4g}]" if found.n > 1 else ""
    return f"{found.mean:{sign}.4g}{interval}, n = {found.n}"


def format_reference(claim: Claim, found: Judgement) -> str:
    """How later runs are checked against ours: anew on every machine, or not by default."""
    if claim.kind == "reader":
        return "not judged"
    if not found.n:
        return "no reference yet"
    seeds = f"{found.n} seed{'s' * (found.n != 1)}"
    return f"{seeds}, run anew" if claim.core else f"{seeds}, read from results"


def markdown_table(articles: Mapping[str, Article], judgements: Judged) -> str:
    """The table of all claims for README, from committed files alone."""
    names = ("article", "claim", "reported", OURS, "verdict", "against ourselves")
    rows = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
    for slug, claim in claims_of(articles):
        found = judgements[slug, claim.id]
        cells = (
            f"[{articles[slug].number:02d} {slug}]({articles[slug].url})",
            f"`{claim.id}`: {claim.says}",
            format_reported(claim),
            format_ours(claim, found),
            f"**{found.verdict}**",
            format_reference(claim, found),
        )
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def replace_table(readme: str, table: str, source: str) -> str:
    """The README text with the table between its two markers replaced.

    Raises:
        ClaimError: If the markers are not there exactly once, in order.
    """
    counts = readme.count(README_BEGIN), readme.count(README_END)
    if counts != (1, 1) or readme.index(README_BEGIN) > readme.index(README_END):
        raise ClaimError(
            f"{source}: expected the markers {README_BEGIN} and {README_END} once each, in this "
            f"order, received {counts[0]} and {counts[1]}; put them where the table belongs"
        )
    before, rest = readme.split(README_BEGIN)
    after = rest.split(README_END)[1]
    return f"{before}{README_BEGIN}\n{table}\n{README_END}{after}"


def _compare_today(tables: _Committed, today_root: Path | None) -> list[Regression]:
    nothing = today_root is None
    return compare(
        tables.measurements,
        tables.measurements.iloc[:0] if nothing else results.read_measurements(Path(today_root)),
        committed_provenance=tables.provenance,
        today_provenance={} if nothing else results.read_provenance(Path(today_root)),
    )


def _drift(regressions: tuple[Regression, ...]) -> Iterator[Problem]:
    for row in regressions:
        if row.status == "drifted":
            yield Problem(
                f"{row.experiment}/{row.metric}, {row.profile}, seed {row.seed}",
                row.expected,
                row.found,
                "drift: see `why` for what changed; mend it, or commit it with `make accept`",
            )


def _signatures(articles, judgements) -> Iterator[Problem]:
    for slug, claim in claims_of(articles):
        found = judgements[slug, claim.id]
        if claim.verdict != found.verdict:
            where = f"{articles[slug].path.name}:{claim.line}"
            unsigned = claim.verdict == ""
            yield Problem(
                f"{slug}/{claim.id}",
                "a signed verdict" if unsigned else f"{claim.verdict}, as signed",
                f"{found.verdict} (n = {found.n}): {found.reason}",
                f"read the runs, then {'sign' if unsigned else 'correct'} `verdict` and "
                f"`explanation` at {where}",
            )


def _references(articles: Mapping[str, Article], tables: _Committed) -> Iterator[Problem]:
    """Names that no table declares; an extended experiment may be there not at all."""
    declared = set(tables.metrics["experiment"] + "/" + tables.metrics["metric"])
    experiments = set(tables.metrics["experiment"])
    for slug, claim in claims_of(articles):
        unknown = [
            reference
            for reference in claim.references
            if reference not in declared and (claim.core or reference.split("/")[0] in experiments)
        ]
        if unknown:
            where = f"{articles[slug].path.name}:{claim.line}"
            yield Problem(
                f"{slug}/{claim.id}",
                f"metrics that {slug}/metrics.csv declares",
                ", ".join(unknown),
                f"run the experiment and `make accept`, or correct the names at {where}",
            )


def _rows(tables: _Committed) -> Iterator[Problem]:
    declared = tables.metrics.groupby("experiment")["metric"].agg(set).to_dict()
    for run, rows in tables.measurements.groupby(["experiment", "profile", "seed"]):
        subject = f"{run[0]}, {run[1]}, seed {run[2]}"
        expected, found = declared.get(run[0], set()), set(rows["metric"])
        again = "run it anew and `make accept`"
        if expected - found:
            missing = f"no row of {', '.join(sorted(expected - found))}"
            yield Problem(subject, "a row for every declared metric", missing, again)
        if found - expected:
            surplus = ", ".join(sorted(found - expected))
            yield Problem(subject, "only metrics that metrics.csv declares", surplus, again)
        if "/".join(map(str, run)) not in tables.provenance:
            yield Problem(subject, "how it was made, in provenance.json", "nothing", again)
    core = set(tables.metrics.loc[tables.metrics["tier"] == "core", "experiment"])
    for experiment in sorted(core - set(tables.full["experiment"])):
        yield Problem(
            experiment,
            "a committed run of profile full, as its tier is core",
            "none",
            "run it with PROFILE=full and `make accept`",
        )


def _tolerances(articles, judgements) -> Iterator[Problem]:
    for slug, claim in claims_of(articles):
        found = judgements[slug, claim.id]
        if claim.kind == "exact" and found.n >= MIN_SEEDS:
            half_width = (found.high - found.low) / 2
            if half_width > claim.tolerance:
                yield Problem(
                    f"{slug}/{claim.id}",
                    f"a tolerance of at least the seed noise, {format_value(half_width)}",
                    format_value(claim.tolerance),
                    "measure it with less noise, or widen `tolerance` and say so in `because`",
                )


def _stale_verdicts(articles, judgements, root: Path) -> Iterator[Problem]:
    path = root / "verdicts.csv"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    wanted = results.verdicts_text(verdicts_frame(articles, judgements))
    if text != wanted:
        differing = set(wanted.splitlines()[1:]) ^ set(text.splitlines()[1:])
        names = sorted({",".join(line.split(",")[:2]) for line in differing if line})
        yield Problem(
            str(path),
            "the verdicts as they are recomputed from the tables",
            f"other rows for {'; '.join(names)}" if text else "no file",
            "write it anew with `make report`",
        )


def _stale_readme(articles, judgements, path: Path) -> Iterator[Problem]:
    cure = "write it anew with `make report`"
    if not path.is_file():
        yield Problem(str(path), "the table of claims", "no file", "restore it from git")
        return
    text = path.read_text(encoding="utf-8")
    try:
        wanted = replace_table(text, markdown_table(articles, judgements), str(path))
    except ClaimError as error:
        yield Problem(str(path), "the table of claims between its markers", str(error), cure)
        return
    if text != wanted:
        yield Problem(str(path), "the table of claims as recomputed", "another one", cure)

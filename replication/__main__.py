"""The command line: parsing and printing; the work is done elsewhere.

Exit codes: 0 fine, 1 a check or a run failed, 2 a usage, input or output error,
130 interrupted, 141 nobody reads what is printed (`| head`).
"""

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from replication.environment import absolute

app = typer.Typer(
    help="Autoencoders, Replicated: run experiments, judge claims, keep numbers true.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _slug(article: str | None) -> str | None:
    from replication import listing

    return article and listing.slug(article)


Article = Annotated[
    str | None,
    typer.Option(callback=_slug, help="One article, by its slug or number: clustering, 05."),
]
Seeds = Annotated[
    str | None,
    typer.Option(help="How many seeds (5), or which (0-4, 0,2,7). Default: the first."),
]
ProfileName = Annotated[
    Literal["auto", "full", "embedded", "smoke"],
    typer.Option("--profile", help="auto is full where the data can be had, else embedded."),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Jobs side by side; the cores are shared out. Default: what cores and memory allow.",
    ),
]
Budget = Annotated[
    str | None,
    typer.Option(help="Wall time, such as 20m: run what fits, and say what is left."),
]
AsJson = Annotated[bool, typer.Option("--json", help="For machines: an object a line.")]


@app.command("list")
def list_experiments(article: Article = None) -> None:
    """List every experiment: tier, minutes for one seed, seeds committed of declared, metrics."""
    from replication import listing

    print("\n".join(listing.table(article)))


@app.command()
def run(
    article: Article = None,
    seeds: Seeds = None,
    profile: ProfileName = "auto",
    jobs: Jobs = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Ignore stored runs.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Extended experiments too.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Missing data are an error.")] = False,
    budget: Budget = None,
    as_json: AsJson = False,
) -> None:
    """Run what is missing, execute the notebooks, check, report."""
    from replication import reproduce, terminal

    wanted = reproduce.Wanted(
        _seeds(seeds),
        profile,
        article=article,
        jobs=jobs,
        fresh=fresh,
        everything=everything,
        strict=strict,
        budget_minutes=_minutes(budget),
    )
    if not reproduce.reproduce(wanted, terminal.display(as_json=as_json), as_json=as_json):
        raise typer.Exit(1)


@app.command()
def sweep(
    seeds: Seeds = None,
    experiments: Annotated[
        str | None, typer.Option(help="Pattern, such as '*-eq5-*'; '*' for all of them.")
    ] = None,
    profile: ProfileName = "full",
    jobs: Jobs = None,
    dask: Annotated[
        str | None,
        typer.Option(help="A Dask scheduler, such as tcp://host:8786, whose workers run the jobs."),
    ] = None,
    budget: Budget = None,
    as_json: AsJson = False,
) -> None:
    """Run experiments over many seeds, here or on a Dask cluster; no notebooks, no report."""
    if experiments is None:
        from replication import listing

        raise typer.BadParameter(listing.cost_of_all(), param_hint="--experiments")
    for option, value in (("--jobs", jobs), ("--budget", budget)):
        if value is not None and dask is not None:
            raise typer.BadParameter(
                f"{option} is for this machine; with --dask, start as many workers as jobs may "
                "run at once, and stop them when the time is over.",
                param_hint=option,
            )
    from replication import reproduce, terminal

    wanted = reproduce.Wanted(
        _seeds(seeds),
        profile,
        pattern=experiments,
        jobs=jobs,
        strict=True,
        budget_minutes=_minutes(budget),
    )
    if not reproduce.sweep(wanted, terminal.display(as_json=as_json), scheduler=dask):
        raise typer.Exit(1)


@app.command()
def check(
    as_json: AsJson = False,
) -> None:
    """Judge committed results against the claims, and today's runs against them."""
    from replication import publish

    claims_report = publish.judge()
    publish.print_report(claims_report, as_json=as_json)
    if claims_report.problems:
        raise typer.Exit(1)


@app.command()
def report() -> None:
    """Print the claims, and write verdicts, ledger and the tables in README.md and docs/."""
    from replication import publish
    from replication.claims import report as reporting

    claims_report = publish.judge()
    reporting.print_claims(claims_report)
    publish.write_documents(claims_report)
    print(reporting.summary_line(publish.judge()))  # what was out of date no longer is


@app.command()
def backends(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FOLDER", parser=absolute, help="Build folders to take runs from."),
    ] = None,
) -> None:
    """Hold runs on other backends and devices against ours; take them from build folders."""
    from replication import publish
    from replication.results.backends import add_backend
    from replication.runner import settings

    for name in add_backend(settings.RESULTS, *folders) if folders else ():
        print(f"took {name}")
    claims_report = publish.judge()
    if folders:
        publish.write_documents(claims_report)
    for name, table in claims_report.generated.tables.items():
        if name.startswith("backends"):
            print(f"\n{table}")


@app.command()
def noise(
    machine: Annotated[str, typer.Option(help="Machines, such as '*-threads'.")] = "*",
    experiments: Annotated[str, typer.Option(help="Pattern, such as 'survey-*'.")] = "*",
    profile: Literal["full", "embedded"] = "embedded",
    seed: Annotated[int, typer.Option(min=0, max=999)] = 0,
    jobs: Annotated[
        int,
        typer.Option(min=1, help="Jobs side by side; emulated machines fix their own threads."),
    ] = 1,
    budget: Budget = None,
) -> None:
    """Measure how far machines differ: one seed under emulated ones, into noise.csv."""
    from fnmatch import fnmatchcase

    from replication import machines

    names = [name for name in machines.NOISE if fnmatchcase(name, machine)]
    if not names:
        raise typer.BadParameter(
            f"no machine matches {machine!r}; expected a pattern for some of "
            f"{', '.join(machines.NOISE)}.",
            param_hint="--machine",
        )
    _minutes(budget)
    options = {"profile": profile, "seed": seed, "jobs": jobs, "budget": budget}
    lines, all_well = machines.measure(names, pattern=experiments, **options)
    print("\n".join(lines))
    if not all_well:
        raise typer.Exit(1)


@app.command()
def diff(
    revision: Annotated[str, typer.Argument(metavar="REV", help="A git revision.")] = "HEAD",
    everything: Annotated[
        bool, typer.Option("--all", help="List every number; JSON always has all.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines: all of it.")] = False,
) -> None:
    """Show what changed in results/ since a git revision, and what of it matters."""
    from replication import results
    from replication.claims import diff as diffs
    from replication.claims import load
    from replication.results import noise, revisions
    from replication.runner import settings

    root = settings.RESULTS
    commit = revisions.resolve(root, revision)
    today = results.read_measurements(root), results.read_history(root)
    changes = diffs.compare(
        diffs.State(*revisions.read(root, commit)),
        diffs.State(*today, results.read_provenance(root)),
        load(),
        metrics=results.read_metrics(root),
        machines=noise.read_noise(root),
    )
    if as_json:
        print(diffs.as_json(changes, revision, commit))
    else:
        diffs.print_changes(changes, f"{revision} ({commit[:12]})", everything=everything)


@app.command()
def accept(
    reason: Annotated[
        str,
        typer.Option(help="Why committed numbers may change or go; asked for if they would."),
    ] = "",
    unchanged: Annotated[
        str | None,
        typer.Option(help="Keep stored runs of these experiments although their code changed."),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FOLDER",
            parser=absolute,
            help="Take the runs of another build folder, made on another device, backend or "
            "version of a library, as further seeds; nothing else is accepted.",
        ),
    ] = None,
) -> None:
    """Promote build/ to results/: tables, executed notebooks, verdicts, README."""
    from replication import notebooks, publish, runner

    if source is not None:
        if reason or unchanged is not None:
            raise typer.BadParameter(
                "no number changes by it; leave out --reason and --unchanged.", param_hint="--from"
            )
        for line in runner.take(source):
            print(line)
    else:
        for name in runner.promote(reason=reason, unchanged=unchanged, ask=_ask_why):
            print(f"accepted {name}")
        executed = runner.settings.BUILD / "notebooks" / "full"  # the digits are no evidence
        for path in notebooks.promote(executed, runner.settings.RESULTS):
            print(f"accepted {path.relative_to(runner.settings.ROOT)}")
    publish.write_documents(publish.judge())


@app.command("site")
def build_site(
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", parser=absolute, help="Default: build/site."),
    ] = None,
) -> None:
    """Write the static site from committed results; nothing is trained."""
    from replication import publish

    if not publish.write_site(publish.judge(), out):
        raise typer.Exit(1)


@app.command()
def why(
    name: Annotated[str, typer.Argument(help="Of an experiment, or of a claim.")],
    seed: Annotated[int | None, typer.Option(min=0, max=999, help="Of a run; default: 0.")] = None,
    profile: Annotated[
        Literal["full", "embedded", "smoke"] | None,
        typer.Option(help="Of a run; default: full."),
    ] = None,
) -> None:
    """Of a run: whether it is stored, and if not, what changed. Of a claim: its verdict, why so."""
    from replication import listing

    print("\n".join(listing.why(name, seed=seed, profile=profile)))


def _ask_why(runs: list[str]) -> str:
    """Asks why committed numbers of these runs may change; empty where nobody can answer."""
    if not runs or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return ""
    print(f"Committed numbers change or disappear in {len(runs)} runs:")
    for name in runs:
        print(f"  {name}")
    try:
        return input("Why may they? ").strip()
    except EOFError:
        return ""


def _seeds(text: str | None) -> list[int]:
    """The seeds that are asked for, or the first.

    Raises:
        typer.BadParameter: If the text names none.
    """
    from replication.runner.jobs import parse_seeds

    try:
        return parse_seeds("1" if text is None else text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--seeds") from error


def _minutes(budget: str | None) -> float | None:
    """Minutes of a budget.

    Raises:
        typer.BadParameter: If the text is no time.
    """
    from replication.runner.expected import parse_minutes

    try:
        return None if budget is None else parse_minutes(budget)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--budget") from error


_INTERRUPTED = "interrupted: finished epochs and runs are stored; the same call goes on"


def _leave_at_once(*_) -> None:
    """Ends the process: libraries that are being imported may swallow an exception."""
    os.write(2, f"{_INTERRUPTED}\n".encode())
    os._exit(130)


def main() -> None:
    """Runs the command line and exits with its code."""
    from replication import environment, streams, terminal

    try:
        with streams.guarded(), terminal.interrupts(_leave_at_once):  # until a display takes over
            environment.let_terminals_decide()
            _main()
    except streams.OutputError as error:
        streams.discard()
        if error.unread:
            sys.exit(141)
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


def _main() -> None:
    from replication.claims.report import printable
    from replication.errors import ReplicationError

    try:
        app()
    except ReplicationError as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        print(f"error: the system refuses: {printable(what)}", file=sys.stderr)
        sys.exit(2)
    except SystemExit as ended:
        if ended.code == 130:
            print(_INTERRUPTED, file=sys.stderr)
        raise


if __name__ == "__main__":
    main()

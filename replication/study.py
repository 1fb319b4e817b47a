"""One article for its notebook: its numbers, claims, training histories, arrays and sources.

    study = Study("contractive")
    study.card("contracts")                           # one claim, as a card
    study.say("An error of {as-intended/test_mse:.3f}.")  # a sentence, its numbers bound
    study.mean("as-intended/jacobian_norm")           # a number of the profile that is running

Experiments may be named without the slug. What a card or a sentence says rests on full runs,
whatever this machine runs; figures and tables show the profile that is running.
"""

import ast
import inspect
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping
from html import escape
from string import Template

import numpy as np
import pandas as pd
from IPython.display import display
from matplotlib.figure import Figure

from replication import cards, figures, results
from replication.claims import Claim, devices, kinds, ledger, load, prose
from replication.claims.kinds.claim import FAILS, HOLDS, SHOWN
from replication.claims.kinds.judgement import Judgement
from replication.claims.numbers import count, in_digits
from replication.claims.verdicts import evidence_of, judge_article
from replication.experiments import Experiment
from replication.runner import Job, measurements, profile_name, run, select, settings, tables

OUTCOMES = {  # what a sentence may rest on: how a claim came out, in one word
    word: {HOLDS: "yes", SHOWN: "yes", FAILS: "no"}.get(outcome, "open")
    for word, outcome in kinds.OUTCOMES.items()
}
_STAND_INS = {
    "embedded": "**No claim is run here:** small digits stand in for the data sets of the article.",
    "smoke": "**A test of the machinery:** one epoch on few, small digits. It means nothing.",
}


class Study:
    """One article: what was measured, what is claimed, and how both are shown.

    Numbers come from the tables: at full size those of the repository, under those of this
    machine. Runs whose arrays are asked for, and small ones that no table holds, are run where
    they are not stored.

    Args:
        slug: The article.

    Raises:
        ValueError: If there is no such article; of methods, if it has no such claim, experiment or
            number.
    """

    def __init__(self, slug: str):
        articles = load()
        if slug not in articles:
            raise ValueError(f"slug must be one of {', '.join(articles)}; received {slug!r}.")
        figures.use_style()
        self.slug, self.article = slug, articles[slug]
        self.claims = {claim.id: claim for claim in self.article.claims}
        self.experiments = {each.name: each for each in select(article=slug, extended=True)}
        core = select(article=slug)
        self.profile = profile_name(core)
        if self.profile in _STAND_INS:
            _display_markdown(f"{_STAND_INS[self.profile]} Cards and sentences are of full runs.")
        full = self.profile == "full"
        known = set() if full else set(measurements(slug)["experiment"])
        for experiment in () if full else core:
            if experiment.name not in known:
                run(experiment.name)
        self.measurements, self.epochs = tables(slug)
        run_fully = self.measurements if full else results.read_measurements(settings.RESULTS, slug)
        made = results.read_provenance(settings.RESULTS, slug)
        if full:
            made |= results.read_provenance(settings.TODAY, slug)
        self.evidence, _ = devices.pool(run_fully, made)
        declared = [
            (each.name, metric.name, metric.unit, metric.better)
            for each in self.experiments.values()
            for metric in each.metrics
        ]
        columns = ["experiment", "metric", "unit", "better"]
        evidence = evidence_of(self.evidence, pd.DataFrame(declared, columns=columns))
        self.values_of = evidence.values_of
        self.judgements = judge_article(self.article, evidence)
        self.units = {f"{name}/{metric}": unit for name, metric, unit, _ in declared}
        names = self.measurements["experiment"] + "/" + self.measurements["metric"]
        long = self.measurements.assign(name=names)
        self._numbers = long.pivot(index="seed", columns="name", values="value")

    # Claims

    def judgement(self, claim_id: str) -> Judgement:
        """How a claim came out."""
        return self.judgements[self._claim(claim_id).id]

    def outcome(self, claim_id: str) -> str:
        """How a claim came out in a word: "yes", "no" or "open"."""
        return OUTCOMES[self.judgement(claim_id).verdict]

    def card(
        self, claim_id: str, quantity: str = "", names: Mapping[str, str] | None = None
    ) -> None:
        """Shows a claim: sentence, both sides with units, seeds as dots, verdict and why.

        Args:
            claim_id: The claim.
            quantity: What follows the numbers, such as "of the variance lost".
            names: What the rows are called, by "experiment/metric", or by one of the two.

        Raises:
            ValueError: If there is no such claim, or a name belongs to none of its rows.
        """
        claim, judgement = self._claim(claim_id), self.judgement(claim_id)
        words = cards.Words(quantity, self._row_names(claim, names or {}))
        html = cards.render(claim, judgement, self.values_of, self.units, words)
        text = cards.plain(claim, judgement, self.values_of, self.units)
        told = {"claim": claim_id, "quantity": quantity, "names": dict(words.names)}
        display({"text/html": html, "text/plain": text}, metadata={"card": told}, raw=True)

    def _claim(self, claim_id: str) -> Claim:
        if claim_id not in self.claims:
            raise ValueError(
                f"expected a claim of article {self.slug}, one of {', '.join(self.claims)}; "
                f"received {claim_id!r}."
            )
        return self.claims[claim_id]

    def _row_names(self, claim: Claim, names: Mapping[str, str]) -> dict[str, str]:
        row_names = {}
        for key, name in names.items():
            rows = [each for each in claim.references if key in self._keys(each)]
            if not rows:
                raise ValueError(
                    f"names of {claim.id} must belong to {', '.join(claim.references)}; "
                    f"received {key!r}."
                )
            row_names |= dict.fromkeys(rows, name)
        return row_names

    def _keys(self, reference: str) -> set[str]:
        """All that a row may be called by."""
        short = reference.removeprefix(f"{self.slug}-")
        return {reference, short, short.split("/")[0], short.split("/")[1]}

    # Sentences

    def say(self, text: str, holds: Mapping[str, str] | None = None, **values: object) -> None:
        """Shows a text in Markdown, its numbers put in from full runs.

        Args:
            text: With bindings such as `{as-intended/test_mse:.3f}`, see `claims.prose`, and
                `$name` for each of `values`.
            holds: Claims that the text rests on, and how they came out, see `OUTCOMES`. Where one
                came out otherwise by now, its own sentence and answer stand in place of the text.
            **values: What stands for `$name`; a dollar of a formula is doubled beside them.
        """
        changed = [each for each, how in (holds or {}).items() if self.outcome(each) != how]
        if changed:
            text, values = "\n\n".join(map(self._plainly, changed)), {}
        text = textwrap.dedent(text).strip()
        if values:
            text = Template(text).substitute({k: _written(v) for k, v in values.items()})
        _display_markdown(prose.fill(text, self._values_of))

    def _plainly(self, claim_id: str) -> str:
        claim, judgement = self._claim(claim_id), self.judgement(claim_id)
        said = cards.headline(claim, judgement, self.values_of, self.units)
        text = f"{claim.says} **{cards.in_words(judgement.verdict).capitalize()}.** {said}"
        return text.replace("{", "{{").replace("}", "}}")

    def _values_of(self, reference: str) -> Mapping[int, float]:
        return self.values_of(self._full(reference))

    def _full(self, reference: str) -> str:
        """The name with its slug: an experiment may be named without it."""
        experiment = reference.partition("/")[0]
        return reference if experiment in self.experiments else f"{self.slug}-{reference}"

    # Numbers

    def numbers(self, reference: str) -> pd.Series:
        """The values of an "experiment/metric" by seed, of the profile that is running."""
        name = self._full(reference)
        if name not in self.units:
            raise ValueError(
                f"expected an experiment/metric of article {self.slug}; received {reference!r}. "
                f"Its experiments: {', '.join(self.experiments)}."
            )
        if name not in self._numbers:
            return pd.Series(dtype=float)
        return self._numbers[name].dropna()

    def mean(self, reference: str) -> float:
        """The mean over all seeds; NaN where nothing was run."""
        return float(self.numbers(reference).mean())

    def rows(self, names: Mapping[str, str]) -> dict[str, pd.Series]:
        """Values by seed for each label, of what was run."""
        rows = {label: self.numbers(name) for label, name in names.items()}
        return {label: values for label, values in rows.items() if len(values)}

    def table(self, rows: Mapping[str, str], columns: Mapping[str, str], corner: str = "") -> None:
        """Shows means over all seeds, three digits each; a row without a number is left out.

        Args:
            rows: By label, where the names of its numbers begin: "as-intended/", or
                "baselines/untrained_".
            columns: By label, where they end: "test_mse".
            corner: What the rows are.
        """
        lines = {}
        for label, start in rows.items():
            names = [self._full(start + end) for end in columns.values()]
            known = [name if name in self.units else None for name in names]
            values = [self._shown(name) for name in known]
            if any(value != "–" for value in values):
                lines[label] = values
        show_table([corner, *columns], [[label, *values] for label, values in lines.items()])

    def minutes(self, experiment: str) -> float:
        """Core minutes of a full run, training included: the mean of those made on a processor."""
        name = f"{self._experiment(experiment).name}/full/"
        made = results.read_provenance(settings.RESULTS, self.slug).items()
        took = [
            each["minutes"] * each["environment"]["threads"]
            for job, each in made
            if job.startswith(name) and each["environment"]["device"].startswith("cpu")
        ]
        return float(np.mean(took)) if took else float("nan")

    def lists(self, columns: Iterable[str], lines: Iterable[Iterable[str]]) -> None:
        """Shows a table of texts."""
        show_table(columns, lines)

    def _shown(self, name: str | None) -> str:
        if name is None:
            return "–"
        return in_digits(self.mean(name), self.units[name])

    def lines(self, names: Mapping[float, str]) -> pd.DataFrame:
        """For a line chart: a row for each place on the horizontal axis, a column for each seed."""
        table = pd.DataFrame({place: self.numbers(name) for place, name in names.items()})
        return table.T.dropna(axis=1)

    def history(self, experiment: str, quantity: str) -> pd.DataFrame:
        """One quantity over the epochs: a row for each epoch, a column for each seed."""
        name = self._full(f"{experiment}/").rstrip("/")
        chosen = self.epochs[
            (self.epochs["experiment"] == name) & (self.epochs["quantity"] == quantity)
        ]
        return chosen.pivot(index="epoch", columns="seed", values="value")

    # Arrays and pictures

    def arrays(self, experiment: str, seed: int = 0) -> Mapping[str, np.ndarray]:
        """The arrays of one run, which is run if it is not stored."""
        return run(self._experiment(experiment).name, seed=seed).arrays

    def stored(self, experiment: str) -> list[int]:
        """The seeds under which an experiment was run on this machine, so that arrays are there."""
        declaration = self._experiment(experiment)
        return [s for s in declaration.seeds if Job(declaration, self.profile, s).path.exists()]

    def typical(self, experiment: str, metric: str) -> int | None:
        """The seed of the stored run whose number is nearest to the mean of all, if one is."""
        values = self.numbers(f"{experiment}/{metric}")
        stored = [seed for seed in self.stored(experiment) if seed in values.index]
        return min(stored, key=lambda seed: abs(values[seed] - values.mean()), default=None)

    def _experiment(self, name: str) -> Experiment:
        full = self._full(f"{name}/").rstrip("/")
        if full not in self.experiments:
            raise ValueError(
                f"expected an experiment of article {self.slug}, one of "
                f"{', '.join(self.experiments)}; received {name!r}."
            )
        return self.experiments[full]

    def show(
        self,
        figure: Figure,
        caption: str,
        *,
        alt: str,
        of: str | Iterable[str] = (),
        seed: int | None = None,
        on: str = "",
    ) -> None:
        """Shows a figure with its caption, and behind a fold where its numbers come from.

        Args:
            figure: The figure.
            caption: What to see in it.
            alt: The same for those who cannot see it.
            of: Experiments; none for a drawing.
            seed: The only seed that is shown; None for all.
            on: What a run is looked at on, such as "test images".
        """
        named = [of] if isinstance(of, str) else of
        full = [self._experiment(each.partition("/")[0]).name for each in named]
        where = figures.source(self.measurements, full, seed=seed, on=on) if full else "A drawing"
        figures.show(figure, caption, source=where, alt=alt)

    # Code

    def source(self, *objects: object) -> None:
        """Shows the source of functions, methods or classes, without their docstrings."""
        code = "\n\n".join(map(source_of, objects))
        _display_markdown(f"```python\n{code}\n```")

    # What differs, and what is missing

    def departures(self, *items: str, **values: object) -> None:
        """Shows where we differ from the article, numbered, with bound numbers as in `say`."""
        numbered = (f"{number}. {item}" for number, item in enumerate(items, start=1))
        self.say("\n".join(numbered), **values)

    def open_details(self) -> None:
        """Shows what the article leaves open, and how far another choice moves a number."""
        metrics = results.read_metrics(settings.RESULTS, self.slug)
        frame = ledger.ledger_frame({self.slug: self.article}, self.evidence, metrics)
        details = {each.id: each for each in self.article.open}
        lines = [
            [
                f"{details[row.detail].detail} Ours: {details[row.detail].ours}.",
                row.alternative,
                f"{ledger.in_words(row.measures)}: {ledger.format_effect(row)}",
            ]
            for row in frame[frame["n"] > 0].itertuples()
        ]
        show_table(["left open", "taken instead", "moves the mean by"], lines)

    def not_run(self) -> None:
        """Shows one box: how many experiments have no full run, and the claims that wait."""
        claims = [c for c in self.claims.values() if c.is_counted and not self.judgement(c.id).n]
        full = set(self.evidence.loc[self.evidence["profile"] == "full", "experiment"])
        missing = [name for name in self.experiments if name not in full]
        if not missing:
            return
        told = f"> **Not run at full size yet:** {len(missing)} of {len(self.experiments)} "
        told += f"experiments, {', '.join(f'`{name}`' for name in missing)}."
        told += " Claims that wait for them:\n>" if claims else ""
        waiting = (f"> - {claim.says} (`{claim.id}`)" for claim in claims)
        _display_markdown("\n".join([told, *waiting]))

    def tally(self) -> str:
        """How many claims of the article came to each verdict, then how many readings of ours."""
        told = []
        voices = {"article": "the article's {}", "reading": "our {}"}
        for voice, whose in voices.items():
            claims = [c for c in self.claims.values() if c.is_counted and c.voice == voice]
            counts = Counter(self.judgements[claim.id].verdict for claim in claims)
            verdicts = ", ".join(cards.counted(verdict, n) for verdict, n in counts.items())
            what = count(len(claims), "claim" if voice == "article" else "reading")
            told += [f"of {whose.format(what)} {verdicts}"] if claims else []
        return "; ".join(told)


def source_of(thing: object) -> str:
    """The source of a function or class without docstrings, at the left margin."""
    lines = textwrap.dedent(inspect.getsource(thing)).splitlines()
    kinds = (ast.FunctionDef, ast.ClassDef)
    nodes = [n for n in ast.walk(ast.parse("\n".join(lines))) if isinstance(n, kinds)]
    for node in sorted(nodes, key=lambda each: -each.lineno):
        if ast.get_docstring(node) is not None and len(node.body) > 1:
            said = node.body[0]
            del lines[said.lineno - 1 : said.end_lineno]
    return "\n".join(lines).strip()


def show_table(columns: Iterable[str], lines: Iterable[Iterable[str]]) -> None:
    """Shows a table of texts, the first of each line as its header; all but links is escaped."""
    columns, lines = list(columns), [list(line) for line in lines]
    head = "".join(
        f'<th scope="col">{escape(each)}</th>' if each else "<td></td>" for each in columns
    )
    body = ""
    for first, *others in lines:
        cells = "".join(f"<td>{cards.with_links(each)}</td>" for each in others)
        body += f'<tr><th scope="row">{escape(first)}</th>{cells}</tr>'
    html = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    text = "\n".join(" | ".join(line) for line in [columns, *lines])
    display({"text/html": html, "text/plain": text}, raw=True)


def _display_markdown(text: str) -> None:
    display({"text/markdown": text, "text/plain": text}, raw=True)


def _written(value: object) -> str:
    """A value of a sentence as it is written there; braces are doubled for `prose`."""
    text = in_digits(value) if isinstance(value, float) else str(value)
    return text.replace("{", "{{").replace("}", "}}")

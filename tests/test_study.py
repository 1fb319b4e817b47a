"""The study of a notebook: cards, sentences with bound numbers, tables, sources, one box."""

import json
from dataclasses import replace

import matplotlib as mpl
import pandas as pd
import pytest

from replication import study
from replication.claims.kinds.judgement import Evidence
from replication.claims.verdicts import judge_article


@pytest.fixture
def contractive(monkeypatch, shown):
    """A study that shows committed full runs, and may train nothing."""
    monkeypatch.setattr(study, "profile_name", lambda experiments: "full")
    monkeypatch.setattr(study, "tables", _tables)
    monkeypatch.setattr(study, "run", lambda *args, **kwargs: pytest.fail("nothing may be run"))
    with mpl.rc_context():
        yield study.Study("contractive")


def _tables(slug):
    reads = study.results.read_measurements, study.results.read_history
    both = (read(study.settings.RESULTS, slug) for read in reads)
    return tuple(each[each["profile"] == "full"] for each in both)


def last(shown):
    data = shown[-1]["data"]
    return data.get("text/markdown") or data.get("text/html")


def test_seeds_that_stand_apart_are_not_judged_in_a_notebook_either(contractive, monkeypatch):
    """Check and site left them out; a card would have told another verdict."""
    name, rows = "contractive-as-intended", contractive.measurements
    apart = rows[(rows["experiment"] == name) & (rows["seed"] == 0)].assign(seed=99)
    apart["value"] *= 100
    made = {f"{name}/full/99": {"environment": {"backend": "jax", "device": "gpu"}}}
    monkeypatch.setattr(study, "tables", lambda slug: (pd.concat([rows, apart]), _tables(slug)[1]))
    monkeypatch.setattr(study.results, "read_provenance", lambda root, slug: dict(made))
    found = study.Study("contractive")

    assert found.judgements == contractive.judgements
    assert 99 not in found.values_of(f"{name}/jacobian_norm")
    assert 99 in found.numbers(f"{name}/jacobian_norm").index, "it was run, and is drawn"


def test_a_table_links_to_other_sites_and_to_nothing_else(contractive, shown):
    """Literature had author and year only; a program is no address."""
    named = "[*A < title*](https://example.org/1)"
    contractive.lists(["what", "source"], [("one", named), ("two", "[x](javascript:alert(1))")])

    html = last(shown)
    assert '<td><a href="https://example.org/1">A &lt; title</a></td>' in html
    assert html.count("<a ") == 1


def test_a_study_of_no_article_is_refused():
    with pytest.raises(ValueError, match="slug must be one of .*contractive.*received 'nothing'"):
        study.Study("nothing")


def test_a_card_says_of_itself_which_claim_it_is(contractive, shown):
    contractive.card("contracts", "of it", {"as-intended": "with", "no-penalty": "without"})

    about = shown[-1]["metadata"]["card"]
    assert about["claim"] == "contracts" and about["quantity"] == "of it"
    assert about["names"]["contractive-as-intended/jacobian_norm"] == "with"
    assert json.dumps(about), "it travels in the notebook"
    assert "<svg" in last(shown) and "with" in last(shown)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: s.card("nothing"), "expected a claim of article contractive"),
        (lambda s: s.card("contracts", names={"formula": "x"}), "must belong to"),
        (lambda s: s.mean("as-intended/nothing"), "expected an experiment/metric"),
        (lambda s: s.arrays("nothing"), "expected an experiment of article"),
    ],
)
def test_unknown_names_are_named_with_what_there_is(contractive, call, words):
    with pytest.raises(ValueError, match=words):
        call(contractive)


def test_a_sentence_has_its_numbers_from_full_runs(contractive, shown):
    contractive.say(
        """
        It is {as-intended/jacobian_norm:.1f},
        $much.
        """,
        much="so {much}",
    )
    mean = contractive.mean("as-intended/jacobian_norm")

    assert last(shown) == f"It is {mean:.1f},\nso {{much}}."


def test_a_sentence_whose_verdict_has_changed_gives_way_to_the_claim(contractive, shown):
    contractive.say("The listing contracts.", holds={"contracts-as-published": "yes"})

    assert "The listing contracts" not in last(shown)
    verdict = contractive.judgement("contracts-as-published").verdict
    assert f"**{verdict.capitalize()}.**" in last(shown)


def test_a_table_has_three_digits_and_leaves_out_what_was_not_run(contractive, shown):
    rows = {"as intended": "as-intended/", "nothing": "open-details/"}
    contractive.table(rows, {"error": "test_mse", "right": "knn_accuracy"}, corner="<variant>")

    html = last(shown)
    assert "&lt;variant&gt;" in html and html.count("<tr>") == 2
    assert "%" in html, "fractions are per cent"


def test_lines_and_histories_have_a_column_for_each_seed(contractive):
    line = contractive.lines({0.1: "as-intended/contraction_ratio_0_1"})
    epochs = contractive.history("as-intended", "jacobian_norm")

    seeds = len(contractive.numbers("as-intended/jacobian_norm"))
    assert line.shape == (1, seeds)
    assert epochs.shape == (3, seeds)


def test_the_typical_run_is_the_stored_one_nearest_to_the_mean(contractive, monkeypatch):
    values = pd.Series({0: 1.0, 1: 2.1, 2: 3.0, 3: 2.0})
    monkeypatch.setattr(contractive, "numbers", lambda name: values)
    stored = {0, 1, 2}
    path = property(lambda job: type("Path", (), {"exists": lambda _: job.seed in stored})())
    monkeypatch.setattr(study.Job, "path", path)

    assert contractive.typical("as-intended", "jacobian_norm") == 1
    stored.clear()
    assert contractive.typical("as-intended", "jacobian_norm") is None


def test_sources_come_without_docstrings():
    code = study.source_of(_example)

    assert code == "def _example(x):\n    return x + 1  # kept"


def _example(x):
    """Says
    something.
    """
    return x + 1  # kept


def test_claims_are_counted_by_verdict_in_a_sentence(contractive):
    """It said "10 reproduced of the article; 2 does not hold of our reading"."""
    judged = contractive.judgements
    verdicts = {"contracts": "reproduced", "robust": "reproduced", "tangent-smooth": "vacuous"}
    contractive.claims = {name: contractive.claims[name] for name in verdicts}
    contractive.judgements = {n: replace(judged[n], verdict=v) for n, v in verdicts.items()}

    told = "of the article's 2 claims 2 are reproduced; of our 1 reading 1 has too weak a test"
    assert contractive.tally() == told


def test_what_was_not_run_stands_in_one_box_and_nothing_in_none(contractive, shown):
    contractive.evidence = contractive.evidence.iloc[:0]
    contractive.judgements = judge_article(contractive.article, Evidence({}))
    contractive.not_run()
    assert last(shown).startswith("> **Not run at full size yet:**")
    assert "\n> - The penalty makes the encoder's Jacobian smaller. (`contracts`)" in last(shown)
    assert "`contractive-as-intended`" in last(shown), "each by its name"

    before = len(shown)
    contractive.claims, contractive.experiments = {}, {}
    contractive.not_run()
    assert len(shown) == before

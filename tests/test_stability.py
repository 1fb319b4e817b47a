"""The last lines of a run: what was held against what, how close it came, and why it differs."""

from replication.claims.regression import Regression
from replication.claims.stability import closing_lines


def row(status="stable", *, metric="m", profile="embedded", **options):
    """One number of seed 0 of an experiment."""
    return Regression("e", profile, 0, metric, status, "1", "1", **options)


def test_the_same_environment_says_equal():
    """One line of what, one of how close."""
    assert closing_lines([row(), row(metric="n"), row("not run", metric="o")]) == [
        "stability on the digits of scikit-learn: 1 run against results/",
        "  same environment: 2 of 2 numbers equal to six digits",
    ]


def test_a_machine_never_seen_names_its_kernels_and_the_farthest_number():
    """In standard deviations, with the number they belong to."""
    there = {"elsewhere": True, "kernels": ("matrix products", "training")}
    lines = closing_lines(
        [
            row(profile="full", deviation=0.3, **there),
            row(profile="full", metric="far", deviation=-1.94, **there),
        ]
    )

    assert lines[0] == "stability on the articles' own data: 1 run against results/"
    assert lines[1] == (
        "  another environment (other matrix products, training): 2 of 2 numbers inside the noise "
        "of machines, seeds or rounding; farthest 1.9 sd (e/far)"
    )


def test_drift_undecided_and_new_numbers_are_counted_and_upgrades_come_first():
    """What differs in versions is named before kernels; numbers that drift together are said so."""
    there = {"elsewhere": True, "upgrades": "keras 1 -> 2", "kernels": ("training",)}
    lines = closing_lines(
        [
            row("drifted", deviation=3.0, together=True, **there),
            row("undecided", metric="n", **there),
            row("new", metric="o"),
        ]
    )

    assert "(keras 1 -> 2): 0 of 2 numbers inside" in lines[1]
    assert "1 drifted, 1 undecided; farthest 3.0 sd" in lines[1]
    assert lines[2] == "  1 number too far off together, not alone"
    assert lines[3].startswith("  1 number new")


def test_nothing_run_says_nothing():
    """`make check` in a fresh clone has nothing of today."""
    assert closing_lines([row("not run")]) == []

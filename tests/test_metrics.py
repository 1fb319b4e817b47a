"""Metrics: against scikit-learn, brute force over permutations, and properties."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy
from sklearn.metrics import adjusted_rand_score, cluster, normalized_mutual_info_score

from replication import metrics
from replication.metrics import UNMAPPED
from replication.metrics.clusters import protocol_metric_name

EXACT = 1e-12  # double precision: quotients of the same integers
NUM = 4  # clusters and classes, few enough for all permutations


def labelled(size=200, *, num_classes=NUM, num_clusters=NUM, seed=0):
    """Labels and clusters that agree on about half of the examples."""
    rng = np.random.default_rng(seed)
    y_true = rng.integers(num_classes, size=size)
    noise = rng.integers(num_clusters, size=size)
    return y_true, np.where(rng.random(size) < 0.5, y_true % num_clusters, noise)


def counts(y_true, clusters, *, num_classes=NUM, num_clusters=NUM):
    return metrics.contingency_matrix(
        y_true, clusters, num_classes=num_classes, num_clusters=num_clusters
    )


contingencies = st.integers(2, 5).flatmap(
    lambda size: (
        st.lists(
            st.lists(st.integers(0, 20), min_size=size, max_size=size), min_size=size, max_size=size
        )
        .map(np.array)
        .filter(lambda table: table.sum() > 0)
    )
)


def test_contingency_matrix_against_sklearn():
    """Rows are clusters, columns classes; scikit-learn counts the same."""
    y_true, clusters = labelled()

    found = counts(y_true, clusters)

    np.testing.assert_array_equal(found, cluster.contingency_matrix(clusters, y_true))
    assert found.dtype == np.int64


def test_contingency_matrix_keeps_empty_rows_and_columns():
    """A cluster without examples and a class without examples are zeros, not left out."""
    found = counts([0, 0, 2], [1, 1, 3])

    np.testing.assert_array_equal(found, [[0, 0, 0, 0], [2, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]])


def test_contingency_matrix_of_small_integer_types_does_not_overflow():
    """Clusters and labels stored as bytes are counted like any other integers."""
    y_true = np.array([9, 9, 0], np.uint8)
    clusters = np.array([99, 99, 50], np.uint8)

    found = counts(y_true, clusters, num_classes=10, num_clusters=100)

    assert found[99, 9] == 2
    assert found[50, 0] == 1


@pytest.mark.parametrize(
    ("y_true", "clusters", "message"),
    [
        ([0, 1], [0], r"received shapes \(2,\) and \(1,\)"),
        ([[0, 1]], [[0, 1]], "vectors"),
        ([0, 4], [0, 1], r"y_true must lie in \[0, 4\); received values from 0 to 4"),
        ([0, 1], [-1, 1], r"clusters must lie in \[0, 4\); received values from -1 to 1"),
    ],
)
def test_contingency_matrix_refuses_what_it_cannot_count(y_true, clusters, message):
    """Shapes and ranges that would be miscounted raise and say what came."""
    with pytest.raises(ValueError, match=message):
        counts(y_true, clusters)


@pytest.mark.parametrize("seed", range(5))
def test_hungarian_accuracy_against_all_permutations(seed):
    """No one-to-one mapping of four clusters to four classes matches more examples."""
    y_true, clusters = labelled(seed=seed)
    best = max(
        float(np.mean(np.array(names)[clusters] == y_true))
        for names in itertools.permutations(range(NUM))
    )

    found = metrics.hungarian_accuracy_score(counts(y_true, clusters))

    assert found == pytest.approx(best, abs=EXACT)


@pytest.mark.parametrize("seed", range(5))
def test_purity_against_a_loop(seed):
    """Each cluster is worth its most frequent label."""
    y_true, clusters = labelled(seed=seed)
    majority = sum(np.bincount(y_true[clusters == each]).max() for each in np.unique(clusters))

    found = metrics.purity_score(counts(y_true, clusters))

    assert found == pytest.approx(majority / len(y_true), abs=EXACT)


@settings(max_examples=100, deadline=None)
@given(contingencies)
def test_scores_are_ordered_fractions(table):
    """0 <= Hungarian accuracy <= purity <= 1, and purity beats the largest class."""
    hungarian, purity = metrics.hungarian_accuracy_score(table), metrics.purity_score(table)

    assert 0 <= hungarian <= purity <= 1
    assert purity >= table.sum(axis=0).max() / table.sum() - EXACT


@settings(max_examples=100, deadline=None)
@given(contingencies, st.randoms(use_true_random=False))
def test_scores_do_not_depend_on_the_names_of_clusters_or_classes(table, random):
    """Renaming clusters, classes or both leaves every score as it was."""
    rows, columns = list(range(len(table))), list(range(len(table)))
    random.shuffle(rows)
    random.shuffle(columns)
    renamed = table[np.ix_(rows, columns)]

    for score in (metrics.purity_score, metrics.hungarian_accuracy_score):
        assert score(renamed) == pytest.approx(score(table), abs=EXACT)


@settings(max_examples=50, deadline=None)
@given(contingencies)
def test_purity_never_falls_when_a_cluster_is_split(table):
    """Splitting the first cluster in two can only raise purity: why it is not accuracy."""
    half = table[0] // 2
    split = np.vstack([half, table[0] - half, table[1:]])

    assert metrics.purity_score(split) >= metrics.purity_score(table) - EXACT


def test_perfect_clusters_score_one_and_one_cluster_the_largest_class():
    """The two ends of the scale."""
    perfect, lumped = np.diag([3, 2, 1]), np.array([[3, 2, 1], [0, 0, 0], [0, 0, 0]])

    assert metrics.purity_score(perfect) == metrics.hungarian_accuracy_score(perfect) == 1
    assert metrics.purity_score(lumped) == metrics.hungarian_accuracy_score(lumped) == 0.5


def test_an_empty_cluster_is_unmapped_and_counts_as_wrong():
    """Examples that fall into a cluster which was empty at fitting are all wrong."""
    fitted, scored = np.array([[5, 1], [0, 0]]), np.array([[2, 0], [6, 2]])

    for fit in (metrics.majority_mapping, metrics.hungarian_mapping):
        mapping = fit(fitted)

        np.testing.assert_array_equal(mapping, [0, UNMAPPED])
        assert metrics.mapped_accuracy_score(mapping, scored) == 0.2
        assert metrics.mapped_accuracy_score(mapping, fitted) == pytest.approx(5 / 6, abs=EXACT)


def test_majority_ties_go_to_the_lowest_class():
    """A tie is broken the same way everywhere."""
    np.testing.assert_array_equal(
        metrics.majority_mapping(np.array([[0, 2, 2], [1, 1, 0]])), [1, 0]
    )


def test_majority_may_name_two_clusters_alike_and_hungarian_may_not():
    """Two clusters of one class: both count for purity, one for Hungarian accuracy."""
    table = np.array([[6, 0], [4, 0]])

    np.testing.assert_array_equal(metrics.majority_mapping(table), [0, 0])
    assert metrics.purity_score(table) == 1
    assert metrics.hungarian_accuracy_score(table) == 0.6


def test_hungarian_leaves_over_clusters_without_a_class():
    """With more clusters than classes, the worst match gets no name."""
    np.testing.assert_array_equal(
        metrics.hungarian_mapping(np.array([[5, 0], [0, 5], [1, 1]])), [0, 1, UNMAPPED]
    )


def test_assignment_entropy_at_its_bounds_and_against_scipy():
    """Zero for one cluster, log K for an even use, in between as SciPy has it."""
    uneven = np.random.default_rng(0).dirichlet(np.ones(5), size=50)
    mean = uneven.mean(axis=0)

    assert metrics.assignment_entropy(np.eye(5)[[2, 2, 2]]) == 0
    assert metrics.assignment_entropy(np.eye(5)) == pytest.approx(math.log(5), abs=EXACT)
    expected = -(mean * np.log(mean)).sum()
    assert metrics.assignment_entropy(uneven) == pytest.approx(expected, abs=EXACT)


def test_assignment_entropy_is_of_the_mean_not_the_mean_of_entropies():
    """Sharp rows that use all clusters evenly have the largest entropy, blurred ones too."""
    blurred = np.full((4, 4), 0.25)

    assert metrics.assignment_entropy(np.eye(4)) == metrics.assignment_entropy(blurred)


@pytest.fixture(scope="module")
def protocol():
    """Labels and clusters of two splits, with their protocol; cluster 3 has no test example."""
    train, test = labelled(seed=1), labelled(90, seed=2)
    test = (test[0], test[1] % 3)
    scores = metrics.clustering_protocol(*train, *test, num_classes=NUM, num_clusters=NUM)
    return train, test, scores


def test_protocol_fits_on_one_split_and_scores_on_another(protocol):
    """`test_purity_fit_on_train` names clusters by training labels, then scores the test set."""
    train, test, scores = protocol
    names = [np.bincount(train[0][train[1] == each]).argmax() for each in range(NUM)]

    expected = float(np.mean(np.array(names)[test[1]] == test[0]))

    assert scores["test_purity_fit_on_train"] == (pytest.approx(expected, abs=EXACT), 90)


def test_protocol_counts_a_cluster_unmapped_on_the_other_split_as_wrong(protocol):
    """Cluster 3 is empty on test: its training examples are wrong under the test's mapping."""
    train, test, scores = protocol
    names = [np.bincount(test[0][test[1] == each]).argmax() for each in range(3)] + [UNMAPPED]

    expected = float(np.mean(np.array(names)[train[1]] == train[0]))

    assert scores["train_purity_fit_on_test"] == (pytest.approx(expected, abs=EXACT), 200)
    assert scores["clusters_used"] == (3, 90)


def test_protocol_agrees_with_sklearn_on_nmi_and_ari(protocol):
    """NMI and ARI of each split, `all` being both together."""
    train, test, scores = protocol
    together = tuple(np.concatenate(pair) for pair in zip(train, test, strict=True))

    for split, pair in (("train", train), ("test", test), ("all", together)):
        nmi, ari = normalized_mutual_info_score(*pair), adjusted_rand_score(*pair)

        assert scores[f"{split}_normalized_mutual_information"] == (nmi, len(pair[0]))
        assert scores[f"{split}_adjusted_rand_index"] == (ari, len(pair[0]))


def test_protocol_returns_what_its_list_of_names_promises(protocol):
    """Names in both places are the same, and own-split scores equal the plain functions."""
    _, test, scores = protocol
    table = counts(*test)

    assert set(scores) == set(metrics.protocol_metric_names())
    assert scores["test_purity"][0] == metrics.purity_score(table)
    assert scores["test_hungarian_accuracy"][0] == metrics.hungarian_accuracy_score(table)


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(NUM)), st.integers(0, 10_000))
def test_protocol_does_not_depend_on_the_names_of_clusters(names, seed):
    """The whole table stays as it is when clusters are renamed."""
    train, test = labelled(60, seed=seed), labelled(40, seed=seed + 1)
    names = np.array(names)

    scores = metrics.clustering_protocol(*train, *test, num_classes=NUM, num_clusters=NUM)
    renamed = metrics.clustering_protocol(
        train[0], names[train[1]], test[0], names[test[1]], num_classes=NUM, num_clusters=NUM
    )

    # Equal, but for two one-to-one mappings of one split that tie and differ on the other.
    tied = {name for name in scores if "hungarian" in name and "_fit_on_" in name}
    for name in scores.keys() - tied:
        assert renamed[name][0] == pytest.approx(scores[name][0], abs=EXACT), name


def test_a_mapping_fitted_elsewhere_never_beats_one_fitted_here(protocol):
    """Naming clusters on the split that is scored flatters: by how much is in the table."""
    scores = protocol[2]

    for name, (value, _) in scores.items():
        if "_fit_on_" in name:
            assert value <= scores[name.split("_fit_on_")[0]][0] + EXACT


@settings(max_examples=50, deadline=None)
@given(contingencies)
def test_mappings_against_loops(table):
    """Majority by Python's `max`; one-to-one by trying every permutation; empty ones unmapped."""
    rows = table.tolist()
    empty = [not any(row) for row in rows]
    majority = [
        UNMAPPED if no else row.index(max(row)) for no, row in zip(empty, rows, strict=True)
    ]
    best = max(
        sum(row[each] for row, each in zip(rows, names, strict=True))
        for names in itertools.permutations(range(len(rows)))
    )

    hungarian = metrics.hungarian_mapping(table)

    assert metrics.majority_mapping(table).tolist() == majority
    assert sum(row[each] for row, each in zip(rows, hungarian, strict=True) if each >= 0) == best
    assert [each == UNMAPPED for each in hungarian] == empty
    assert len({each for each in hungarian if each >= 0}) == sum(not no for no in empty)


@settings(max_examples=50, deadline=None)
@given(contingencies, st.integers(0, 10_000))
def test_mapped_accuracy_against_a_loop(table, seed):
    """Any mapping, unmapped clusters among them: the examples whose cluster has their name."""
    mapping = np.random.default_rng(seed).integers(UNMAPPED, len(table), size=len(table))
    right = sum(
        int(table[cluster, label])
        for cluster, label in np.ndindex(table.shape)
        if mapping[cluster] == label
    )

    found = metrics.mapped_accuracy_score(mapping, table)

    assert found == pytest.approx(right / int(table.sum()), abs=EXACT)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 30), st.integers(1, 12), st.integers(0, 10_000))
def test_assignment_entropy_against_scipy(size, num_clusters, seed):
    """SciPy's entropy of the mean row, in nats; a cluster nobody is in adds nothing."""
    rows = np.random.default_rng(seed).dirichlet(np.full(num_clusters, 0.3), size=size)
    rows = np.hstack([rows, np.zeros((size, 1))])

    found = metrics.assignment_entropy(rows)

    assert found == pytest.approx(entropy(rows.mean(axis=0)), abs=1e-9)  # sums in another order


def test_names_of_the_protocol_are_written_out():
    """All of them, with their units: a table of results must not change its columns unseen."""
    scores = ("purity", "hungarian_accuracy")
    splits = ("train", "test", "all")
    expected = {f"{split}_{score}": "fraction" for split in splits for score in scores}
    expected |= {
        f"{scored}_{score}_fit_on_{fitted}": "fraction"
        for scored, fitted in (
            ("test", "train"),
            ("all", "train"),
            ("train", "test"),
            ("all", "test"),
        )
        for score in scores
    }
    expected |= {f"{split}_normalized_mutual_information": "fraction" for split in splits}
    expected |= {f"{split}_adjusted_rand_index": "index" for split in splits}

    assert metrics.protocol_metric_names() == {**expected, "clusters_used": "clusters"}
    assert protocol_metric_name("purity", "test", "all") == "all_purity_fit_on_test"


def test_protocol_against_a_loop_over_examples(protocol):
    """Every mapped score, example by example, from what it says in its name."""
    train, test, scores = protocol
    splits = {"train": train, "test": test}
    splits["all"] = tuple(np.concatenate(pair) for pair in zip(train, test, strict=True))
    mapped = {name for name in scores if "purity" in name or "hungarian" in name}

    for name in mapped:
        on, _, rest = name.partition("_")
        score, _, fitted = rest.partition("_fit_on_")
        y_fit, c_fit = splits[fitted or on]
        fit = metrics.majority_mapping if score == "purity" else metrics.hungarian_mapping
        names = fit(
            cluster.contingency_matrix(np.r_[c_fit, :NUM], np.r_[y_fit, [0] * NUM]) - [[1, 0, 0, 0]]
        )
        y, c = splits[on]
        right = sum(int(names[each] == label) for each, label in zip(c, y, strict=True))
        assert scores[name] == (pytest.approx(right / len(y), abs=EXACT), len(y)), name
    assert len(mapped) == 14


def test_a_cluster_with_a_single_test_example_is_used():
    """One is enough; an empty one is not."""
    scores = metrics.clustering_protocol(
        [0, 1, 2], [0, 1, 2], [0, 0, 1], [0, 0, 1], num_classes=NUM, num_clusters=NUM
    )

    assert scores["clusters_used"] == (2, 3)


def test_assignment_entropy_of_float32_probabilities_is_summed_in_double_precision():
    """A float32 mean of a hundred thousand rows would lose digits."""
    rows = np.tile(np.float32([[0.1, 0.9]]), (100_000, 1))
    rows[::2] = np.float32([0.7, 0.3])

    found = metrics.assignment_entropy(rows)

    mean = rows.astype(float).mean(axis=0)  # of float32 numbers that sum to 1 but for 1e-8
    assert found == pytest.approx(-(mean * np.log(mean)).sum(), abs=1e-12)  # doubles

"""Data sets: pixels, order, and what happens when they are damaged or absent."""

import json
import shutil
from http.client import BadStatusLine

import numpy as np
import pytest
from conftest import UNTESTED
from sklearn.datasets import load_digits

from replication import datasets, store
from replication.datasets import DatasetError, Library, canonical_order

SIZES = (30, 10)  # training and test images of the small stand-in for MNIST


def images(seed=0):
    """Four arrays shaped like MNIST's, small: distinct random pictures and their labels."""
    rng = np.random.default_rng(seed)
    return tuple(
        array
        for size in SIZES
        for array in (
            rng.integers(256, size=(size, 28, 28, 1), dtype=np.uint8),
            rng.integers(10, size=size),
        )
    )


def flip(path, position):
    """Inverts every bit of one byte of a file."""
    content = bytearray(path.read_bytes())
    content[position] ^= 0xFF
    path.write_bytes(content)


def write_tfds(folder, arrays, *, sizes=SIZES):
    """Lays `arrays` down as TFDS 3.0.1 would lay down MNIST; returns the training shard."""
    import tensorflow as tf

    here = folder / "mnist" / "3.0.1"
    here.mkdir(parents=True, exist_ok=True)
    parts = zip(("train", "test"), arrays[::2], arrays[1::2], sizes, strict=True)
    splits = []
    for split, x, y, size in parts:
        shard = here / f"mnist-{split}.tfrecord-00000-of-00001"
        with tf.io.TFRecordWriter(str(shard)) as writer:
            for image, label in zip(x, y, strict=True):
                png = tf.io.encode_png(image).numpy()
                feature = {
                    "image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[png])),
                    "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
                }
                example = tf.train.Example(features=tf.train.Features(feature=feature))
                writer.write(example.SerializeToString())
        splits.append({"name": split, "shardLengths": [str(size)], "numBytes": "1"})
    about = {"name": "mnist", "version": "3.0.1", "fileFormat": "tfrecord", "splits": splits}
    about["moduleName"] = "tensorflow_datasets.image_classification.mnist"
    (here / "dataset_info.json").write_text(json.dumps(about))
    return here / "mnist-train.tfrecord-00000-of-00001"


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A library whose MNIST is forty random pictures, in TFDS' own layout."""
    digest = datasets.digest(canonical_order(*images()))
    monkeypatch.setitem(datasets.DIGESTS, "mnist", digest)
    monkeypatch.setitem(datasets.COUNTS, "mnist", SIZES)
    write_tfds(tmp_path / "tfds", images())
    return Library(search=(tmp_path / "nothing", tmp_path / "tfds"), cache=tmp_path / "cache")


@pytest.fixture
def offline(monkeypatch):
    """No host answers."""
    monkeypatch.setattr(datasets, "_reachable", lambda name: False)


def test_digits_have_their_counts_shape_and_range(library):
    """1,797 digits, split 1,500 / 297, as 28x28 pictures in [0, 1] with a black frame."""
    digits = library.load("digits")

    assert digits.x_train.shape == (1500, 28, 28, 1)
    assert digits.x_test.shape == (297, 28, 28, 1)
    assert digits.x_train.dtype == digits.x_test.dtype == np.float32
    assert digits.y_train.dtype == digits.y_test.dtype == np.int64
    assert (digits.x_train.min(), digits.x_train.max()) == (0, 1)
    assert np.count_nonzero(digits.x_train[:, 2:-2, 2:-2]) == np.count_nonzero(digits.x_train)


def test_digits_are_those_of_sklearn(library):
    """Every third pixel gives back scikit-learn's 8x8 images; no digit is lost or doubled."""
    digits = library.load("digits")
    x = np.concatenate([digits.x_train, digits.x_test])[:, 3:-2:3, 3:-2:3, 0]
    y = np.concatenate([digits.y_train, digits.y_test])
    expected, labels = load_digits(return_X_y=True)

    def rows(pixels, labels):
        return sorted(map(tuple, np.column_stack([pixels.reshape(len(pixels), -1), labels])))

    # 0..16 in 1/16 and 0..255 in 1/255 round to the same sixteenth
    assert rows(np.rint(x * 16), y) == rows(expected, labels)


def test_digits_have_the_committed_digest(monkeypatch):
    """Other pixels under the name are refused, even those that come with scikit-learn."""
    monkeypatch.setitem(datasets.DIGESTS, "digits", "0" * 64)

    with pytest.raises(DatasetError, match="scikit-learn's load_digits does not hold the pixels"):
        Library(search=(), cache=None).load("digits")


@pytest.mark.parametrize("seed", range(3))
def test_canonical_order_does_not_depend_on_the_order_of_the_source(seed):
    """Permuted input gives equal arrays, images and labels still in step."""
    x_train, y_train, x_test, y_test = images()
    rng = np.random.default_rng(seed)
    first, second = (rng.permutation(size) for size in SIZES)

    permuted = canonical_order(x_train[first], y_train[first], x_test[second], y_test[second])

    for found, expected in zip(permuted, canonical_order(*images()), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_canonical_order_keeps_every_image_with_its_label():
    """Each split keeps its own pairs of picture and label, and nothing else."""
    ordered = canonical_order(*images())

    for split in (0, 2):
        before = zip(images()[split], images()[split + 1], strict=True)
        after = zip(ordered[split], ordered[split + 1], strict=True)
        pairs = [sorted((x.tobytes(), int(y)) for x, y in each) for each in (before, after)]
        assert pairs[0] == pairs[1]


def test_canonical_order_sorts_equal_images_by_label():
    """One picture with two labels comes in one order, whatever the source's."""
    x, empty = np.zeros((3, 28, 28, 1), np.uint8), np.zeros((0, 28, 28, 1), np.uint8)

    found = canonical_order(x, np.array([7, 1, 4]), empty, np.zeros(0, int))

    np.testing.assert_array_equal(found[1], [1, 4, 7])


def test_a_data_set_is_read_from_tfds_once_then_from_the_cache(small, monkeypatch):
    """The second load needs no TFDS, and gives the same arrays."""
    first = small.load("mnist")
    monkeypatch.setattr(datasets, "_read_tfds", lambda *_: pytest.fail("read TFDS again"))
    second = small.load("mnist")

    x_train, y_train, x_test, y_test = canonical_order(*images())
    np.testing.assert_array_equal(first.x_train, x_train.astype("float32") / np.float32(255))
    np.testing.assert_array_equal(first.y_train, y_train)
    np.testing.assert_array_equal(second.x_test, x_test.astype("float32") / np.float32(255))
    np.testing.assert_array_equal(second.y_test, y_test)
    assert small.locate("mnist") == small.cache / "mnist.npz"


@pytest.mark.parametrize("position", [100, 5_000, 20_000, -3_000])
def test_a_flipped_byte_in_the_cache_is_named_and_refused(small, position):
    """A damaged cached array raises and names its file, wherever the damage is."""
    small.load("mnist")
    flip(small.cache / "mnist.npz", position)

    with pytest.raises((DatasetError, store.StoreError), match=r"mnist\.npz"):
        small.load("mnist")


def test_a_cache_of_other_pixels_is_named_and_refused(small):
    """An intact file with one other pixel does not pass for the data set."""
    small.load("mnist")
    path = small.cache / "mnist.npz"
    arrays = store.load_arrays(path)
    arrays["x_test"][0, 0, 0, 0] ^= 1
    store.save_arrays(path, arrays)

    with pytest.raises(DatasetError, match=r"mnist\.npz does not hold the pixels and labels"):
        small.load("mnist")


@pytest.mark.parametrize("missing", ["x_train", "y_test"])
def test_a_cache_without_one_of_its_arrays_is_named_and_refused(small, missing):
    """An .npz that something else wrote under this name is not a KeyError."""
    small.load("mnist")
    path = small.cache / "mnist.npz"
    arrays = store.load_arrays(path)
    del arrays[missing]
    store.save_arrays(path, arrays)

    with pytest.raises(DatasetError, match=rf"mnist\.npz .*{missing}"):
        small.load("mnist")


def test_a_flipped_byte_in_a_shard_is_named_and_never_cached(small):
    """TFRecord checksums find it; the message names the folder, nothing is kept."""
    folder = small.search[-1] / "mnist" / "3.0.1"
    flip(folder / "mnist-train.tfrecord-00000-of-00001", 500)

    with pytest.raises(DatasetError, match="cannot be read") as caught:
        small.load("mnist")

    assert str(folder) in str(caught.value)
    assert not (small.cache / "mnist.npz").exists()


@pytest.mark.parametrize("array", range(4), ids=["x_train", "y_train", "x_test", "y_test"])
def test_a_replaced_record_is_named_and_never_cached(small, array):
    """A shard with valid checksums but one other pixel, or label, fails the digest."""
    arrays = images()
    arrays[array].flat[0] = (arrays[array].flat[0] + 1) % 10
    write_tfds(small.search[-1], arrays)

    with pytest.raises(DatasetError, match="does not hold the pixels and labels") as caught:
        small.load("mnist")

    assert str(small.search[-1] / "mnist" / "3.0.1") in str(caught.value)
    assert not (small.cache / "mnist.npz").exists()


def test_a_shard_cut_between_records_is_refused(small):
    """A missing last record leaves no broken checksum, and is found all the same."""
    x_train, y_train, x_test, y_test = images()
    write_tfds(small.search[-1], (x_train[:-1], y_train[:-1], x_test, y_test))

    with pytest.raises(DatasetError, match="mnist"):
        small.load("mnist")


def test_a_missing_shard_is_refused(small):
    """A folder that describes the data set and lacks a file is named."""
    shard = small.search[-1] / "mnist" / "3.0.1" / "mnist-test.tfrecord-00000-of-00001"
    shard.unlink()

    with pytest.raises(DatasetError, match="cannot be read"):
        small.load("mnist")


@pytest.mark.parametrize("call", ["load", "locate", "available"])
def test_an_unknown_name_is_refused_with_those_there_are(tmp_path, call):
    """The message lists every data set."""
    library = Library(search=(tmp_path,), cache=tmp_path)

    with pytest.raises(DatasetError, match="'minst'; expected one of mnist, fashion_mnist, digits"):
        getattr(library, call)("minst")


def test_no_data_and_no_network_says_how_to_get_them(tmp_path, offline):
    """The message names where was looked, the variable to set and the command to run."""
    library = Library(search=(tmp_path / "here", tmp_path / "there"), cache=tmp_path / "cache")

    with pytest.raises(DatasetError) as caught:
        library.load("fashion_mnist")

    for part in (tmp_path / "here", tmp_path / "there", "TFDS_DATA_DIR", "tfds.load"):
        assert str(part) in str(caught.value)
    assert not library.available("fashion_mnist")
    assert not (library.cache / "fashion_mnist.npz").exists()


def test_digits_are_always_available(tmp_path, offline):
    """They ship with scikit-learn."""
    assert Library(search=(), cache=tmp_path).available("digits")


def test_the_first_folder_that_has_the_data_wins(small):
    """`locate` goes through the search path in order, and looks into the cache first."""
    first = Library(search=(small.search[-1], small.search[0]), cache=small.cache)

    assert small.locate("mnist") == first.locate("mnist") == small.search[-1]
    assert small.locate("fashion_mnist") is None


@pytest.mark.parametrize(
    "error", [OSError("no route"), ValueError("no scheme"), BadStatusLine("<html>")]
)
def test_a_host_that_fails_is_not_reachable(monkeypatch, error):
    """Network trouble is an answer, not a crash."""

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(datasets.urllib.request, "urlopen", fail)

    assert not datasets._reachable("mnist")


def test_head_takes_the_first_of_each_split(library):
    """Five of each, in canonical order."""
    digits = library.load("digits")
    head = digits.head(5)

    np.testing.assert_array_equal(head.x_train, digits.x_train[:5])
    np.testing.assert_array_equal(head.y_test, digits.y_test[:5])
    assert (len(head.y_train), len(head.x_test), head.name) == (5, 5, "digits")


def test_mnist_is_the_real_one(real_mnist):
    """Counts of every digit as LeCun's files have them, in train and test."""
    train, test = (np.bincount(each) for each in (real_mnist.y_train, real_mnist.y_test))

    assert train.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert test.tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_mnist_pixels_have_their_known_moments(real_mnist):
    """Shapes, range, and the mean and deviation that everybody normalises MNIST by."""
    assert real_mnist.x_train.shape == (60_000, 28, 28, 1)
    assert real_mnist.x_test.shape == (10_000, 28, 28, 1)
    assert (real_mnist.x_train.min(), real_mnist.x_train.max()) == (0, 1)
    mean, std = real_mnist.x_train.mean(dtype=float), real_mnist.x_train.std(dtype=float)
    assert mean == pytest.approx(0.1307, abs=5e-5)  # printed to four decimals
    assert std == pytest.approx(0.3081, abs=5e-5)  # printed to four decimals


def test_a_flipped_byte_in_the_real_shard_is_named(library, tmp_path):
    """The same on a copy of MNIST itself: found, named, never cached."""
    mirrors = [each for each in library.search if (each / "mnist" / "3.0.1").is_dir()]
    if not mirrors:
        pytest.skip(f"{UNTESTED}: {library.how_to_get('mnist')}")
    copy = tmp_path / "mnist" / "3.0.1"
    copy.mkdir(parents=True)
    for file in (mirrors[0] / "mnist" / "3.0.1").iterdir():
        shutil.copyfile(file, copy / file.name)
    flip(copy / "mnist-train.tfrecord-00000-of-00001", 1_000_000)

    with pytest.raises(DatasetError, match="cannot be read") as caught:
        Library(search=(tmp_path,), cache=tmp_path / "cache").load("mnist")

    assert str(copy) in str(caught.value)
    assert not (tmp_path / "cache" / "mnist.npz").exists()

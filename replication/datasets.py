"""Data sets: MNIST, Fashion-MNIST and scikit-learn's digits, the same everywhere.

Images come decoded, as float32 in [0, 1] of shape `(n, 28, 28, 1)`, in one
canonical order: ascending SHA-256 of each image's bytes, then label. The order
is pseudo-random and the same from every source, so that "the last fifth" means
the same images everywhere (docs/decisions/0002). What was read is checked
against committed digests; data with other pixels are never trained on.

This is the only module that needs TensorFlow, and only until the decoded
arrays are cached as `.npz`.
"""

import hashlib
import http.client
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from replication import store
from replication.errors import ReplicationError

# SHA-256 over the uint8 images, then the labels, of train and test in canonical order.
DIGESTS = {
    "mnist": "fc2ce3d8bcefcde059c6975361efe6d31a48850ec088d7a2b8ac87d99e6a2f0a",
    "fashion_mnist": "5a9bd932eab1f1a24684bdfb000ce8e3fca5eb7cca17870dcb9ffbeac2202a9c",
    "digits": "b638e972179672106c1f46d1ac064f47919bf44c31f7ed6e8ea5cf8999e7fc16",
}
# (training images, test images); digits: 1,797 in all, so that 15 batches of 100 train.
COUNTS = {"mnist": (60_000, 10_000), "fashion_mnist": (60_000, 10_000), "digits": (1_500, 297)}
LABELS = {
    "mnist": tuple("0123456789"),
    "fashion_mnist": (
        "T-shirt",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle boot",
    ),
    "digits": tuple("0123456789"),
}
_VERSION = "3.0.1"  # of both TFDS data sets
_PROBES = {  # one small request to the host that TFDS downloads from
    "mnist": "https://storage.googleapis.com/cvdf-datasets/mnist/train-labels-idx1-ubyte.gz",
    "fashion_mnist": "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
    "train-labels-idx1-ubyte.gz",
}


class DatasetError(ReplicationError, ValueError):
    """A data set is unknown, absent or damaged; the message says what to do."""


@dataclass(frozen=True)
class Dataset:
    """A labelled image data set in canonical order.

    Attributes:
        name: One of `DIGESTS`.
        x_train: Float32 in [0, 1], shape `(num_train, 28, 28, 1)`.
        y_train: Labels, int64, shape `(num_train,)`.
        x_test: Like `x_train`, shape `(num_test, 28, 28, 1)`.
        y_test: Like `y_train`, shape `(num_test,)`.
        labels: The name of each class, in the order of the label numbers.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    labels: tuple[str, ...]

    def head(self, num_examples: int) -> "Dataset":
        """The first `num_examples` of each split."""
        return Dataset(
            self.name,
            self.x_train[:num_examples],
            self.y_train[:num_examples],
            self.x_test[:num_examples],
            self.y_test[:num_examples],
            self.labels,
        )


@dataclass(frozen=True)
class Library:
    """Where data sets are looked for, and where decoded arrays are kept.

    Attributes:
        search: Folders in TFDS' layout, first hit wins.
        cache: Folder of the decoded `.npz` arrays.
        downloads: Where a download goes; by default the last one of `search`.
    """

    search: tuple[Path, ...]
    cache: Path
    downloads: Path | None = None

    def load(self, name: str) -> Dataset:
        """Reads one data set: from the cache, else from TFDS, else from the network.

        Raises:
            DatasetError: If the name is unknown, no source has the data, or
                what was read does not match the committed digest.
            StoreError: If the cache is damaged or cannot be written.
        """
        _require_known(name)
        if name == "digits":
            arrays = _digits()
            _require_digest(arrays, name, "scikit-learn's load_digits")
        else:
            arrays = self._cached(name)
        x_train, y_train, x_test, y_test = arrays
        return Dataset(name, scaled(x_train), y_train, scaled(x_test), y_test, LABELS[name])

    def locate(self, name: str) -> Path | None:
        """The first place on this machine that has the data set, or None.

        Raises:
            DatasetError: If the name is unknown.
        """
        _require_known(name)
        if self._cache_path(name).exists():
            return self._cache_path(name)
        for folder in self.search:
            if (folder / name / _VERSION / "dataset_info.json").exists():
                return folder
        return None

    def available(self, name: str) -> bool:
        """Whether `load` can be expected to succeed: on this machine, or by download."""
        return name == "digits" or self.locate(name) is not None or _reachable(name)

    def how_to_get(self, name: str) -> str:
        """A sentence that says how to provide the data set."""
        places = ", ".join(str(folder) for folder in self.search)
        return (
            f"{name} is in none of {places}, and its host cannot be reached. Set TFDS_DATA_DIR "
            f"to a folder that holds {name}/{_VERSION}/, or connect to a network and run "
            f"`python -c \"import tensorflow_datasets as tfds; tfds.load('{name}')\"`."
        )

    def _cache_path(self, name: str) -> Path:
        return self.cache / f"{name}.npz"

    def _cached(self, name: str) -> tuple[np.ndarray, ...]:
        path = self._cache_path(name)
        names = ("x_train", "y_train", "x_test", "y_test")
        if not path.exists():  # a cache that is there may be read-only
            store.make_folder(self.cache)
            with store.lock(path.with_suffix(".lock")):
                if not path.exists():
                    store.save_arrays(path, dict(zip(names, self._decode(name), strict=True)))
        stored = store.load_arrays(path)
        missing = [each for each in names if each not in stored]
        if missing:
            raise DatasetError(
                f"{path} does not hold {', '.join(missing)}; expected an .npz file written by "
                "this package. Delete it and run again. Nothing was trained on it."
            )
        arrays = tuple(stored[each] for each in names)
        _require_digest(arrays, name, str(path))
        return arrays

    def _decode(self, name: str) -> tuple[np.ndarray, ...]:
        folder = self.locate(name)
        if folder is None and not _reachable(name):
            raise DatasetError(self.how_to_get(name))
        folder = folder or self.downloads or self.search[-1]
        arrays = canonical_order(*_read_tfds(name, folder))
        _require_digest(arrays, name, str(folder / name / _VERSION))
        return arrays


def canonical_order(x_train, y_train, x_test, y_test) -> tuple[np.ndarray, ...]:
    """Orders each split by the SHA-256 of each image's bytes, then by label.

    Args:
        x_train: Unsigned bytes of shape `(num_train, 28, 28, 1)`.
        y_train: Integer labels of shape `(num_train,)`.
        x_test: Like `x_train`.
        y_test: Like `y_train`.

    Returns:
        The four arrays, reordered, labels as int64.
    """
    ordered = []
    for x, y in ((x_train, y_train), (x_test, y_test)):
        keys = [
            (hashlib.sha256(image.tobytes()).digest(), int(label))
            for image, label in zip(x, y, strict=True)
        ]
        order = sorted(range(len(keys)), key=keys.__getitem__)
        ordered += [np.ascontiguousarray(x[order]), np.asarray(y, dtype=np.int64)[order]]
    return tuple(ordered)


def digest(arrays: tuple[np.ndarray, ...]) -> str:
    """SHA-256 of images and labels, as 64 hexadecimal digits."""
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()


def _require_known(name: str) -> None:
    if name not in DIGESTS:
        raise DatasetError(f"unknown data set {name!r}; expected one of {', '.join(DIGESTS)}.")


def _require_digest(arrays: tuple[np.ndarray, ...], name: str, source: str) -> None:
    found = digest(arrays)
    if found != DIGESTS[name]:
        raise DatasetError(
            f"{source} does not hold the pixels and labels of {name}: expected SHA-256 "
            f"{DIGESTS[name][:16]}…, received {found[:16]}…. The file is damaged or of another "
            "version: delete it and provide it anew. Nothing was trained on it."
        )


def scaled(images: np.ndarray) -> np.ndarray:
    """Bytes in [0, 255] as float32 in [0, 1]."""
    return images.astype(np.float32) / np.float32(255)


def _digits() -> tuple[np.ndarray, ...]:
    """The 8x8 digits, each pixel as 3x3, padded by two to 28x28, split 1,500 / 297."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    images = np.rint(images.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    images = images.repeat(3, axis=1).repeat(3, axis=2)
    images = np.pad(images, ((0, 0), (2, 2), (2, 2)))[..., np.newaxis]
    x, y, _, _ = canonical_order(images, labels, images[:0], labels[:0])
    num_train = COUNTS["digits"][0]
    return x[:num_train], y[:num_train], x[num_train:], y[num_train:]


def _read_tfds(name: str, folder: Path) -> tuple[np.ndarray, ...]:
    """Reads both splits with TFDS, downloading into `folder` if it has nothing."""
    import tensorflow_datasets as tfds

    here = folder / name / _VERSION
    try:
        builder = tfds.builder(f"{name}:{_VERSION}", data_dir=str(folder))
        if not here.exists():
            builder.download_and_prepare()
        splits = builder.as_dataset(split=["train", "test"], batch_size=-1, as_supervised=True)
        arrays = [array for split in splits for array in tfds.as_numpy(split)]
    except Exception as error:  # of damaged files TFDS raises whatever its parsers do
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DatasetError(
            f"{name} in {here} cannot be read: {reason}. Expected TFDS {name} {_VERSION} with "
            f"{COUNTS[name][0]} training and {COUNTS[name][1]} test images. The files are damaged "
            "or incomplete: delete the folder and provide it anew. Nothing was trained on it."
        ) from error
    return tuple(arrays)


def _reachable(name: str) -> bool:
    """Whether the data set's host answers within three seconds.

    TFDS itself retries for minutes before it gives up.
    """
    request = urllib.request.Request(_PROBES[name], method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=3):
            return True
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError):
        return False

"""What this machine computes: small fixed computations, hashed bit by bit.

Names of processors and versions do not say which kernels a library picks, and two machines of one
name may round differently (docs/decisions/0012). So the operations that experiments rest on are
carried out on numbers that are the same everywhere, and the bits of the results are compared. Two
runs are of one environment if all parts agree, whatever the names.
"""

import functools
import hashlib
from collections.abc import Callable, Iterator

import numpy as np

UNKNOWN = "unknown"  # the digest of a part that could not be computed; it equals nothing
_Arrays = Iterator[np.ndarray]


@functools.cache
def probe() -> dict[str, str]:
    """Digests of what this process computes, by part; computed once.

    Random states are left as they were, so that what is trained afterwards is not touched.

    Returns:
        Mapping from the parts of `PARTS` to 8 hexadecimal digits each, or to `UNKNOWN` where a
        part could not be computed, or is not finite.
    """
    return {name: _digest(compute) for name, compute in PARTS.items()}


def _digest(compute: Callable[[np.random.Generator], _Arrays]) -> str:
    sha = hashlib.sha256()
    try:
        for array in compute(np.random.default_rng(0)):
            if not np.isfinite(array).all():
                return UNKNOWN
            sha.update(np.ascontiguousarray(array).data)
    except Exception:  # whatever a library says here, it is no reason to end a run
        return UNKNOWN
    return sha.hexdigest()[:8]


def _pair(rng: np.random.Generator, dtype) -> tuple[np.ndarray, np.ndarray]:
    """Two matrices of the sizes that layers and their gradients multiply, in [-0.5, 0.5)."""
    sizes = ((128, 784), (784, 200))
    return tuple(rng.random(size).astype(dtype) - dtype(0.5) for size in sizes)


def _products(rng: np.random.Generator) -> _Arrays:
    """NumPy and SciPy come with a BLAS each."""
    from scipy.linalg import blas

    for dtype, gemm in ((np.float32, blas.sgemm), (np.float64, blas.dgemm)):
        a, b = _pair(rng, dtype)
        yield from (a @ b, a.T @ (a @ b), a @ b[:, 0], gemm(1.0, a, b))


def _decompositions(rng: np.random.Generator) -> _Arrays:
    from scipy import linalg

    for dtype in (np.float32, np.float64):
        a = rng.random((96, 64)).astype(dtype)
        square = a.T @ a
        yield from np.linalg.svd(a, full_matrices=False)
        yield from np.linalg.eigh(square)
        yield from (*linalg.svd(a, full_matrices=False), *linalg.qr(a, mode="economic"))
        yield from (*linalg.lu(square), linalg.cholesky(square), np.linalg.solve(square, a[0]))


def _elementary(rng: np.random.Generator) -> _Arrays:
    """What NumPy computes element by element, and its sums."""
    for dtype in (np.float32, np.float64):
        x = rng.random((64, 157)).astype(dtype) + dtype(0.01)
        yield from (np.exp(x), np.log(x), np.tanh(x), np.sin(x), np.sqrt(x), x**3)
        yield from (x.sum(axis=0), x.sum(axis=1), x.sum(), x.var(axis=0), np.linalg.norm(x, axis=1))


def _learners(rng: np.random.Generator) -> _Arrays:
    """What scikit-learn fits: a classifier, directions, clusters, neighbours."""
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier

    x, y = rng.random((300, 40)), rng.integers(3, size=300)
    x += y[:, None] * rng.random(40) / 4
    yield LogisticRegression(tol=1e-2).fit(x, y).predict_proba(x)
    yield PCA(8, svd_solver="full").fit_transform(x)
    yield PCA(8, svd_solver="covariance_eigh").fit_transform(x.astype(np.float32))
    yield KMeans(4, n_init=1, max_iter=10, random_state=0).fit(x).cluster_centers_
    yield KNeighborsClassifier(5).fit(x, y).kneighbors(x)[0]


def _operations(rng: np.random.Generator) -> _Arrays:
    """What the backend computes, one operation at a time."""
    from keras import ops

    a, b = (ops.convert_to_tensor(each) for each in _pair(rng, np.float32))
    product = ops.matmul(a, b)
    pictures = ops.convert_to_tensor(rng.random((16, 28, 28, 8), np.float32))
    kernel = ops.convert_to_tensor(rng.random((3, 3, 8, 16), np.float32) - np.float32(0.5))
    outputs = [product, ops.exp(product), ops.log(a * a + 1.0), ops.softmax(product)]
    outputs += [ops.sum(a), ops.mean(a, axis=0), ops.sigmoid(a), ops.tanh(a)]
    outputs += [ops.conv(pictures, kernel, strides=2, padding="same")]
    yield from (ops.convert_to_numpy(each) for each in outputs)


def _training(rng: np.random.Generator) -> _Arrays:
    """A few steps of Adam: forward, both gradients of convolutions and products, the loss."""
    import keras
    from keras import layers

    plain = {"kernel_initializer": "zeros", "use_bias": False}  # others draw from global states
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(16, 3, strides=2, padding="same", activation="relu", **plain),
            layers.Conv2DTranspose(8, 3, strides=2, padding="same", activation="relu", **plain),
            layers.Flatten(),
            layers.Dense(10, activation="softmax", **plain),
        ]
    )
    scales = [1.0 / np.sqrt(max(1, np.prod(each.shape[:-1]))) for each in model.weights]
    model.set_weights(
        [
            (scale * (rng.random(weight.shape, np.float32) - 0.5)).astype(np.float32)
            for weight, scale in zip(model.weights, scales, strict=True)
        ]
    )
    jax = keras.backend.backend() == "jax"
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=jax)
    model.optimizer.build(model.trainable_variables)  # or else the first step is traced twice
    for _ in range(3):
        x, y = rng.random((64, 28, 28, 1), np.float32), rng.integers(10, size=64)
        yield np.asarray(model.train_on_batch(x, y))
    yield from model.get_weights()


PARTS = {  # by what people call them
    "matrix products": _products,
    "decompositions": _decompositions,
    "elementary functions": _elementary,
    "scikit-learn": _learners,
    "layers": _operations,
    "training": _training,
}

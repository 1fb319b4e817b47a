"""Faults of the kinds that people really meet, planted in a process that runs experiments.

Each is a few lines that change the code in that process alone, and the cheap experiments that they
reach. `sees.py` runs them on an emulated other machine and writes down whether the check sees it.
"""

from typing import NamedTuple

DENSE = ("survey-sparse-l1", "survey-dense-relu")
CONTRACTIVE = ("contractive-as-intended", "contractive-no-penalty")
PROBES = ("contractive-baselines", "contractive-no-penalty")
UNTRAINED = ("clustering-untrained-kmeans-mnist", "clustering-untrained-kmeans-fashion")
PROBED = (*PROBES, *DENSE, "contractive-as-intended", "survey-code", "survey-robust-gaussian")
CLUSTERS = ("clustering-pixels-kmeans-mnist", "clustering-untrained-kmeans-mnist")


class Fault(NamedTuple):
    """What is wrong, which experiments it reaches, and the lines that plant it.

    `unseen` says why it cannot be seen, if it cannot.
    """

    name: str
    reaches: tuple[str, ...]
    lines: str
    unseen: str = ""


def _adam(**options):
    return (
        "adam = keras.optimizers.Adam\n"
        "keras.optimizers.Adam = lambda rate=1e-3: "
        f"adam(**{{'learning_rate': rate, **{options!r}}})"
    )


def _dense(**options):
    return (
        "start = keras.layers.Dense.__init__\n"
        "def begin(self, units, activation=None, **options):\n"
        f"    start(self, units, activation, **{{**{options!r}, **options}})\n"
        "keras.layers.Dense.__init__ = begin"
    )


def _data(change):
    return (
        "import dataclasses\n"
        "read = datasets.Library.load\n"
        "def load(self, name):\n"
        "    data = read(self, name)\n"
        f"    {change}\n"
        "datasets.Library.load = load"
    )


def _images(change):
    return _data(
        f"changed = {{split: (lambda images: {change})(getattr(data, split)) "
        "for split in ('x_train', 'x_test')}; return dataclasses.replace(data, **changed)"
    )


def _loss(name, change):
    return f"loss = losses.{name}\nlosses.{name} = lambda *inputs: {change}"


FAULTS = (
    Fault("Adam's epsilon is 1e-3", DENSE + CONTRACTIVE, _adam(epsilon=1e-3)),
    Fault("Adam's first moment decays at 0.5", DENSE + CONTRACTIVE, _adam(beta_1=0.5)),
    Fault("Adam's second moment decays at 0.9", DENSE + CONTRACTIVE, _adam(beta_2=0.9)),
    Fault("the learning rate is halved", DENSE, _adam(learning_rate=5e-4)),
    Fault("dense layers start from He's normal", DENSE, _dense(kernel_initializer="he_normal")),
    Fault("biases start at one", DENSE, _dense(bias_initializer="ones")),
    Fault("ReLU leaks", DENSE, "from keras.src import activations\n"
          "activations.ALL_OBJECTS_DICT['relu'] = lambda x: keras.ops.leaky_relu(x, 0.2)"),
    Fault("LeakyReLU has a slope of 0.3", ("clustering-eq5-mnist", *UNTRAINED),
          "start = keras.layers.LeakyReLU.__init__\n"
          "keras.layers.LeakyReLU.__init__ = lambda self, negative_slope=0.3, **options: "
          "start(self, 0.3, **options)"),
    Fault("dropout drops nothing", ("applied-features",),
          "keras.layers.Dropout.call = lambda self, x, training=False: x",
          "one classifier has it, and of 297 images it names as many without, to within a seed"),
    Fault("images are scaled to [-1, 1]", DENSE + PROBES, _images("2 * images - 1")),
    Fault("images are divided by 256", DENSE + PROBES, _images("images * np.float32(255 / 256)")),
    Fault("a border of six pixels is cut off", DENSE + CLUSTERS,
          _images("np.pad(images[:, 6:-6, 6:-6], ((0, 0), (6, 6), (6, 6), (0, 0)))")),
    Fault("images are moved by a pixel", CLUSTERS + DENSE,
          _images("np.roll(images, 1, axis=1)")),
    Fault("a tenth of the training labels are wrong", PROBES, _data(
        "wrong = np.where(np.arange(len(data.y_train)) % 10, data.y_train, 0); "
        "return dataclasses.replace(data, y_train=wrong)")),
    Fault("two classes are swapped in the test labels", PROBES, _data(
        "swap = np.array([0, 1, 2, 3, 9, 5, 6, 7, 8, 4]); "
        "return dataclasses.replace(data, y_test=swap[data.y_test])")),
    Fault("test images leak into training", PROBES, _data(
        "n = len(data.y_test); return dataclasses.replace(data, "
        "x_train=np.concatenate([data.x_test, data.x_train[n:]]), "
        "y_train=np.concatenate([data.y_test, data.y_train[n:]]))")),
    Fault("a fifth of the training images are missing", DENSE + PROBES, _data(
        "n = len(data.y_train) * 4 // 5; return dataclasses.replace(data, "
        "x_train=data.x_train[:n], y_train=data.y_train[:n])")),
    Fault("the order is no longer shuffled", DENSE + CONTRACTIVE,
          "training.epoch_order = lambda num, *, seed, epoch: np.arange(num)"),
    Fault("training stops an epoch early", DENSE + CONTRACTIVE,
          "experiments.Profile.epochs = lambda self, epochs: epochs - 1"),
    Fault("the L1 penalty is averaged over units", ("survey-sparse-l1",),
          _loss("l1_activity", "loss(*inputs) / inputs[0].shape[-1]")),
    Fault("the reconstruction error is halved", ("survey-sparse-l1", "survey-sparse-kl"),
          _loss("squared_error", "loss(*inputs) / 2")),
    Fault("the contractive penalty is halved", ("contractive-as-intended",),
          _loss("contractive_penalty", "loss(*inputs) / 2")),
    Fault("the divergence of sparsity is halved", ("survey-sparse-kl",),
          _loss("bernoulli_kl", "loss(*inputs) / 2")),
    Fault("weight decay counts twice", ("survey-decay",),
          _loss("squared_norm", "2 * loss(*inputs)")),
    Fault("noise is half as strong", ("survey-robust-gaussian",),
          "start = keras.layers.GaussianNoise.__init__\n"
          "keras.layers.GaussianNoise.__init__ = lambda self, stddev, **options: "
          "start(self, stddev / 2, **options)"),
    Fault("noise is on where there should be none", ("survey-robust-gaussian",),
          "call = keras.layers.GaussianNoise.call\n"
          "keras.layers.GaussianNoise.call = lambda self, x, training=False: call(self, x, True)"),
    Fault("four neighbours vote, not five", ("contractive-as-intended", *PROBES),
          "from replication.metrics import probes\nprobes.NEIGHBORS = 4",
          "a third of a seed standard deviation: of 297 images all but a few are named alike"),
    Fault("the probe stops after three steps", PROBED,
          "from replication.metrics import probes\nfull = probes.LogisticRegression\n"
          "probes.LogisticRegression = lambda **options: full(**{**options, 'max_iter': 3})"),
    Fault("the probe is scored on training codes", PROBES,
          "metrics.linear_probe_accuracy = lambda codes, labels: float("
          "metrics.fit_linear_probe(codes[0], labels[0]).score(codes[0], labels[0]))"),
    Fault("principal components are whitened", PROBES,
          "from replication.metrics import probes\nfull = probes.PCA\n"
          "probes.PCA = lambda n, **options: full(n, whiten=True, **options)"),
    Fault("k-means takes one step", CLUSTERS,
          "from replication.experiments.clustering import protocol\nfull = protocol.KMeans\n"
          "protocol.KMeans = lambda *inputs, **options: full(*inputs, **{**options, "
          "'max_iter': 1, 'n_init': 1})"),
    Fault("purity counts one image too many", CLUSTERS,
          "from replication.metrics import clusters\npurity = clusters.purity_score\n"
          "clusters.purity_score = lambda table: purity(table) + 1 / table.sum()",
          "one image of a share is less than its resolution, two images"),
    Fault("bfloat16 where float32 was", DENSE + CONTRACTIVE,
          "call = keras.layers.Dense.call\n"
          "def low(x):\n"
          "    return keras.ops.cast(keras.ops.cast(x, 'bfloat16'), 'float32')\n"
          "keras.layers.Dense.call = lambda self, x, training=None: low(call(self, low(x)))"),
)  # fmt: skip

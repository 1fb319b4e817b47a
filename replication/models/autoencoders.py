"""Dense autoencoders: plain, tied, denoising, deep, sparse, and with K codes.

Inputs may be images or vectors; they are flattened. `call` returns a dict with
`code` and `x_decoded`, both flat. What is minimised is the mean over the batch
of `squared_error` and, term by term, of what a subclass adds to it.
"""

import keras
from keras import layers, ops

from replication import losses
from replication.layers import HardCode, MaskingNoise, NearestVector, RunningMean, TiedDense
from replication.models.termwise import TermwiseModel

NOISES = ("masking", "gaussian")


class Autoencoder(TermwiseModel):
    """Dense layers to a code, and the mirror image of them back.

    Args:
        units: Units of the encoder's layers; the last is the code.
        activation: Of every layer but the last.
        output: Activation of the last layer.
        tied: Whether each decoder layer shares the kernel of its encoder layer.
        weight_decay: lambda of the squared norm of all kernels.
        noise: Corruption of the inputs while training, `"masking"` (`level` is
            the share erased) or `"gaussian"` (`level` is the standard
            deviation); None for none. The target stays clean.
        level: How much of it.
        num_inputs: Numbers in one flattened input.
        seed: Seed of the noise.

    Raises:
        ValueError: If `noise` is neither of the two.

    Source: 郑之杰 (2020), §1 and §4; tying as in §1, weight by weight.
    """

    def __init__(
        self,
        *,
        units: tuple[int, ...],
        activation: str = "sigmoid",
        output: str = "sigmoid",
        tied: bool = False,
        weight_decay: float = 0.0,
        noise: str | None = None,
        level: float = 0.0,
        num_inputs: int = 784,
        seed: int = 0,
    ):
        super().__init__()
        self.num_inputs = num_inputs
        self.flatten = layers.Flatten()
        self.corrupt = _noise_layer(noise, level, seed=seed)
        self.encoder = [layers.Dense(each, activation) for each in units]
        sizes = (num_inputs, *units[:-1])
        backwards = list(zip(self.encoder, sizes, strict=True))[::-1]
        self.decoder = []
        for number, (source, size) in enumerate(backwards, start=1):
            last = output if number == len(units) else activation
            tie = TiedDense(source, activation=last)
            self.decoder.append(tie if tied else layers.Dense(size, last))
        self.weight_decay = weight_decay
        self.track("reconstruction_loss")
        if weight_decay:
            self.track("weight_decay")

    @property
    def kernels(self) -> list:
        """Every kernel once, encoder first."""
        own = [each for each in self.decoder if not isinstance(each, TiedDense)]
        return [each.kernel for each in (*self.encoder, *own)]

    def encode(self, x):
        """Codes of shape `(batch, units[-1])`, without corruption."""
        return _apply(self.encoder, self.flatten(x))

    def decode(self, code):
        """Flat reconstructions of shape `(batch, num_inputs)`."""
        return _apply(self.decoder, code)

    def call(self, x, training=False):
        code = self.encode(self.corrupt(x, training=training))
        return {"code": code, "x_decoded": self.decode(code)}

    def compute_terms(self, x, outputs) -> dict:
        """Reconstruction error, and weight decay where there is any."""
        terms = {"reconstruction_loss": losses.squared_error(self.flatten(x), outputs["x_decoded"])}
        if self.weight_decay:
            terms["weight_decay"] = self.weight_decay * losses.squared_norm(*self.kernels)
        return terms


class DenseAutoencoder(keras.Model):
    """The usual Keras autoencoder: images in, flat reconstructions out, any Keras loss.

    Its target is given to `fit`, so that it can learn from noisy to clean.

    Args:
        units: Units of the encoder's layers; the last is the code.
        activation: Of every layer but the code and the last.
        code: Activation of the code.
        output: Activation of the last layer.
        num_inputs: Numbers in one flattened input.

    Source: article 04, part 3, item 2.
    """

    def __init__(
        self,
        *,
        units: tuple[int, ...],
        activation: str = "relu",
        code: str = "relu",
        output: str = "sigmoid",
        num_inputs: int = 784,
    ):
        super().__init__()
        self.flatten = layers.Flatten()
        *hidden, code_dim = units
        self.encoder = [*(layers.Dense(each, activation) for each in hidden)]
        self.encoder.append(layers.Dense(code_dim, code))
        self.decoder = [*(layers.Dense(each, activation) for each in reversed(hidden))]
        self.decoder.append(layers.Dense(num_inputs, output))

    def encode(self, x):
        """Codes of shape `(batch, units[-1])`."""
        return _apply(self.encoder, self.flatten(x))

    def decode(self, code):
        """Flat reconstructions of shape `(batch, num_inputs)`."""
        return _apply(self.decoder, code)

    def call(self, x):
        return self.decode(self.encode(x))


class SparseAutoencoder(Autoencoder):
    """An autoencoder that pays for activity of its code.

    Args:
        penalty: `"l1"` for the sum of absolute activations, `"kl"` for the
            divergence of each unit's running mean from `target`.
        sparsity: eta, the weight of the penalty.
        target: rho*, for `"kl"`.
        momentum: beta of the running mean, for `"kl"`.
        **autoencoder: As in `Autoencoder`.

    Raises:
        ValueError: If `penalty` is neither of the two.

    Source: 郑之杰 (2020), §2. Which start the running mean has, the article
    does not say; ours starts on target.
    """

    def __init__(
        self,
        *,
        penalty: str,
        sparsity: float,
        target: float = 0.05,
        momentum: float = 0.9,
        **autoencoder,
    ):
        if penalty not in ("l1", "kl"):
            raise ValueError(f"penalty must be 'l1' or 'kl'; received {penalty!r}.")
        super().__init__(**autoencoder)
        self.penalty = penalty
        self.sparsity = sparsity
        self.target = target
        self.running_mean = RunningMean(momentum, initial=target)
        self.track("sparsity_loss")

    def call(self, x, training=False):
        outputs = super().call(x, training=training)
        outputs["mean_activation"] = self.running_mean(outputs["code"], training=training)
        return outputs

    def compute_terms(self, x, outputs) -> dict:
        terms = super().compute_terms(x, outputs)
        if self.penalty == "l1":
            activity = losses.l1_activity(outputs["code"])
        else:
            activity = losses.bernoulli_kl(self.target, outputs["mean_activation"])
        return {**terms, "sparsity_loss": self.sparsity * activity}


class HardCodeAutoencoder(TermwiseModel):
    """An autoencoder whose code can take K values only: logits, a hard code, a picture a code.

    Args:
        num_codes: K.
        num_inputs: Numbers in one flattened input.

    Source: 郑之杰 (2020), §1, on codes with K values; the estimator is ours,
    see `HardCode`.
    """

    def __init__(self, *, num_codes: int, num_inputs: int = 784):
        super().__init__()
        self.flatten = layers.Flatten()
        self.logits = layers.Dense(num_codes)
        self.hard_code = HardCode()
        self.pictures = layers.Dense(num_inputs, "sigmoid")
        self.track("reconstruction_loss")

    def encode(self, x):
        """One-hot codes of shape `(batch, num_codes)`."""
        return self.hard_code(self.logits(self.flatten(x)))

    def call(self, x):
        code = self.encode(x)
        return {"code": code, "x_decoded": self.pictures(code)}

    def compute_terms(self, x, outputs) -> dict:
        """The reconstruction error alone."""
        return {"reconstruction_loss": losses.squared_error(self.flatten(x), outputs["x_decoded"])}


class QuantizedAutoencoder(TermwiseModel):
    """One of K vectors as the code: what the encoder finds is moved to the nearest of them.

    Args:
        num_codes: K.
        code_dim: Numbers in a code vector.
        hidden_units: Units of the one hidden layer on either side.
        commitment: Weight that keeps the encoder near the chosen vector.
        num_inputs: Numbers in one flattened input.

    Source: 郑之杰 (2020), §1, on codes with K values; van den Oord et al.
    (2017), equation (3), for the loss.
    """

    def __init__(
        self,
        *,
        num_codes: int,
        code_dim: int = 16,
        hidden_units: int = 128,
        commitment: float = 0.25,
        num_inputs: int = 784,
    ):
        super().__init__()
        self.flatten = layers.Flatten()
        self.encoder = [layers.Dense(hidden_units, "relu"), layers.Dense(code_dim)]
        self.nearest = NearestVector(num_codes)  # `quantize` is a method of every Keras model
        self.decoder = [layers.Dense(hidden_units, "relu"), layers.Dense(num_inputs, "sigmoid")]
        self.commitment = commitment
        self.track("reconstruction_loss", "codebook_loss", "commitment_loss")

    def _vectors(self, x):
        return _apply(self.encoder, self.flatten(x))

    def encode(self, x):
        """One-hot codes of shape `(batch, num_codes)`."""
        return self.nearest(self._vectors(x))["choice"]

    def decode(self, vectors):
        """Flat reconstructions from vectors of the code space."""
        return _apply(self.decoder, vectors)

    def call(self, x):
        vectors = self._vectors(x)
        nearest = self.nearest(vectors)["nearest"]
        moved = vectors + ops.stop_gradient(nearest - vectors)  # straight through
        return {"vectors": vectors, "nearest": nearest, "x_decoded": self.decode(moved)}

    def compute_terms(self, x, outputs) -> dict:
        """Reconstruction error, pull of the codebook to the codes, and of the codes to it."""
        vectors, nearest = outputs["vectors"], outputs["nearest"]
        commitment = losses.squared_error(vectors, ops.stop_gradient(nearest))
        return {
            "reconstruction_loss": losses.squared_error(self.flatten(x), outputs["x_decoded"]),
            "codebook_loss": losses.squared_error(ops.stop_gradient(vectors), nearest),
            "commitment_loss": self.commitment * commitment,
        }


def _apply(chain: list, x):
    """One layer after the other."""
    for layer in chain:
        x = layer(x)
    return x


def corrupted(x, *, noise: str | None, level: float, seed: int):
    """Inputs as a denoising autoencoder sees them in training, drawn once.

    Args:
        x: Array of inputs.
        noise: As in `Autoencoder`.
        level: As in `Autoencoder`.
        seed: Seed of the noise.

    Returns:
        NumPy array of the same shape; not clipped.
    """
    return ops.convert_to_numpy(_noise_layer(noise, level, seed=seed)(x, training=True))


def _noise_layer(noise: str | None, level: float, *, seed: int) -> keras.layers.Layer:
    if noise is None:
        return layers.Identity()
    if noise not in NOISES:
        raise ValueError(f"noise must be one of {NOISES} or None; received {noise!r}.")
    if noise == "masking":
        return MaskingNoise(level, seed=seed)
    return layers.GaussianNoise(level, seed=seed)

"""The contractive autoencoder, with the choices on which text and listing of article 03 differ."""

import keras
from keras import ops

from replication import losses
from replication.models.autoencoders import Autoencoder

ERRORS = {"squared": losses.squared_error, "cross-entropy": losses.binary_cross_entropy}


class ContractiveAutoencoder(Autoencoder):
    """A one-layer sigmoid autoencoder that pays for the Jacobian of its encoder.

    Args:
        contraction: lambda, the weight of the penalty; with 0 nothing is paid,
            and the history still shows the norm.
        kernel: `"live"`, the trained kernel, as in the text; `"frozen"`, a copy
            of the kernel before training, as in the published listing.
        reduction: `"mean"` of the error over pixels, as in the listing, or
            `"sum"`, as in the text's cost function.
        error: `"squared"`, as in the listing, or `"cross-entropy"`, for which
            the text has a non-linear output in mind.
        **autoencoder: As in `Autoencoder`, with one layer of sigmoid units.

    Raises:
        ValueError: If `kernel`, `reduction` or `error` is neither of its two,
            or the encoder is not one layer of sigmoid units.

    Source: article 03, section Definition and code section.
    """

    def __init__(
        self,
        *,
        contraction: float,
        kernel: str = "live",
        reduction: str = "mean",
        error: str = "squared",
        **autoencoder,
    ):
        for name, value, known in (
            ("kernel", kernel, ("live", "frozen")),
            ("reduction", reduction, ("mean", "sum")),
            ("error", error, tuple(ERRORS)),
        ):
            if value not in known:
                raise ValueError(f"{name} must be one of {known}; received {value!r}.")
        units, activation = autoencoder["units"], autoencoder.get("activation", "sigmoid")
        if len(units) != 1 or activation != "sigmoid":
            raise ValueError(
                "the closed form of the penalty holds for one layer of sigmoid units; received "
                f"units={units!r} and activation={activation!r}."
            )
        super().__init__(**autoencoder)
        self.contraction = contraction
        self.kernel = kernel
        self.reduction = reduction
        self.error = error
        self.jacobian_norm = keras.metrics.Mean(name="jacobian_norm")
        if contraction:
            self.track("penalty_loss")

    def build(self, input_shape):
        (encoder,) = self.encoder
        encoder.build((None, self.num_inputs))
        self.frozen_kernel = self.add_weight(
            name="frozen_kernel", shape=encoder.kernel.shape, trainable=False
        )
        self.frozen_kernel.assign(ops.copy(encoder.kernel))  # JAX donates each buffer once

    def compute_terms(self, x, outputs) -> dict:
        terms = super().compute_terms(x, outputs)
        if self.error != "squared":
            error = ERRORS[self.error](self.flatten(x), outputs["x_decoded"])
            terms["reconstruction_loss"] = error
        if self.reduction == "mean":
            terms["reconstruction_loss"] = terms["reconstruction_loss"] / self.num_inputs
        live = losses.contractive_penalty(outputs["code"], self.encoder[0].kernel)
        self.jacobian_norm.update_state(live)
        if self.contraction:
            frozen = losses.contractive_penalty(outputs["code"], self.frozen_kernel)
            terms["penalty_loss"] = self.contraction * (live if self.kernel == "live" else frozen)
        return terms

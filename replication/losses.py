"""Losses, one value per example: nothing here averages over the batch.

Every function of examples returns shape `(batch,)` or `(batch, num_clusters)`;
penalties on weights and on mean activations are scalars.
Where a loss leaves out a constant of the objective, its docstring says which.
"""

import math

from keras import ops

# Keras' own fuzz factor when the article was written; inside the logarithm of equation (5).
EPSILON = 1e-7


def _require_same_shape(first, second, names: str) -> None:
    if tuple(first.shape) != tuple(second.shape):
        raise ValueError(
            f"{names} must have the same shape; received {tuple(first.shape)} and "
            f"{tuple(second.shape)}. Pass both for the same batch of examples."
        )


def gaussian_reconstruction_loss(x, x_decoded, precision: float):
    """-log N(x; x_decoded, I / precision) without its constant, for each example.

    0.5 * precision * sum_pixels (x - x_decoded)**2

    The constant left out is `0.5 * num_pixels * log(2 * pi / precision)`.

    Args:
        x: Images of shape `(batch, ...)`.
        x_decoded: The decoder's mean, same shape as `x`.
        precision: Inverse of the decoder's variance (the public code's
            factor `lamb`).

    Returns:
        Non-negative tensor of shape `(batch,)`, in nats, summed over every
        axis but the first.

    Raises:
        ValueError: If the shapes differ.

    Source: 苏剑林 (2018), first term of equation (5).

    Examples:
        >>> x, x_decoded = ops.array([[0.0, 2.0]]), ops.array([[0.0, 1.0]])
        >>> float(gaussian_reconstruction_loss(x, x_decoded, precision=5.0)[0])
        2.5
    """
    _require_same_shape(x, x_decoded, "x and x_decoded")
    axes = tuple(range(1, len(x.shape)))
    return 0.5 * precision * ops.sum(ops.square(x - x_decoded), axis=axes)


def gaussian_kl(mean, log_var):
    """KL divergence of N(mean, diag(exp(log_var))) from N(0, I), for each example.

    0.5 * sum_d (mean_d**2 + exp(log_var_d) - log_var_d - 1)

    With `mean` of shape `(batch, num_clusters, latent_dim)`, the differences
    between a code's mean and every cluster's mean, the same formula is the
    divergence from N(mu_y, I) for each cluster; pass `log_var` with an axis
    of length 1 in the middle.

    Args:
        mean: Float tensor of shape `(batch, ..., latent_dim)`.
        log_var: Natural logarithm of the variance, of a shape that broadcasts
            to that of `mean`.

    Returns:
        Non-negative tensor of shape `(batch, ...)`, in nats: summed over
        latents, not averaged over the batch.

    Raises:
        ValueError: If `log_var` has another rank or another `latent_dim`.

    Source: Kingma & Welling (2014), appendix B; 苏剑林 (2018), second term of
    equation (5).

    Examples:
        >>> float(gaussian_kl(ops.array([[1.0]]), ops.array([[0.0]]))[0])
        0.5
    """
    _require_latents(mean, log_var)
    return 0.5 * ops.sum(ops.square(mean) + ops.exp(log_var) - log_var - 1.0, axis=-1)


def gaussian_one_sample_kl(difference, log_var):
    """One-sample estimate of the KL from N(mu_y, I), without its constant.

    -0.5 * sum_d (log_var_d - (z_d - mu_yd)**2), with z ~ N(mean, exp(log_var))

    An unbiased estimate of `gaussian_kl` plus `latent_dim / 2`: the entropy
    term `-0.5 * sum_d epsilon_d**2` is replaced by nothing, and its
    expectation is `-latent_dim / 2`.

    Args:
        difference: `z - mu_y` of shape `(batch, num_clusters, latent_dim)`,
            for a sampled `z`.
        log_var: Shape `(batch, 1, latent_dim)`.

    Returns:
        Tensor of shape `(batch, num_clusters)`, in nats, summed over latents.

    Raises:
        ValueError: If `log_var` has another rank or another `latent_dim`.

    Source: the article's public code since December 2018; an estimate of
    equation (4).
    """
    _require_latents(difference, log_var)
    return -0.5 * ops.sum(log_var - ops.square(difference), axis=-1)


def _require_latents(mean, log_var) -> None:
    if len(mean.shape) != len(log_var.shape) or mean.shape[-1] != log_var.shape[-1]:
        raise ValueError(
            "mean and log_var must have the same rank and the same last axis (latent_dim); "
            f"received shapes {tuple(mean.shape)} and {tuple(log_var.shape)}. "
            "Expand log_var by a middle axis when mean has one per cluster."
        )


def class_weighted_kl(probabilities, kl):
    """sum_y p(y|z) * KL_y as a batched matrix product, for each example.

    Args:
        probabilities: p(y|z) of shape `(batch, num_clusters)`, rows sum to 1.
        kl: One divergence per cluster, same shape.

    Returns:
        Tensor of shape `(batch,)`: summed over clusters.

    Raises:
        ValueError: If the shapes differ.

    Source: 苏剑林 (2018), second term of equation (5), and the remark that it
    is a matrix product.

    Examples:
        >>> float(class_weighted_kl(ops.array([[0.25, 0.75]]), ops.array([[4.0, 8.0]]))[0])
        7.0
    """
    _require_same_shape(probabilities, kl, "probabilities and kl")
    product = ops.matmul(ops.expand_dims(probabilities, 1), ops.expand_dims(kl, 2))
    return ops.reshape(product, (-1,))  # (batch, 1, 1) -> (batch,)


def negative_entropy(probabilities):
    """sum_y p(y|z) * log p(y|z), for each example: KL from uniform, less log K.

    KL(p(y|z) || uniform) = negative_entropy + log(num_clusters)

    Args:
        probabilities: Shape `(batch, num_clusters)`, rows sum to 1.

    Returns:
        Tensor of shape `(batch,)` in [-log(num_clusters), 0], in nats, up to
        the `EPSILON` inside the logarithm.

    Source: 苏剑林 (2018), third term of equation (5), q(y) uniform.

    Examples:
        >>> round(float(negative_entropy(ops.array([[0.5, 0.5]]))[0]), 3)
        -0.693
    """
    return ops.sum(probabilities * ops.log(probabilities + EPSILON), axis=-1)


def squared_error(x, x_decoded):
    """Sum of squared differences over every axis but the first, for each example.

    sum_i (x_i - x_decoded_i)**2

    Args:
        x: Inputs of shape `(batch, ...)`.
        x_decoded: Reconstructions, same shape as `x`.

    Returns:
        Non-negative tensor of shape `(batch,)`: summed over pixels, not averaged.

    Raises:
        ValueError: If the shapes differ.

    Source: 郑之杰 (2020), §1, the reconstruction error.

    Examples:
        >>> float(squared_error(ops.array([[1.0, 2.0]]), ops.array([[0.0, 0.0]]))[0])
        5.0
    """
    _require_same_shape(x, x_decoded, "x and x_decoded")
    return ops.sum(ops.square(x - x_decoded), axis=tuple(range(1, len(x.shape))))


def binary_cross_entropy(x, x_decoded):
    """Cross-entropy of intensities in [0, 1], summed over every axis but the first.

    -sum_i [x_i * log(r_i) + (1 - x_i) * log(1 - r_i)], with r the reconstruction

    Args:
        x: Inputs in [0, 1].
        x_decoded: Reconstructions in [0, 1], same shape as `x`; kept `EPSILON`
            away from 0 and 1.

    Returns:
        Non-negative tensor of shape `(batch,)`, in nats: summed over pixels,
        not averaged. Least where `x_decoded` is `x`, where it is the entropy
        of `x` and not zero.

    Raises:
        ValueError: If the shapes differ.

    Source: article 03, section Definition, the second form of L.

    Examples:
        >>> round(float(binary_cross_entropy(ops.array([[1.0]]), ops.array([[0.5]]))[0]), 3)
        0.693
    """
    _require_same_shape(x, x_decoded, "x and x_decoded")
    r = ops.clip(x_decoded, EPSILON, 1 - EPSILON)
    nats = x * ops.log(r) + (1 - x) * ops.log(1 - r)
    return -ops.sum(nats, axis=tuple(range(1, len(x.shape))))


def squared_norm(*kernels):
    """Squared Frobenius norm of one or more matrices together: the weight decay, a scalar.

    sum_ij W_ij**2

    Source: 郑之杰 (2020), §1, the term with lambda.

    Examples:
        >>> float(squared_norm(ops.array([[1.0, 2.0]]), ops.array([[3.0]])))
        14.0
    """
    return sum(ops.sum(ops.square(kernel)) for kernel in kernels)


def l1_activity(code):
    """Sum of the absolute activations, for each example.

    sum_m |z_m|

    Args:
        code: Activations of shape `(batch, num_units)`.

    Returns:
        Non-negative tensor of shape `(batch,)`: summed over units.

    Source: 郑之杰 (2020), §2, the l1 norm.

    Examples:
        >>> float(l1_activity(ops.array([[1.0, -2.0]]))[0])
        3.0
    """
    return ops.sum(ops.abs(code), axis=-1)


def bernoulli_kl(target: float, mean_activation):
    """KL divergence of each unit's mean activation from a target, summed over units.

    sum_m target * log(target / mean_m) + (1 - target) * log((1 - target) / (1 - mean_m))

    Args:
        target: Target activation in (0, 1).
        mean_activation: Mean activations in [0, 1], shape `(num_units,)`;
            kept `EPSILON` away from 0 and 1.

    Returns:
        Non-negative scalar, in nats; zero where every mean is on target.

    Raises:
        ValueError: If `target` is not inside (0, 1).

    Source: 郑之杰 (2020), §2, the KL divergence of rho* and rho_m.

    Examples:
        >>> [round(float(bernoulli_kl(0.5, ops.array([mean]))), 3) for mean in (0.5, 0.25)]
        [0.0, 0.144]
    """
    if not 0 < target < 1:
        raise ValueError(f"target must lie inside (0, 1); received {target!r}.")
    mean = ops.clip(mean_activation, EPSILON, 1 - EPSILON)
    on = target * (math.log(target) - ops.log(mean))
    off = (1 - target) * (math.log(1 - target) - ops.log(1 - mean))
    return ops.sum(on + off, axis=-1)


def guarded_bernoulli_kl(target: float, mean_activation, *, guard: float):
    """`bernoulli_kl` with another guard in its two logarithms, summed over units.

    sum_m target * log(target / max(mean_m, guard))
        + (1 - target) * log((1 - target) / max(1 - mean_m, guard))

    Both logarithms are guarded apart, so that a guard too small to be told
    from 1 in single precision still holds on both sides. Inside the guard the
    gradient is zero.

    Args:
        target: Target activation in (0, 1).
        mean_activation: Mean activations in [0, 1], shape `(num_units,)`.
        guard: The least number whose logarithm is taken, in (0, 0.5).

    Returns:
        Scalar, in nats; zero where every mean is on target, if the target is
        outside the guard.

    Raises:
        ValueError: If `target` is not inside (0, 1), or `guard` not inside (0, 0.5).

    Source: 郑之杰 (2020), §2, the KL divergence of rho* and rho_m, which says
    nothing of a mean of 0 or 1.
    """
    for name, value, end in (("target", target, 1), ("guard", guard, 0.5)):
        if not 0 < value < end:
            raise ValueError(f"{name} must lie inside (0, {end}); received {value!r}.")
    on = target * (math.log(target) - ops.log(ops.maximum(mean_activation, guard)))
    off = math.log(1 - target) - ops.log(ops.maximum(1 - mean_activation, guard))
    return ops.sum(on + (1 - target) * off, axis=-1)


def contractive_penalty(code, kernel):
    """Squared Frobenius norm of the Jacobian of a sigmoid layer, for each example.

    ||dh/dx||_F**2 = sum_j (h_j * (1 - h_j))**2 * sum_i W_ij**2

    Args:
        code: Output h of the layer, shape `(batch, num_units)`, in (0, 1).
        kernel: The layer's kernel W, shape `(num_inputs, num_units)`.

    Returns:
        Non-negative tensor of shape `(batch,)`: summed over units and inputs.

    Raises:
        ValueError: If `kernel` has another number of units than `code`.

    Source: Rifai et al. (2011), equation (9); article 03, code section.

    Examples:
        >>> float(contractive_penalty(ops.array([[0.5]]), ops.array([[2.0]]))[0])
        0.25
    """
    if code.shape[-1] != kernel.shape[-1]:
        raise ValueError(
            "code and kernel must have the same number of units; received shapes "
            f"{tuple(code.shape)} and {tuple(kernel.shape)}. Pass the kernel of the layer "
            "that made the code."
        )
    slope = code * (1 - code)  # the sigmoid's derivative
    return ops.matmul(ops.square(slope), ops.sum(ops.square(kernel), axis=0))

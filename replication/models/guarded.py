"""The sparse autoencoder with another guard in the logarithm of its penalty."""

from replication import losses
from replication.models.autoencoders import SparseAutoencoder


class GuardedSparseAutoencoder(SparseAutoencoder):
    """A `SparseAutoencoder` whose divergence takes no logarithm of less than `guard`.

    Args:
        guard: As in `losses.guarded_bernoulli_kl`.
        **sparse: As in `SparseAutoencoder`, with the penalty `"kl"`.

    Raises:
        ValueError: If the penalty is another one, which has no logarithm.

    Source: 郑之杰 (2020), §2; it gives no guard.
    """

    def __init__(self, *, guard: float, **sparse):
        if sparse.get("penalty") != "kl":
            raise ValueError(
                "only the penalty 'kl' has a logarithm to guard; received "
                f"penalty={sparse.get('penalty')!r}. Use SparseAutoencoder for others."
            )
        super().__init__(**sparse)
        self.guard = guard

    def compute_terms(self, x, outputs) -> dict:
        means = outputs["mean_activation"]
        divergence = losses.guarded_bernoulli_kl(self.target, means, guard=self.guard)
        terms = super().compute_terms(x, outputs)
        return {**terms, "sparsity_loss": self.sparsity * divergence}

"""An autoencoder that pays for the weights of one half only."""

from replication.models.autoencoders import Autoencoder


class EncoderDecayAutoencoder(Autoencoder):
    """`Autoencoder` whose weight decay counts the encoder's kernels and leaves the decoder's free.

    A control: what weight decay does to kernels must not happen to those that are not in it.
    """

    @property
    def kernels(self) -> list:
        """The kernels that are decayed."""
        return [each.kernel for each in self.encoder]

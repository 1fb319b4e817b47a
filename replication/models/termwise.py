"""Models whose loss is a sum of named terms, so that the history shows each of them."""

import keras
from keras import ops


class TermwiseModel(keras.Model):
    """A model that minimises the mean over the batch of the sum of `compute_terms`.

    In the history every term is a mean over examples, like the loss: a term
    without a batch axis counts once for every example.

    Subclasses call `track` with the names of their terms when they are built,
    and return these terms from `compute_terms`.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.loss_terms = {}

    def track(self, *names: str) -> None:
        """Announces terms of the loss; their means over an epoch enter the history."""
        for name in names:
            self.loss_terms[name] = keras.metrics.Mean(name=name)

    def compute_terms(self, x, outputs) -> dict:
        """The terms of the loss by name, each of shape `(batch,)` or `()`."""
        raise NotImplementedError(f"{type(self).__name__} must say what it minimises.")

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Mean over the batch of the sum of `compute_terms`."""
        total = 0.0
        for name, term in self.compute_terms(x, y_pred).items():
            weight = None if len(term.shape) else ops.shape(x)[0]
            self.loss_terms[name].update_state(term, sample_weight=weight)
            total = total + ops.mean(term)
        return total

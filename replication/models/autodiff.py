"""Derivatives by automatic differentiation, on any backend, to hold closed forms against."""

import keras
import numpy as np
from keras import ops


def autodiff_jacobian(function, x: np.ndarray) -> np.ndarray:
    """The Jacobian of a function at every example, by the backend's own differentiation.

    Keras has no operation for gradients, but its optimizers receive them: a
    step of plain gradient descent, of size 1, on a shift that starts at zero
    leaves the negative gradient in the shift, without round-off of its own.

    Args:
        function: Maps `(n, num_inputs)` to `(n, num_outputs)`, each example on
            its own; made of Keras layers and operations.
        x: Where to differentiate, shape `(n, num_inputs)`.

    Returns:
        Float array of shape `(n, num_outputs, num_inputs)`.
    """
    x = np.asarray(x, np.float32)
    num_outputs = function(x[:1]).shape[-1]

    class Shifted(keras.Model):
        """The sum over examples of one chosen output, at `x + shift`."""

        def build(self, input_shape):
            self.shift = self.add_weight(name="shift", shape=x.shape, initializer="zeros")
            self.chosen = self.add_weight(name="chosen", shape=(num_outputs,), trainable=False)

        def call(self, inputs):
            return function(inputs + self.shift)

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return ops.sum(y_pred * self.chosen)

    model = Shifted()
    model.build(x.shape)
    model.compile(optimizer=keras.optimizers.SGD(1.0))
    rows = []
    for output in np.eye(num_outputs, dtype=np.float32):
        model.chosen.assign(output)
        model.shift.assign(np.zeros_like(x))
        model.train_on_batch(x)
        rows.append(-ops.convert_to_numpy(model.shift))
    return np.stack(rows, axis=1)

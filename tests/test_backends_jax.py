"""The same experiments on JAX: whatever `test_backends.py` holds of another backend."""

from tests import test_backends


class TestJAX(test_backends.Other):
    """Same weights, same loss as with TensorFlow."""

    backend = "jax"

"""An experiment that measures what it is told, in the registry in place of all others.

And a worker that does a job in this process, for an experiment that no other process knows of, or
where a process of its own is not what is tested.
"""

import json

import keras

from replication import experiments
from replication.experiments import Metric
from replication.runner import one_job


def register(monkeypatch, function):
    """Makes an experiment of a function `(seed, profile) -> Outcome` the only one there is.

    It builds no model, so that a run of it in this process has none to clear away: that takes a
    second of collecting garbage, and a stand-in nothing.

    Returns:
        The experiment, and what its keys are made of beside the seed; a change there changes them.
    """
    stand_in = experiments.Experiment(
        name="clustering-stand-in",
        slug="clustering",
        function=function,
        dataset=None,
        datasets=(),
        seeds=(0, 1),
        minutes=1,
        metrics=(Metric("answer", "points"),),
        tier="core",
    )
    inputs = {"source": {"f": "1"}, "parameters": {}, "data": {}, "environment": {}}

    def of_seed(self, seed, profile):
        return json.loads(json.dumps({**inputs, "parameters": {"seed": seed}}))

    monkeypatch.setattr(type(stand_in), "inputs", of_seed)
    known = {stand_in.name: stand_in}
    monkeypatch.setattr(experiments, "registry", lambda: known)
    monkeypatch.setattr(keras.backend, "clear_session", lambda: None)
    return stand_in, inputs


class Here:
    """Stands in for a worker: does the job in this process, where stand-ins are known."""

    def __init__(self, threads, log, *, alone):
        pass

    def run(self, name, inputs, announce, *, every):
        task = {"name": name, "inputs": inputs, "every": every}
        return one_job._answer(task, announce)

    def kill(self):
        """Nothing runs apart."""

    close = kill

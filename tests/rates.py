"""Less of what is repeated, where how often is not what is tested: one rate, few pictures."""

from replication import few_labels
from replication.experiments.clustering import labelled
from replication.experiments.intuition import cheaper
from replication.experiments.survey import tying


def only_the_first(replace=setattr):
    """Leaves each module its first rate; `replace` is `setattr`, or one that can be undone."""
    for module in (cheaper, few_labels, tying):
        replace(module, "RATES", module.RATES[:1])


def few_pictures(replace=setattr):
    """Draws 20 pictures from a cluster where 500 are looked at; `replace` as above."""
    replace(labelled, "SAMPLES", 20)

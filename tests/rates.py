"""One learning rate for what chooses among several, where the choice is not what is tested."""

from replication import few_labels
from replication.experiments.intuition import cheaper
from replication.experiments.survey import tying


def only_the_first(replace=setattr):
    """Leaves each module its first rate; `replace` is `setattr`, or one that can be undone."""
    for module in (cheaper, few_labels, tying):
        replace(module, "RATES", module.RATES[:1])

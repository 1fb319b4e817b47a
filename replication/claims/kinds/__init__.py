"""The kinds of claim, a file for each: its fields, its verdicts, how it is judged and told."""

from replication.claims.kinds.exact import Exact
from replication.claims.kinds.order import Order
from replication.claims.kinds.reader import Reader
from replication.claims.kinds.value import Value

KINDS = {each.kind: each for each in (Value, Order, Exact, Reader)}
OUTCOMES = {word: each.outcome for kind in KINDS.values() for word, each in kind.answers.items()}
VERDICTS = tuple(OUTCOMES)

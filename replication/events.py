"""What happens while jobs run: lines to read that carry their facts for machines.

An event is the line that a person reads. Whoever draws a display, or writes JSON, takes its kind
and its facts instead of the words:

planned    jobs, stored, missing, minutes and by_job (None where unknown), budget, side_by_side
started    job; again where a cluster hands it to another worker
epoch      job, epoch, epochs, loss, seconds (trained so far), seconds_per_epoch, seconds_left
done       job, minutes with the training it rests on, whenever that was made
failed     job, why
left       job, minutes (None where unknown)
notebook   notebook, state (started, executed, failed, left), seconds
log        nothing: something to read

What a cluster's worker announces, and `done`, has `host` beside these.
"""

from collections.abc import Callable


class Event(str):
    """A line with a kind and facts.

    >>> event = Event("a/smoke/0: done", kind="done", job="a/smoke/0", minutes=1.0)
    >>> print(event)
    a/smoke/0: done
    >>> event.as_dict()
    {'event': 'done', 'line': 'a/smoke/0: done', 'job': 'a/smoke/0', 'minutes': 1.0}
    """

    kind: str
    facts: dict

    def __new__(cls, line: str, *, kind: str = "log", **facts):  # noqa: D102
        event = super().__new__(cls, line)
        event.kind, event.facts = kind, facts
        return event

    def as_dict(self) -> dict:
        """The event for JSON, which `from_dict` reads."""
        return {"event": self.kind, "line": str(self), **self.facts}

    @classmethod
    def from_dict(cls, record: dict) -> "Event":
        """The event that `as_dict` described."""
        facts = dict(record)
        kind, line = facts.pop("event"), facts.pop("line")
        return cls(line, kind=kind, **facts)


Announce = Callable[[Event], None]  # receives events; `print` will do

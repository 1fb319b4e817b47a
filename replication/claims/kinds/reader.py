"""A picture: shown, and never counted."""

from typing import ClassVar

from replication.claims.kinds.claim import SHOWN, Answer, Claim, Measure, Text
from replication.claims.kinds.judgement import Evidence, Judgement


class Reader(Claim):
    """A claim that only whoever looks at a figure can judge."""

    kind: ClassVar[str] = "reader"
    is_counted: ClassVar[bool] = False
    controls: ClassVar[tuple] = ()
    answers: ClassVar[dict[str, Answer]] = {
        "shown": Answer(SHOWN, "A picture: look for yourself. It is never counted.")
    }

    figure: Text
    measures: Measure = ""

    @property
    def expectation(self) -> str:
        """That it is a picture."""
        return "a picture"

    def judge(self, evidence: Evidence) -> Judgement:
        """That it is shown."""
        return Judgement("shown", f"a picture, never counted: {self.figure}")

    def ours(self, judgement: Judgement) -> str:
        """Where to look."""
        return "see notebook"

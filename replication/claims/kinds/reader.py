"""A picture: shown, and never counted."""

from replication.claims.kinds.judgement import Judgement

WORDS = ("shown",)


def judge(figure: str) -> Judgement:
    """The judgement of a claim that only a reader can judge."""
    return Judgement("shown", f"a picture, never counted: {figure}")

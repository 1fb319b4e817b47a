"""Claims and problems as plain objects, for programs that read JSON: no number is infinite."""

import math

from replication.claims.check import Report
from replication.claims.regression import status_of_claim


def of_claims(report: Report) -> list[dict]:
    """An object for every claim in reading order: what is reported, ours, and both verdicts.

    `seeds_needed` is null where no number is known, or none is large enough; `seeds_to_decide`
    says which, as the tables do.
    """
    objects = []
    for row in report.rows:
        claim, judgement = row.claim, row.judgement
        needed = judgement.seeds_needed
        regression = status_of_claim(claim, report.regressions) if claim.is_counted else None
        objects.append(
            {
                "event": "claim",
                "line": f"{row.slug}/{claim.id}: {judgement.verdict}",
                "article": row.slug,
                "claim": claim.id,
                "voice": claim.voice,
                "kind": claim.kind,
                "reported": claim.printed,
                "mean": judgement.mean,
                "low": judgement.low,
                "high": judgement.high,
                "values": {str(seed): value for seed, value in judgement.values.items()},
                "seeds_needed": None if needed is None or math.isinf(needed) else int(needed),
                "seeds_to_decide": row.seeds_needed,
                "verdict": judgement.verdict,
                "depends_on_settings": claim.depends_on_settings or None,
                "reason": judgement.reason,
                "facts": list(judgement.facts),
                "controls": [
                    {"control": each.name, "passes": each.passes, "reason": each.reason}
                    for each in judgement.controls
                ],
                "against_ourselves": regression,
            }
        )
    return objects


def of_problems(report: Report) -> list[dict]:
    """An object for every problem, with the file and line to look at, where there is one."""
    return [
        {
            "event": "problem",
            "line": f"{problem.subject}: expected {problem.expected}, found {problem.found}",
            "subject": problem.subject,
            "expected": problem.expected,
            "found": problem.found,
            "fix": problem.fix,
            "file": str(problem.place[0]) if problem.place else None,
            "row": problem.place[1] if problem.place else None,
        }
        for problem in report.problems
    ]

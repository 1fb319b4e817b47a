"""The claims at a glance: one square a claim, a row an article, and what README says of them.

What an article says and what we read into it stand apart, and are never added.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

import pandas as pd

from replication.claims import Article
from replication.claims.kinds import OUTCOMES
from replication.claims.kinds.claim import FAILS, HOLDS, OPEN
from replication.claims.numbers import in_digits
from replication.claims.tables import Row, markdown

_LOOKS = {HOLDS: ("#0072b2", "✓"), FAILS: ("#d55e00", "✕"), OPEN: ("#8a9099", "?")}  # Okabe & Ito
_WORDS = {
    "en": {
        "article": "article", "own": "its claims: hold / do not / open",
        "ours": "our readings: hold / do not / open", "read": "read",
        "cited": "{number:02d} · {author}, {name}, {year}", "name": "*{title}*",
        "about": "about {}", "unnamed": "unnamed", "printed": "printed in the article",
        "reach": "runs of ours that reach it", "mean": "our mean [95 % of runs]",
        "control": "best control", "verdict": "verdict",
        "of": "{} of {}", "none": "none", "see": "notebook", "source": "source",
    },
    "zh": {
        "article": "文章", "own": "原文的论断：成立 / 不成立 / 未定",
        "ours": "我们的解读：成立 / 不成立 / 未定", "read": "阅读",
        "cited": "{number:02d} · {name}，{year} 年", "name": "{short}", "about": "约 {}",
        "unnamed": "未署名", "printed": "原文给出的数字",
        "reach": "达到该数字的训练", "mean": "我们的均值［95 % 的训练］",
        "control": "最好的对照", "verdict": "判定",
        "of": "{1} 次中的 {0} 次", "none": "无", "see": "笔记本", "source": "源文件",
        "reproduced": "复现", "optimistic": "偏乐观", "pessimistic": "偏保守",
        "not reproduced": "未复现", "inconclusive": "未定", "vacuous": "检验力不足",
    },
}  # fmt: skip
_MARKERS = (("", "en"), ("-zh", "zh"))  # how their names end, by language
_SIDE, _GAP, _LEFT, _ROW, _WIDTH = 15, 3, 168, 27, 780  # pixels of the picture


def tables(
    articles: Mapping[str, Article], rows: Sequence[Row], metrics: pd.DataFrame
) -> dict[str, str]:
    """What stands between the markers of README, its translation, and the picture, by marker.

    `metrics` is `metrics.csv` of all articles.
    """
    arguments = articles, rows
    return {
        "overview": picture(*arguments),
        **{"scoreboard" + end: scoreboard(*arguments, tongue) for end, tongue in _MARKERS},
        **{"printed" + end: printed(rows, metrics, tongue) for end, tongue in _MARKERS},
    }


def scoreboard(articles: Mapping[str, Article], rows: Sequence[Row], language: str = "en") -> str:
    """The table of README: for each article how many claims hold, in Markdown."""
    words, lines = _WORDS[language], []
    for slug, article in articles.items():
        links = (
            f"[{words['see']}](results/{slug}/notebook.ipynb), "
            f"[{words['source']}](notebooks/{article.notebook})"
        )
        tallies = (tally(rows, slug, voice) for voice in ("article", "reading"))
        cells = (_slashed(each) if each else words["none"] for each in tallies)
        lines.append((_cited(article, words), *cells, links))
    return markdown([words[key] for key in ("article", "own", "ours", "read")], lines)


def _cited(article: Article, words: Mapping[str, str]) -> str:
    """Author, title and year; a link where the address is the article's own."""
    author = article.author.replace("unnamed", words["unnamed"])
    short = author.partition(" (")[0]
    name = words["name"].format(title=article.title, short=short)
    return words["cited"].format(
        number=article.number,
        author=author,
        name=article.linked(name),
        year=words["about"].format(article.year) if article.year_estimated else article.year,
    )


def tally(rows: Sequence[Row], slug: str, voice: str) -> Counter[str]:
    """How many claims of an article hold, do not, and are open; pictures aside."""
    return Counter(outcome(row) for row in counted(rows, slug, voice))


def counted(rows: Sequence[Row], slug: str, voice: str) -> list[Row]:
    """What an article claims, or what we read into it, pictures aside."""
    return [
        row for row in rows if (row.slug, row.claim.voice) == (slug, voice) and row.claim.is_counted
    ]


def outcome(row: Row) -> str:
    """What a verdict comes to."""
    return OUTCOMES[row.judgement.verdict]


def printed(rows: Sequence[Row], metrics: pd.DataFrame, language: str = "en") -> str:
    """The numbers that an article prints beside ours, in Markdown: who reaches them?"""
    words, shown = _WORDS[language], [row for row in rows if is_printed(row)]
    declared = {
        f"{each.experiment}/{each.metric}": (each.unit, each.better)
        for each in metrics.itertuples(index=False)
    }
    names = ("printed", "reach", "mean", "control", "verdict")
    return markdown(
        [words[key] for key in names],
        [_beside(row, words, *declared.get(row.claim.measures, ("", ""))) for row in shown],
    )


def is_printed(row: Row) -> bool:
    """Whether the article itself prints the number, and the runs are those of its main text."""
    return row.claim.printed is not None and row.claim.voice == "article" and row.claim.core


def _beside(row: Row, words: Mapping[str, str], unit: str, better: str) -> tuple[str, ...]:
    judgement, reported = row.judgement, row.claim.printed
    verdict = words.get(judgement.verdict, judgement.verdict)
    name = f"{in_digits(reported, unit)} (`{row.claim.id}`)"
    if judgement.mean is None:
        return name, *[words["none"]] * 3, verdict
    low, mean, high = (
        in_digits(each, unit) for each in (judgement.low, judgement.mean, judgement.high)
    )
    best = min if better == "lower" else max
    control = best((c.mean for c in judgement.controls if c.mean is not None), default=None)
    return (
        name,
        words["of"].format(judgement.num_reached, judgement.n),
        f"{mean} [{low}, {high}]" if judgement.n > 1 else mean,
        words["none"] if control is None else in_digits(control, unit),
        f"**{verdict}**",
    )


def _slashed(counts: Counter[str]) -> str:
    return " / ".join(str(counts[each]) for each in (HOLDS, FAILS, OPEN))


def picture(articles: Mapping[str, Article], rows: Sequence[Row]) -> str:
    """`docs/overview.svg`: a row of squares an article, ours after a gap."""
    height = 14 + len(articles) * _ROW + 36
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" '
        'font-family="system-ui, -apple-system, \'Segoe UI\', sans-serif" fill="#1c2024" '
        f'role="img" aria-label="Claims of {len(articles)} articles by verdict">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for place, (slug, article) in enumerate(articles.items()):
        x, y = _LEFT, 14 + place * _ROW
        parts.append(_text(8, y + 12, f"{article.number:02d} {slug}", weight="600"))
        for voice in ("article", "reading"):
            for row in counted(rows, slug, voice):
                title = f"{row.claim.id}: {row.verdict}. {row.claim.says}"
                parts.append(_square(x, y, outcome(row), title, voice))
                x += _SIDE + _GAP
            x += 3 * _GAP
    return "\n".join([*parts, *_legend(14 + len(articles) * _ROW + 8), "</svg>"])


def _square(x: int, y: int, outcome: str, title: str, voice: str) -> str:
    colour, glyph = _LOOKS[outcome]
    fill = (colour, "#ffffff") if voice == "article" else ("#ffffff", colour)
    return (
        f'<g><title>{escape(title)}</title><rect x="{x}" y="{y}" width="{_SIDE}" height="{_SIDE}" '
        f'rx="2" fill="{fill[0]}" stroke="{colour}"/>'
        f'<text x="{x + _SIDE / 2:g}" y="{y + 12}" text-anchor="middle" font-size="11" '
        f'fill="{fill[1]}">{glyph}</text></g>'
    )


def _legend(y: int) -> list[str]:
    parts, x = [], _LEFT
    for outcome in (HOLDS, FAILS, OPEN):
        parts.append(_square(x, y, outcome, outcome, "article"))
        parts.append(_text(x + _SIDE + 5, y + 12, outcome))
        x += _SIDE + 28 + 7 * len(outcome)
    parts.append(_text(x, y + 12, "filled: what the article says; outlined: our reading of it"))
    return parts


def _text(x: int, y: int, words: str, *, weight: str = "400") -> str:
    return f'<text x="{x}" y="{y}" font-size="13" font-weight="{weight}">{escape(words)}</text>'

"""Tables in GitHub's Markdown."""

from collections.abc import Iterable


def row(*cells: object) -> str:
    """One line of a table."""
    return "| " + " | ".join(map(str, cells)) + " |"


def head(*titles: str, numbers: bool = False) -> str:
    """The two lines that begin a table; with `numbers`, all columns but the first end at the right."""
    rule = ["---", *(["---:" if numbers else "---"] * (len(titles) - 1))]
    return f"{row(*titles)}\n{row(*rule)}"


def table(titles: Iterable[str], rows: Iterable[Iterable[object]], *, numbers: bool = False) -> str:
    """All of it, without a newline at its end."""
    return "\n".join([head(*titles, numbers=numbers), *(row(*cells) for cells in rows)])

"""Who made the recordings that a network learned from: the page that their licences ask for."""

from collections import defaultdict
from pathlib import Path

from bandwise import markdown
from bandwise.manifest import manifest_rows, number_in
from bandwise.training.reserved import is_reserved, source_of

CREDITED = {"speech": "speaker", "noise": "attribution", "rir": "attribution"}
"""The column that says who made the recordings of a folder."""


def attribution_page(data_dir: Path | str) -> str:
    """Markdown table of every source of the training split: what, source, licence, minutes, by whom.

    Raises BandwiseError for a manifest without what the table says, or with a duration that is no number.
    """
    lines = []
    for folder in CREDITED:
        for (source, licence), rows in sorted(_sources(Path(data_dir) / folder).items()):
            minutes = sum(number_in(row, "duration_s") for row in rows) / 60
            lines.append((folder, source, licence, f"{minutes:.1f}", _names(rows)))
    return markdown.table(("what", "source", "licence", "minutes", "by"), lines) + "\n"


def _sources(folder: Path) -> dict[tuple[str, str], list[dict[str, str]]]:
    sources = defaultdict(list)
    for row in manifest_rows(folder, "path", "split", "licence", "duration_s", CREDITED[folder.name]):
        if row["split"] == "train" and not is_reserved(row):
            sources[source_of(row), row["licence"]].append(row)
    return sources


def _names(rows: list[dict[str, str]]) -> str:
    """Authors as the manifest has them; for speech, the number of speakers."""
    if "speaker" in rows[0]:
        count = len({row["speaker"] for row in rows})
        return "1 speaker" if count == 1 else f"{count} speakers"
    return "; ".join(sorted({name.strip() for row in rows for name in row["attribution"].split(";")}))

"""`bandwise evaluate`: how much better speech gets, as a table."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bandwise.apps import measuring
from bandwise.apps.evaluate_notes import gap_notes, lag_notes
from bandwise.apps.evaluate_recordings import recordings_of
from bandwise.apps.evaluate_systems import ablations, found_peers, suppressors
from bandwise.apps.options import refuse
from bandwise.apps.report import note, told_when_compiling
from bandwise.errors import BandwiseError
from bandwise.measure import tables
from bandwise.measure.mixtures import MixtureSettings
from bandwise.measure.pairs import Pair
from bandwise.measure.reuse import ON_CLEAN, read_rows
from bandwise.measure.rows import Row
from bandwise.measure.scorer import Scorer
from bandwise.measure.scoring import Process, evaluate_pairs

HARM = "Clean speech through, by language (untouched: PESQ 4.64, STOI 1)"
GAINS = "Gain over noisy, recording by recording, mean ± 95 %"
SNRS = "0,5,10,15"
COUNT, SEED, SECONDS = MixtureSettings.count, MixtureSettings.seed, MixtureSettings.seconds
MOST_IN_FULL = 4
"""Systems beyond which a table has one line for each."""


def evaluate(
    data: Annotated[Path | None, typer.Option(help="Data folder; its valid split is mixed.")] = None,
    count: Annotated[int, typer.Option(min=1, help="How many mixtures.")] = COUNT,
    snr: Annotated[str, typer.Option(help="Signal-to-noise ratios in dB, taken in turn.")] = SNRS,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same mixtures.")] = SEED,
    seconds: Annotated[float, typer.Option(min=3, max=60, help="Longest excerpt.")] = SECONDS,
    rooms: Annotated[bool, typer.Option("--rooms", help="Every third mixture in a room.")] = False,
    clean: Annotated[Path | None, typer.Option(help="Instead of --data: clean file or folder.")] = None,
    noisy: Annotated[Path | None, typer.Option(help="Noisy file or folder, as --clean by name.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="Network, by name or path; may repeat.")] = None,
    postfilter: Annotated[bool, typer.Option(help="Less noise between words, more harm to speech.")] = False,
    attenuation_limit_db: Annotated[float | None, typer.Option(min=0, help="Never attenuate more.")] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="Also without comb, pitch-path, relief or deep-filter.")
    ] = None,
    with_postfilter: Annotated[
        bool, typer.Option("--with-postfilter", help="Also the first network with the postfilter.")
    ] = False,
    measures: Annotated[str | None, typer.Option(help="Some of pesq,stoi,estoi,si_sdr,lsd_high.")] = None,
    dnsmos: Annotated[Path | None, typer.Option(help="Folder with the DNSMOS models.")] = None,
    clean_through: Annotated[
        bool, typer.Option("--clean-through", help="Also harm to clean speech.")
    ] = False,
    peers: Annotated[
        bool, typer.Option("--peers", help="Also other suppressors, all that are here.")
    ] = False,
    peer: Annotated[list[str] | None, typer.Option(help="One of them, NAME or NAME=PATH.")] = None,
    reuse: Annotated[Path | None, typer.Option(help="CSV of an earlier run: noisy and peers.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write one line per recording and system.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the means over SNR (needs matplotlib).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Processes that score.")] = 1,
) -> None:
    """Measure what the suppressor does to speech: PESQ, STOI, SI-SDR, spectral distance, DNSMOS.

    bandwise evaluate --data recordings/ --count 60 --snr 0,5,10,15

    bandwise evaluate --clean references/ --noisy takes/ --postfilter

    bandwise evaluate --data recordings/ --peers --csv scores.csv

    Means stand with their 95 % confidence intervals; gains are paired, recording by recording.
    """
    measuring.check_folders(csv, plot)
    if not data:
        given = {"count": count != COUNT, "snr": snr != SNRS, "seed": seed != SEED}
        refuse(", which belongs to --data; drop it", rooms=rooms, seconds=seconds != SECONDS, **given)
    if plot:
        from bandwise.measure.figures import check_picture

        check_picture(plot)
    scorer = Scorer(tuple(measures.split(",")) if measures else None, dnsmos)
    settings = MixtureSettings(count, measuring.parse_snrs(snr), seed, seconds, rooms)
    if not scorer.titles():
        measuring.tell_missing(scorer)
        raise BandwiseError("got no measure that can be taken here; the lines above name what is missing")
    recordings = recordings_of(data, clean, noisy, settings)
    if csv or plot:
        measuring.check_apart((csv, plot), recordings.files())
    systems = suppressors(model or ["base"], postfilter, attenuation_limit_db)
    systems |= ablations(model or ["base"], without or [], postfilter, attenuation_limit_db)
    if with_postfilter:
        systems |= suppressors((model or ["base"])[:1], True, attenuation_limit_db)
    systems |= found_peers(peer or [], all_known=peers)
    known = read_rows(reuse) if reuse else []
    measuring.tell_missing(scorer)
    run = partial(_run, systems=systems, scorer=scorer, jobs=jobs, known=known)
    rows = run("evaluating", recordings.total, recordings.noisy())
    harm = (
        run("clean speech", recordings.total, recordings.clean(), score_noisy=False) if clean_through else []
    )
    for line in [*lag_notes(rows), *gap_notes(rows)]:
        note(line)
    try:
        _print(rows, harm, scorer, as_json=as_json)
    finally:
        _write(rows, harm, scorer, csv, plot)


def _run(
    title: str,
    total: int,
    pairs: Iterator[Pair],
    *,
    systems: dict[str, Process],
    scorer: Scorer,
    jobs: int,
    known: list[Row],
    score_noisy: bool = True,
) -> list[Row]:
    with told_when_compiling(), measuring.progress(title, total) as on_pair:
        return evaluate_pairs(
            pairs, systems, scorer=scorer, jobs=jobs, score_noisy=score_noisy, on_pair=on_pair, known=known
        )


def _write(rows: list[Row], harm: list[Row], scorer: Scorer, csv: Path | None, plot: Path | None) -> None:
    if csv:
        named = (replace(row, system=row.system + ON_CLEAN) for row in harm)
        tables.write_csv(csv, [*rows, *named], scorer.titles())
    if plot:
        from bandwise.measure.charts import evaluation_chart

        evaluation_chart(plot, tables.summarise(rows), scorer.titles())


def _print(rows: list[Row], harm: list[Row], scorer: Scorer, *, as_json: bool) -> None:
    summary, harms = tables.summarise(rows), tables.summarise(harm, tables.by_language)
    if as_json:
        measuring.print_json(
            rows=[tables.flat(row) for row in rows],
            summary=[tables.plain(s) for s in summary],
            clean_rows=[tables.flat(row) for row in harm],
            clean_summary=[tables.plain(s) for s in harms],
        )
        return
    title = f"{len({row.name for row in rows})} recordings, mean ± 95 %"
    many = len({row.system for row in rows}) > MOST_IN_FULL
    _show(summary, scorer, title, many=many)
    if many:
        gains = tables.ladder_table(summary, scorer.titles(), GAINS, gains=True)
        measuring.print_table(gains)
    if harm:
        _show(harms, scorer, HARM, many=many)


def _show(summary: list[tables.Summary], scorer: Scorer, title: str, *, many: bool) -> None:
    """Of many systems a line for each, else a block for each measure."""
    if many:
        measuring.print_table(tables.ladder_table(summary, scorer.titles(), title))
        return
    for piece in tables.in_pieces(summary):
        measuring.print_table(tables.table(piece, scorer.titles(), title))

"""`bandwise evaluate`: how much better speech gets, as a table."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from bandwise.apps.measuring import (
    parent_exists,
    parse_snrs,
    print_json,
    print_table,
    progress,
    told_when_compiling,
)
from bandwise.apps.report import note
from bandwise.errors import BandwiseError
from bandwise.measure import tables
from bandwise.measure.mixtures import MixtureSettings, clean_speech, mixtures
from bandwise.measure.pairs import Pair, matched_files, read_pairs
from bandwise.measure.scoring import NOISY, Process, Row, Scorer, evaluate_pairs
from bandwise.measure.valid_split import ValidSplit


def evaluate(
    data: Annotated[
        Path | None, typer.Option(help="Data folder; mixtures are made of its valid split.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="How many mixtures.")] = 60,
    snr: Annotated[str, typer.Option(help="Signal-to-noise ratios in dB, taken in turn.")] = "0,5,10,15",
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same mixtures.")] = 1,
    seconds: Annotated[float, typer.Option(min=3, max=60, help="Longest excerpt.")] = 10.0,
    rooms: Annotated[bool, typer.Option("--rooms", help="Every third mixture in a room.")] = False,
    clean: Annotated[Path | None, typer.Option(help="Instead of --data: clean file or folder.")] = None,
    noisy: Annotated[
        Path | None, typer.Option(help="Noisy file or folder, matched with --clean by name.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="Name or path of a network; repeat to compare.")
    ] = None,
    postfilter: Annotated[bool, typer.Option(help="Deepen what is quiet already.")] = True,
    attenuation_limit_db: Annotated[float | None, typer.Option(min=0, help="Never attenuate more.")] = None,
    measures: Annotated[str | None, typer.Option(help="Some of pesq,stoi,estoi,si_sdr,lsd_high.")] = None,
    dnsmos: Annotated[
        Path | None, typer.Option(help="Folder with the DNSMOS models; adds SIG, BAK, OVR.")
    ] = None,
    clean_through: Annotated[
        bool, typer.Option("--clean-through", help="Also the harm to clean speech.")
    ] = False,
    csv: Annotated[Path | None, typer.Option(help="Write one line per recording and system.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the means over SNR (needs matplotlib).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Processes that score.")] = 1,
) -> None:
    """Measure what the suppressor does to speech: PESQ, STOI, SI-SDR, spectral distance, DNSMOS.

    Recordings are mixtures of a data folder (--data) or pairs of your own (--clean and --noisy).
    """
    for path in (csv, plot):
        parent_exists(path)
    scorer = Scorer(tuple(measures.split(",")) if measures else None, dnsmos)
    settings = MixtureSettings(count, parse_snrs(snr), seed, seconds, rooms)
    systems = {
        _label(m, postfilter): _suppressor(m, postfilter, attenuation_limit_db) for m in model or ["base"]
    }
    total, pairs = _recordings(data, clean, noisy, settings)
    for line in scorer.missing():
        note(line)
    with told_when_compiling(), progress("evaluating", total) as on_pair:
        rows = evaluate_pairs(pairs, systems, scorer=scorer, jobs=jobs, on_pair=on_pair)
    harm = []
    if clean_through:
        total, pairs = _recordings(data, clean, clean, settings, without_noise=True)
        with progress("clean speech", total) as on_pair:
            harm = evaluate_pairs(
                pairs, systems, scorer=scorer, jobs=jobs, score_noisy=False, on_pair=on_pair
            )
    for line in lag_notes(rows):
        note(line)
    _report(rows, harm, scorer, as_json=as_json)
    titles = scorer.titles()
    if csv:
        tables.write_csv(
            csv, [*rows, *(replace(row, system=f"{row.system} on clean") for row in harm)], titles
        )
    if plot:
        from bandwise.measure.charts import evaluation_chart

        evaluation_chart(plot, tables.summarise(rows), titles)


def lag_notes(rows: list[Row]) -> list[str]:
    """One line for every system whose output did not line up with the clean signal."""
    late = [row for row in rows if row.system != NOISY and row.lag_samples]
    notes = []
    for system in dict.fromkeys(row.system for row in late):
        lags = sorted(row.lag_samples for row in late if row.system == system)
        median = lags[len(lags) // 2]
        notes.append(
            f"{system} lagged in {len(lags)} recordings (median {median} samples); removed before scoring"
        )
    return notes


def _recordings(
    data: Path | None,
    clean: Path | None,
    noisy: Path | None,
    settings: MixtureSettings,
    *,
    without_noise: bool = False,
) -> tuple[int, Iterator[Pair]]:
    """How many recordings there are, and the recordings."""
    if clean and noisy:
        return len(matched_files(clean, noisy)), read_pairs(clean, noisy)
    if data is None:
        raise BandwiseError("nothing to evaluate; --data FOLDER, or --clean and --noisy; give one of them")
    make = clean_speech if without_noise else mixtures
    return settings.count, make(ValidSplit(data), settings)


def _suppressor(model: str, postfilter: bool, attenuation_limit_db: float | None) -> Process:
    """`bandwise.enhance` with these settings as a system."""
    import bandwise

    def process(x: Any, sample_rate: int) -> Any:
        return bandwise.enhance(
            x, sample_rate, model=model, postfilter=postfilter, attenuation_limit_db=attenuation_limit_db
        )

    return process


def _label(model: str, postfilter: bool) -> str:
    name = Path(model).stem
    return name if postfilter else f"{name}, no postfilter"


def _report(rows: list[Row], harm: list[Row], scorer: Scorer, *, as_json: bool) -> None:
    titles = scorer.titles()
    summaries, harms = tables.summarise(rows), tables.summarise(harm, tables.by_language)
    if as_json:
        print_json(
            {
                "rows": [tables.flat(row) for row in rows],
                "summary": [tables.plain(summary) for summary in summaries],
                "clean_rows": [tables.flat(row) for row in harm],
                "clean_summary": [tables.plain(summary) for summary in harms] if harm else [],
            }
        )
        return
    print_table(tables.table(summaries, titles, f"{len({row.name for row in rows})} recordings, mean ± 95 %"))
    if harm:
        print_table(
            tables.table(harms, titles, "Clean speech through, by language (untouched: PESQ 4.64, STOI 1)")
        )

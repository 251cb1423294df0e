"""`bandwise oracle`: from the noisy signal, over what each stage could do at best, to the network."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from bandwise.apps import measuring
from bandwise.apps.options import refuse
from bandwise.apps.report import told_when_compiling
from bandwise.errors import BandwiseError
from bandwise.measure import tables
from bandwise.measure.figures import require_matplotlib
from bandwise.measure.levels import SILENCE_DB, active_speech, mean_square_db
from bandwise.measure.mixtures import MixtureSettings, mix, mixtures
from bandwise.measure.pairs import Audio, Pair, read_mono
from bandwise.measure.quality import at_rate
from bandwise.measure.rows import Row
from bandwise.measure.scorer import Scorer
from bandwise.measure.scoring import score_outputs
from bandwise.measure.valid_split import SAMPLE_RATE, ValidSplit, listed_files

MEASURES = ("pesq", "stoi", "si_sdr")
COUNT, SEED, SECONDS = 20, MixtureSettings.seed, MixtureSettings.seconds


def oracle(
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for sounds and the picture.")
    ] = None,
    clean: Annotated[Path | None, typer.Option(help="Clean speech.")] = None,
    noise: Annotated[Path | None, typer.Option(help="Noise to add to it; repeated if shorter.")] = None,
    snr: Annotated[str | None, typer.Option(help="SNR in dB. [default: 5; with --data 0,5,10,15]")] = None,
    data: Annotated[Path | None, typer.Option(help="Instead of --clean and --noise: a data folder.")] = None,
    count: Annotated[int, typer.Option(min=1, help="How many mixtures of the data folder.")] = COUNT,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same mixtures.")] = SEED,
    seconds: Annotated[
        float, typer.Option(min=3, max=60, help="Longest excerpt of the data folder.")
    ] = SECONDS,
    rooms: Annotated[bool, typer.Option("--rooms", help="Every third mixture in a room.")] = False,
    csv: Annotated[Path | None, typer.Option(help="Write one line per recording and rung.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Processes that score.")] = 1,
) -> None:
    """Climb the ladder: noisy, ideal gains per bin and band, comb filter, postfilter, network.

    One mixture (--clean, --noise, --snr) or the mean of many (--data, --count). With -o, every rung is
    written as a sound, and a picture shows their spectrograms.
    """
    measuring.check_folders(csv)
    if output:
        require_matplotlib("eval")
    if not data:
        reason = ", which belongs to --data; drop it"
        defaults = {"count": count != COUNT, "seed": seed != SEED, "seconds": seconds != SECONDS}
        refuse(reason, rooms=rooms, **defaults)
    if csv:
        measuring.check_apart([csv], [clean, noise, *(listed_files(data) if data else ())])
    settings = MixtureSettings(
        count, measuring.parse_snrs(snr or ("0,5,10,15" if data else "5")), seed, seconds, rooms
    )
    pairs = _pairs(clean, noise, data, settings)
    scorer = Scorer(MEASURES)
    measuring.tell_missing(scorer)
    with (
        told_when_compiling(),
        measuring.progress("oracle", settings.count if data else 1) as on_pair,
    ):
        rows = score_outputs(_climbed(pairs, output), scorer=scorer, jobs=jobs, on_pair=on_pair)
    if csv:
        tables.write_csv(csv, rows, scorer.titles())
    _print(rows, scorer, as_json=as_json)


def _pairs(
    clean: Path | None, noise: Path | None, data: Path | None, settings: MixtureSettings
) -> Iterator[Pair]:
    if data and not (clean or noise):
        return mixtures(ValidSplit(data), settings)
    if not (clean and noise) or data:
        raise BandwiseError(
            "got no sounds, or half; either --clean and --noise, or --data FOLDER; give one of them"
        )
    if len(settings.snrs_db) > 1:
        raise BandwiseError(f"got {len(settings.snrs_db)} SNRs for one mixture; it has one; try --snr 5")
    return iter([read_mixture(clean, noise, settings.snrs_db[0])])


def read_mixture(clean: Path, noise: Path, snr_db: float) -> Pair:
    """Two files as one mixture at 48 kHz; the speech keeps its level unless the sum would clip."""
    from bandwise.measure.excerpts import looped

    speech, disturbance = (at_rate(*read_mono(path), SAMPLE_RATE) for path in (clean, noise))
    for path, x in ((clean, speech), (noise, disturbance)):
        if len(x) <= SAMPLE_RATE // 10:
            raise BandwiseError(
                f"{path}: {len(x) / SAMPLE_RATE:.3g} s; more than 0.1 s is needed; take a longer one"
            )
    level_dbfs, activity = active_speech(speech, SAMPLE_RATE)
    if not activity:
        raise BandwiseError(
            f"{clean}: silent; the SNR is set on active speech; take a recording with a voice"
        )
    disturbance = looped(disturbance, len(speech))[: len(speech)]
    if mean_square_db(disturbance) <= SILENCE_DB:
        raise BandwiseError(f"{noise}: silent beside the speech; the SNR is set on noise; cut silence off")
    reference, noisy = mix(speech, speech, disturbance, snr_db, level_dbfs)
    return Pair(f"{clean.stem}-{noise.stem}", reference, noisy, SAMPLE_RATE, snr_db)


def rungs(pair: Pair) -> dict[str, Audio]:
    """Every rung's signal, from the noisy one upwards, aligned with the pair."""
    from bandwise.suppress.oracle import ladder

    return {name: np.asarray(x, dtype=np.float32) for name, x in ladder(pair.clean, pair.noisy).items()}


def _climbed(pairs: Iterator[Pair], output: Path | None) -> Iterator[tuple[Pair, dict[str, Audio]]]:
    for pair in pairs:
        signals = rungs(pair)
        if output is not None:
            _write(output, pair, signals)
        yield pair, signals


def _write(folder: Path, pair: Pair, signals: dict[str, Audio]) -> None:
    """One WAV per rung, numbered in order, the clean speech last, and the spectrograms of all."""
    import soundfile

    from bandwise.measure.charts import spectrogram_grid

    everything = signals | {"clean": pair.clean}
    place = folder / pair.name
    try:
        place.mkdir(parents=True, exist_ok=True)
        for index, (name, x) in enumerate(everything.items()):
            soundfile.write(place / f"{index}-{_file_name(name)}.wav", x, pair.sample_rate, subtype="PCM_16")
        spectrogram_grid(place / "spectrograms.png", everything, pair.sample_rate)
    except OSError as error:
        raise BandwiseError(
            f"{place}: not writable ({error.strerror}); sounds go there; choose another -o"
        ) from error


def _file_name(name: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in name).strip("-")


def _print(rows: list[Row], scorer: Scorer, *, as_json: bool) -> None:
    summary = tables.summarise(rows)
    if as_json:
        measuring.print_json(
            rows=[tables.flat(row) for row in rows], summary=[tables.plain(s) for s in summary]
        )
        return
    count = len({row.name for row in rows})
    title = f"{count} mixtures, mean ± 95 %" if count > 1 else "1 mixture"
    measuring.print_table(tables.ladder_table(summary, scorer.titles(), title))

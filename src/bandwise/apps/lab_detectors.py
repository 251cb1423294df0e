"""`bandwise lab --detectors`: how well the wake word detectors do by themselves."""

from pathlib import Path

from bandwise.apps import measuring
from bandwise.apps.report import note

NOISE_SNR_DB = 5.0


def print_rates(data: Path, seed: int) -> None:
    """A table of hits and false alarms per hour on the valid split of `data`."""
    from bandwise.lab.ears import detectors_for
    from bandwise.lab.rates import background, rates, valid_words, with_noise
    from bandwise.measure.intervals import wilson_interval

    words, sounds = valid_words(data), background(data)
    noisy = with_noise(words, sounds, NOISE_SNR_DB, seed)
    in_noise = f"at {NOISE_SNR_DB:g} dB SNR"
    measuring.print_titles("detector", "threshold", "heard", "95 %", in_noise, "false alarms per hour")
    found = detectors_for(data, True, note)
    with measuring.progress("detectors", len(found)) as done:
        for detector, _ in found:
            clean, hidden = rates(detector, words, sounds), rates(detector, noisy, [])
            low, high = wilson_interval(clean.hits, clean.words)
            measuring.print_row(
                detector.name,
                f"{detector.threshold:g}",
                f"{clean.hits} of {clean.words}",
                f"{100 * low:.1f} to {100 * high:.1f} %",
                f"{hidden.hits} of {hidden.words}",
                f"{clean.false_alarms_per_hour:.1f} ({clean.false_alarms} in {clean.other_hours:.2f} h)",
            )
            done(detector.name)

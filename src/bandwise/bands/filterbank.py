"""The compiled part of the crossover: a cascade of Linkwitz-Riley splits on rows of samples.

Only the low branch of a split is filtered twice. The high branch is the all-pass minus the low one, so that
low + high = allpass holds by construction, for every sample, also while a cutoff moves; and every lower band
passes the same all-pass with the same coefficients, so that the sum of all bands is one running all-pass.
"""

from bandwise.bands.bank import CHUNK, Bank, Integers
from bandwise.bands.gliding import advance_glide
from bandwise.bands.sections import ALL, LOW, Doubles, run_section, tap_section
from bandwise.kernels import kernel

SILENT = 1e-30  # states below this become zero, long before they could turn denormal


@kernel
def split_lane_lr4(
    coefficients: Doubles,
    k: int,
    allpass: Doubles,
    lows: Doubles,
    channel: int,
    channels: int,
    rows: Doubles,
    start: int,
    stop: int,
) -> None:
    """Order 4 in one loop: both sections share their coefficients and run side by side."""
    lane = k * channels + channel
    p, q = allpass[k, 0, lane, 0], allpass[k, 0, lane, 1]
    u, v = lows[k, 0, channel, 0], lows[k, 0, channel, 1]
    c0, c1, c2 = coefficients[k, 0, 0], coefficients[k, 0, 1], coefficients[k, 0, 2]
    c3, c4, c5 = coefficients[k, 0, 3], coefficients[k, 0, 4], coefficients[k, 0, 5]
    c6, c7, c8 = coefficients[k, 0, 6], coefficients[k, 0, 7], coefficients[k, 0, 8]
    c9, c10, c11 = coefficients[k, 0, 9], coefficients[k, 0, 10], coefficients[k, 0, 11]
    for n in range(start, stop):
        x = rows[lane, n]
        half = (c11 * x + c9 * p) + c10 * q
        both = (c8 * x + c6 * p) + c7 * q
        low = (c11 * half + c9 * u) + c10 * v
        p, q = (c2 * x + c1 * q) + c0 * p, (c5 * x + c3 * p) + c4 * q
        u, v = (c2 * half + c1 * v) + c0 * u, (c5 * half + c3 * u) + c4 * v
        rows[lane, n] = low
        rows[lane + channels, n] = both - low
    allpass[k, 0, lane, 0], allpass[k, 0, lane, 1] = p, q
    lows[k, 0, channel, 0], lows[k, 0, channel, 1] = u, v


@kernel
def run_split(
    coefficients: Doubles,
    allpass: Doubles,
    lows: Doubles,
    low: Doubles,
    k: int,
    channels: int,
    first_lane: int,
    rows: Doubles,
    start: int,
    stop: int,
) -> None:
    """Split `k`: the rows of bands below it pass its all-pass, its own rows become low and high branch."""
    sections, low_sections = coefficients.shape[1], lows.shape[1]
    for lane in range(first_lane, k * channels):
        for s in range(sections):
            run_section(coefficients, k, s, ALL, allpass, s, lane, lane, rows, start, stop)
    if low_sections == 1:
        for channel in range(channels):
            split_lane_lr4(coefficients, k, allpass, lows, channel, channels, rows, start, stop)
        return
    for channel in range(channels):
        lane = k * channels + channel
        tap_section(coefficients, k, allpass, lane, rows, start, stop, low)
        for s in range(1, sections):
            run_section(coefficients, k, s, ALL, allpass, s, lane, lane, rows, start, stop)
        for s in range(low_sections):
            run_section(coefficients, k, (s + 1) % sections, LOW, lows, s, channel, 0, low, 0, stop - start)
        for n in range(start, stop):
            rows[lane + channels, n] = rows[lane, n] - low[0, n - start]
            rows[lane, n] = low[0, n - start]


@kernel
def split_bands(bank: Bank, channels: int, rows: Doubles, start: int, stop: int) -> None:
    """Split columns start:stop of `rows`, ((K + 1) C, n): the first C rows hold the signal, all are filled.

    The result does not depend on where a signal is cut into calls.
    """
    c, a, lows, low, phase = bank.coefficients, bank.allpass_state, bank.low_state, bank.low, bank.phase
    begin = start
    while begin < stop:
        end = min(stop, begin + CHUNK - phase[0])
        if bank.gliding[0] > 0:
            split_gliding(bank, channels, rows, begin, end)
        else:
            split_steady(c, a, lows, low, bank.compensated, channels, rows, begin, end)
        tidy(a, lows, phase, end - begin)
        begin = end


@kernel
def split_steady(
    coefficients: Doubles,
    allpass: Doubles,
    lows: Doubles,
    low: Doubles,
    compensated: bool,
    channels: int,
    rows: Doubles,
    start: int,
    stop: int,
) -> None:
    """All splits one after the other over at most CHUNK samples; no corner moves."""
    for k in range(coefficients.shape[0]):
        first_lane = 0 if compensated else k * channels
        run_split(coefficients, allpass, lows, low, k, channels, first_lane, rows, start, stop)


@kernel
def split_gliding(bank: Bank, channels: int, rows: Doubles, start: int, stop: int) -> None:
    """All splits, sample by sample while corners move."""
    c, a, lows, low = bank.coefficients, bank.allpass_state, bank.low_state, bank.low
    for n in range(start, stop):
        if bank.gliding[0] > 0:
            advance_glide(bank)
        split_steady(c, a, lows, low, bank.compensated, channels, rows, n, n + 1)


@kernel
def tidy(allpass: Doubles, lows: Doubles, phase: Integers, frames: int) -> None:
    """Every CHUNK samples of the stream set vanishing states to zero, before they could turn denormal."""
    phase[0] += frames
    if phase[0] < CHUNK:
        return
    phase[0] = 0
    clear_silence(allpass)
    clear_silence(lows)


@kernel
def clear_silence(states: Doubles) -> None:
    """Set vanishing states to zero so that silence never runs on denormal numbers."""
    flat = states.reshape(states.size)
    for i in range(flat.shape[0]):
        flat[i] = 0.0 if abs(flat[i]) < SILENT else flat[i]

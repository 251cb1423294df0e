"""The contract of everything that changes sound: cuts, latency, causality, forms, bad samples."""

from math import gcd

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bandwise
from bandwise.errors import BandwiseError
from bandwise.resampler import half_samples
from bandwise.stream import BlockProcessor, HopProcessor, whole

BLOCKS = [1, 17, 128, 480, 4799, None]
RATES = [8_000, 11_025, 12_345, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000]


class Delay:
    """The simplest engine: hops come back `latency_samples` later, unchanged."""

    hop_samples = 480

    def __init__(self, channels=1, latency_samples=1440):
        self.channels, self.latency_samples = channels, latency_samples
        self.reset()

    def reset(self):
        self.held = np.zeros((self.channels, self.latency_samples), np.float32)

    def process_hops(self, hops):
        assert hops.shape[1] % 480 == 0
        held = np.concatenate([self.held, hops], axis=1)
        out, self.held = held[:, : hops.shape[1]], held[:, hops.shape[1] :]
        return out


def noise(frames, channels=None, dtype="float32", seed=0):
    """White noise at -12 dB in the form asked for."""
    shape = frames if channels is None else (frames, channels)
    x = np.random.default_rng(seed).uniform(-0.25, 0.25, shape)
    scale = {"int16": 2**15, "int32": 2**31}.get(dtype, 1)
    return (x * scale).astype(dtype)


def smooth(frames, rate):
    """Noise far below half the rate, so that a resampler has nothing to take away."""
    x = np.random.default_rng(1).standard_normal(frames)
    spectrum = np.fft.rfft(x)
    spectrum[int(len(spectrum) * 0.6 * min(1.0, 48_000 / rate)) :] = 0
    y = np.fft.irfft(spectrum, frames)
    return (0.1 * y / np.std(y)).astype(np.float32)


def cut(processor, x, block):
    """Process x in pieces of `block` frames (all at once for None), then the tail."""
    step = block or max(1, len(x))
    pieces = [processor.process(x[start : start + step]) for start in range(0, len(x), step)]
    return np.concatenate([*pieces, processor.flush()])


def measured_delay(x, y):
    """The lag of y behind x with the largest cross-correlation."""
    size = len(x) + len(y)
    correlation = np.fft.irfft(np.fft.rfft(y, size) * np.conj(np.fft.rfft(x, size)), size)
    return int(np.argmax(correlation))


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("channels", [None, 1, 2])
@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_any_cut_gives_the_same_bits(block, channels, rate):
    """Joined pieces equal one piece exactly."""
    x = noise(6_000, channels)
    one, many = HopProcessor(Delay, rate, channels or 1), HopProcessor(Delay, rate, channels or 1)
    assert np.array_equal(cut(one, x, None), cut(many, x, block))


@given(cuts=st.lists(st.integers(0, 700), max_size=12), rate=st.sampled_from([8_000, 22_050, 48_000]))
@settings(max_examples=30, deadline=None)
def test_irregular_cuts_give_the_same_bits(cuts, rate):
    """Blocks of changing length, empty ones included, are no different."""
    x = noise(sum(cuts))
    processor = HopProcessor(Delay, rate)
    ends = np.cumsum(cuts, dtype=int)
    pieces = [processor.process(x[end - size : end]) for size, end in zip(cuts, ends, strict=True)]
    joined = np.concatenate([*pieces, processor.flush()]) if pieces else processor.flush()
    assert np.array_equal(joined, cut(HopProcessor(Delay, rate), x, None))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "int32"])
@pytest.mark.parametrize("channels", [None, 1, 2])
def test_form_comes_back_as_it_came(dtype, channels):
    """Shape and sample type survive, and an identity engine returns the very samples of float32 precision."""
    x = noise(5_000, channels, dtype)
    y = whole(HopProcessor(Delay, 48_000, channels or 1), x)
    assert (y.shape, y.dtype) == (x.shape, x.dtype)
    full = {"int16": 2**15, "int32": 2**31}.get(dtype, 1)
    tolerance = 0 if dtype in {"float32", "int16"} else 2**-25
    assert np.max(np.abs(y.astype(float) - x.astype(float))) / full <= tolerance


def test_integers_are_clipped_not_wrapped():
    """An output beyond full scale stays at full scale instead of changing sign."""

    class Louder(Delay):
        def process_hops(self, hops):
            return super().process_hops(hops) * 4

    for dtype in ("int16", "int32"):
        info = np.iinfo(dtype)
        x = np.repeat([info.max // 2, info.min // 2], 1_000).astype(dtype)
        y = whole(HopProcessor(Louder), x)
        assert set(y.tolist()) == {info.max, info.min}


@pytest.mark.parametrize("block_multiple", [1, 7, 16, 96, 128, 160, 480, 960, 1_000])
def test_latency_is_what_is_declared(block_multiple):
    """The delay measured by cross-correlation is 1440 + 480 - gcd(block_multiple, 480), sample for sample."""
    processor = HopProcessor(Delay, block_multiple=block_multiple)
    assert processor.latency_samples == 1440 + 480 - gcd(block_multiple, 480)
    x = noise(block_multiple * 20)
    delayed = cut(processor, x, block_multiple)
    assert measured_delay(x, delayed) == processor.latency_samples
    assert len(delayed) == len(x) + processor.latency_samples


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 96_000])
def test_blocks_of_ten_milliseconds_wait_for_the_filters_only(rate):
    """At other rates, too, hops fill up when blocks end: 30 ms and half a filter each way, no more."""
    processor = HopProcessor(Delay, rate, block_multiple=rate // 100)
    filters = half_samples(rate, 48_000) + half_samples(48_000, rate) * rate / 48_000
    assert -2 <= processor.latency_samples - (0.03 * rate + filters) <= 0
    x = smooth(rate // 2, rate)
    assert measured_delay(x, cut(processor, x, rate // 100)) == processor.latency_samples


@pytest.mark.parametrize("block_multiple", [1, 160, 441, 1_000])
@pytest.mark.parametrize("rate", [11_025, 16_000, 44_100])
def test_no_smaller_latency_would_do(rate, block_multiple):
    """Some block leaves the queue empty: with one sample less it would have run dry."""
    processor = HopProcessor(Delay, rate, block_multiple=block_multiple)
    left = []
    for _ in range(600 + 3_000 // block_multiple):
        processor.process(np.zeros(block_multiple, np.float32))
        left.append(processor._stream._ready.shape[1])
    assert min(left) == 0


@pytest.mark.parametrize(("rate", "period"), [(16_000, 160), (44_100, 441)])
def test_multiples_count_by_what_hops_share_with_them(rate, period):
    """After `period` samples hops lie as before; a multiple as large as can be counted is no exception."""
    for multiple in (3 * period, 7 * period + 20, 2**62):
        latency = HopProcessor(Delay, rate, block_multiple=gcd(multiple, period)).latency_samples
        assert HopProcessor(Delay, rate, block_multiple=multiple).latency_samples == latency


@pytest.mark.parametrize("rate", RATES)
def test_latency_at_every_rate(rate):
    """Resampling included, the declared latency is exact and the signal comes through unharmed."""
    processor = HopProcessor(Delay, rate)
    x = smooth(rate // 2, rate)
    delayed = cut(processor, x, 1_000)
    assert measured_delay(x, delayed) == processor.latency_samples
    y = delayed[processor.latency_samples :]
    inner = slice(rate // 20, -rate // 20)
    assert np.mean((y - x)[inner] ** 2) < 1e-7 * np.mean(x**2)


@pytest.mark.parametrize("rate", [8_000, 11_025, 12_345, 31_999, 44_100, 47_999, 192_000])
def test_every_block_returns_as_many_samples(rate):
    """Over many seconds and odd cuts no block ever comes back short."""
    processor = HopProcessor(Delay, rate)
    random = np.random.default_rng(rate)
    for size in random.integers(1, rate // 10, 150):
        assert len(processor.process(np.zeros(size, np.float32))) == size


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_later_input_never_changes_earlier_output(rate):
    """Causality: two signals with a common beginning have a common beginning after processing."""
    x, z = noise(9_000), noise(9_000, seed=1)
    z[:5_000] = x[:5_000]
    a, b = HopProcessor(Delay, rate).process(x), HopProcessor(Delay, rate).process(z)
    assert np.array_equal(a[:5_000], b[:5_000])


@pytest.mark.parametrize("rate", [22_050, 48_000])
def test_reset_and_flush_start_afresh(rate):
    """After flush, or with reset=True, a used processor answers like a new one."""
    x = noise(3_000)
    fresh, used = HopProcessor(Delay, rate), HopProcessor(Delay, rate)
    expected = fresh.process(x)
    used.process(noise(1_234, seed=5))
    assert np.array_equal(used.process(x, reset=True), expected)
    used.flush()
    assert np.array_equal(used.process(x), expected)


def test_a_refused_block_changes_nothing():
    """Neither what came before it nor `reset` along with it is lost or done."""
    x, steady, refused = noise(3_000), HopProcessor(Delay), HopProcessor(Delay)
    assert np.array_equal(steady.process(x[:1_000]), refused.process(x[:1_000]))
    with pytest.raises(BandwiseError):
        refused.process(noise(100, channels=3), reset=True)
    assert np.array_equal(steady.process(x[1_000:]), refused.process(x[1_000:]))


@pytest.mark.parametrize("frames", [0, 1, 479, 480, 481])
@pytest.mark.parametrize("rate", [8_000, 48_000])
def test_short_signals_come_back_whole(frames, rate):
    """A signal shorter than the latency, or none at all, has an output of its own length."""
    assert whole(HopProcessor(Delay, rate), noise(frames)).shape == (frames,)


def test_channels_do_not_touch():
    """Each channel of a pair is what it would be alone."""
    x = noise(4_000, 2)
    y = whole(HopProcessor(Delay, 44_100, 2), x)
    for channel in range(2):
        alone = whole(HopProcessor(Delay, 44_100, 1), x[:, channel])
        assert np.array_equal(y[:, channel], alone)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e25])
def test_broken_samples_are_silence_with_one_warning(bad):
    """NaN, Inf and what no sound is count as zero, are counted, and warn once."""
    x = noise(2_000)
    x[100:103], x[1_500] = bad, bad
    clean = np.where(np.abs(x) < 1, x, 0)
    processor = HopProcessor(Delay)
    with pytest.warns(UserWarning, match="NaN, Inf") as caught:
        first, second = processor.process(x[:1_000]), processor.process(x[1_000:])
    assert len(caught) == 1
    assert processor.nonfinite_samples == 4
    assert np.array_equal(np.concatenate([first, second]), HopProcessor(Delay).process(clean))


def test_a_float64_too_large_for_float32_is_broken_too():
    """1e300 cannot be held inside: it is silenced like Inf."""
    with pytest.warns(UserWarning, match="NaN, Inf"):
        y = whole(HopProcessor(Delay), np.array([0.5, 1e300, -0.5]))
    assert y.tolist() == [0.5, 0.0, -0.5]


def test_a_signalling_nan_gives_the_one_warning():
    """As raw bytes taken for float64 have it; NumPy would complain of the conversion, too."""
    x = np.array([0x7FF0000000000001], np.uint64).view(np.float64)
    with pytest.warns(UserWarning, match="NaN, Inf") as caught:
        assert whole(HopProcessor(Delay), x).tolist() == [0.0]
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("block", "channels", "says"),
    [
        (np.zeros((10, 2), np.float32), 1, "shape"),
        (np.zeros((2, 10), np.float32), 2, "shape"),
        (np.zeros(10, np.float32), 2, "shape"),
        (np.zeros((5, 1, 1), np.float32), 1, "shape"),
        (np.float32(0.5), 1, "shape"),
        (np.zeros(10, np.uint8), 1, "uint8"),
        (np.zeros(10, np.complex64), 1, "complex64"),
    ],
)
def test_layout_and_type_are_never_guessed(block, channels, says):
    """What does not fit is refused with the form that would, whatever came before it."""
    processor = HopProcessor(Delay, 48_000, channels)
    for _ in range(2):
        with pytest.raises(BandwiseError, match=says):
            processor.process(block)
        processor.process(np.zeros((10, channels) if channels > 1 else 10, np.float32))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "int32"])
def test_the_order_of_bytes_does_not_matter(dtype):
    """Samples read from a file of another machine give what the same numbers give in ours."""
    x = noise(4_800, dtype=dtype)
    foreign = x.astype(x.dtype.newbyteorder())
    assert np.array_equal(whole(HopProcessor(Delay), foreign), whole(HopProcessor(Delay), x))


@pytest.mark.parametrize("rate", [0, 7_999, 192_001, 44_100.5, -48_000, float("nan"), float("inf")])
def test_rates_out_of_range_are_refused(rate):
    """8 to 192 kHz, whole numbers."""
    with pytest.raises(BandwiseError, match="sample rate"):
        HopProcessor(Delay, rate)


@pytest.mark.parametrize(
    ("key", "value"), [("channels", 0), ("channels", -1), ("channels", 48_000), ("block_multiple", 0)]
)
def test_counts_out_of_range_are_refused(key, value):
    """Zero channels, a recording that lies on its side, or blocks of nothing."""
    with pytest.raises(BandwiseError, match="got"):
        HopProcessor(Delay, **{key: value})


def test_a_broken_promise_of_block_size_is_told():
    """A block that is no multiple of block_multiple would have to return samples that do not exist yet."""
    with pytest.raises(BandwiseError, match="block_multiple"):
        HopProcessor(Delay, block_multiple=480).process(noise(17))


def test_a_sample_wise_processor_needs_two_methods():
    """BlockProcessor gives a sample-wise stage the whole contract: here a delay of 3 samples."""

    class Three(BlockProcessor):
        latency_samples = 3

        def __init__(self, channels):
            super().__init__(48_000, channels)
            self._reset()

        def _reset(self):
            self.held = np.zeros((self.channels, 3), np.float32)

        def _process(self, planar):
            joined = np.concatenate([self.held, planar], axis=1)
            self.held = joined[:, planar.shape[1] :]
            return joined[:, : planar.shape[1]]

    x = noise(1_000, 2, "int16")
    assert np.array_equal(whole(Three(2), x), x)
    assert np.array_equal(cut(Three(2), x, 7)[3:], x)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: bandwise.NoiseSuppressor(model="small").process(x),
        lambda x: bandwise.enhance(x, 48_000, model="small"),
    ],
)
def test_the_warning_of_bad_samples_names_the_callers_line(call):
    """Whether it came by blocks or as a whole."""
    with pytest.warns(UserWarning, match="NaN") as told:
        call(np.full(960, np.nan, np.float32))
    assert told[0].filename == __file__


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sample_rate", "48000"),
        ("sample_rate", None),
        ("channels", "2"),
        ("attenuation_limit_db", "a"),
        ("block_multiple", "480"),
        ("block_multiple", None),
        ("block_multiple", float("inf")),
        ("block_multiple", float("nan")),
        ("model", None),
    ],
)
def test_values_of_other_kinds_are_told_like_values_out_of_range(name, value):
    """In one sentence that says what came, not by an error of a comparison."""
    with pytest.raises(BandwiseError, match=f"got .*{value}"):
        bandwise.NoiseSuppressor(**{name: value})


def test_numbers_of_any_kind_are_numbers():
    """Also those that come out of an array file."""
    for rate in (np.array(16_000), np.float64(16_000.0), np.int32(16_000)):
        assert bandwise.NoiseSuppressor(rate, np.array(1), "small").sample_rate == 16_000
    with pytest.raises(BandwiseError, match=r"rate of 44100\.5 Hz"):
        bandwise.NoiseSuppressor(np.float64(44_100.5))
    with pytest.raises(BandwiseError, match="rate of '48000' Hz"):
        bandwise.Crossover([200.0], "48000")

"""What a user may choose: frozen, validated settings with units in their names."""

from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any

from bandwise.bands.linkwitz_riley import check_order
from bandwise.bands.retuning import check_cutoffs
from bandwise.door import HIGHEST_HZ
from bandwise.dynamics.fields import check_fields, check_part, choice, flag, number, text
from bandwise.errors import BandwiseError

LINKS = ("all", "pairs", "none")


@dataclass(frozen=True)
class CompressorSettings:
    """Gain of a band as a function of its level; 0 dB is the level of a full-scale sine.

    Above `threshold_db` the level rises by 1 dB per `ratio` dB. Below `upward_threshold_db` it is raised
    towards it (`upward_ratio`), by at most `max_boost_db`; below `expander_threshold_db` it falls by
    `expander_ratio` dB per dB. A ratio of 1 switches a part off. All three knees are `knee_db` wide.
    `makeup_db` is added after that. `attack_ms` and `release_ms` are time constants (63 %) of the gain in dB.
    """

    enabled: bool = flag(default=True)
    detector: str = choice("peak", "peak", "rms")
    rms_ms: float = number(10.0, 1.0, 1000.0, "ms")
    threshold_db: float = number(-24.0, -100.0, 0.0, "dB")
    ratio: float = number(2.0, 1.0, 1000.0, fix="use 1 for no compression")
    knee_db: float = number(6.0, 0.0, 40.0, "dB")
    attack_ms: float = number(5.0, 0.0, 1000.0, "ms")
    release_ms: float = number(100.0, 1.0, 10_000.0, "ms")
    makeup_db: float = number(0.0, -40.0, 40.0, "dB")
    max_reduction_db: float = number(40.0, 0.0, 120.0, "dB")
    expander_threshold_db: float = number(-70.0, -120.0, 0.0, "dB")
    expander_ratio: float = number(1.0, 1.0, 100.0, fix="use 1 for no expansion")
    upward_threshold_db: float = number(-50.0, -120.0, 0.0, "dB")
    upward_ratio: float = number(1.0, 1.0, 100.0, fix="use 1 for no upward compression")
    max_boost_db: float = number(12.0, 0.0, 60.0, "dB")

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True)
class LimiterSettings:
    """No sample above `ceiling_dbfs`, by a gain that holds over `hold_ms` and then lets go.

    `hold_ms` None means half a period of the lowest tone of the band: then a steady tone is limited by a
    constant gain, without distortion. After a short peak the gain recovers with the time constant
    `release_ms`, after sustained limiting with `sustained_release_ms`. `mode` "clip" cuts samples instead
    (the baseline that limiters exist to replace). `true_peak` also limits the waveform between the samples,
    which cutting cannot; it works on the output limiter only.
    """

    enabled: bool = flag(default=True)
    mode: str = choice("lookahead", "lookahead", "clip")
    ceiling_dbfs: float = number(0.0, -80.0, 0.0, "dBFS", fix="0 dBFS is full scale, choose a value below")
    release_ms: float = number(60.0, 1.0, 10_000.0, "ms")
    sustained_release_ms: float = number(400.0, 1.0, 10_000.0, "ms")
    hold_ms: float | None = number(None, 0.0, 100.0, "ms")
    true_peak: bool = flag(default=False)

    def __post_init__(self) -> None:
        check_fields(self)
        if self.true_peak and self.mode == "clip":
            raise BandwiseError(
                "got true_peak with mode = 'clip'; cutting samples leaves peaks between them; "
                "set mode = 'lookahead'"
            )


@dataclass(frozen=True)
class BandSettings:
    """One band: gain in front, compressor, limiter, and its switches.

    `bypass` leaves the band as it came; `mute` drops it; if any band is `solo`, the others are dropped.
    """

    gain_db: float = number(0.0, -60.0, 40.0, "dB")
    mute: bool = flag(default=False)
    solo: bool = flag(default=False)
    bypass: bool = flag(default=False)
    compressor: CompressorSettings = field(default_factory=CompressorSettings)
    limiter: LimiterSettings = field(default_factory=LimiterSettings)

    def __post_init__(self) -> None:
        check_fields(self)
        if self.limiter.true_peak:
            raise BandwiseError(
                "got true_peak on a band limiter; allowed is true_peak on the output; set it under [output]"
            )


@dataclass(frozen=True)
class MultibandSettings:
    """A whole multiband processor; `bands` lists one more than `cutoffs_hz`, lowest first.

    `lookahead_ms` is how long the gain of a limiter takes to come down before a peak; the latency is about
    twice that, once for the bands, once for the output. 0 means no latency at all: then limiters act within
    a sample. `low_edge_hz` is the lowest tone that matters: it sets the hold of the first band and of the
    output. `mix` is the part of the processed sound (0 gives the all-passed input). `compensated` False
    leaves out the all-passes: bands then no longer sum flat (for comparison only).

    `link`: "all" channels share one gain, "pairs" (0 1) (2 3) ..., "none", or one weight per channel for the
    level that the compressors see (all channels then share the gain). Limiters always look at every channel.
    """

    description: str = text()
    cutoffs_hz: tuple[float, ...] = ()
    order: int = 4
    compensated: bool = flag(default=True)
    lookahead_ms: float = number(3.0, 0.0, 50.0, "ms")
    low_edge_hz: float = number(20.0, 5.0, 20_000.0, "Hz")
    link: str | tuple[float, ...] = "all"
    mix: float = number(1.0, 0.0, 1.0)
    output_gain_db: float = number(0.0, -60.0, 40.0, "dB")
    bands: tuple[BandSettings, ...] = ()
    output: LimiterSettings = field(default_factory=LimiterSettings)

    def __post_init__(self) -> None:
        check_fields(self)
        object.__setattr__(self, "order", check_order(self.order))
        # against the rate they run at, a processor checks them when it is built
        object.__setattr__(self, "cutoffs_hz", check_cutoffs(self.cutoffs_hz, HIGHEST_HZ))
        object.__setattr__(self, "bands", tuple(self.bands) or (BandSettings(),) * (len(self.cutoffs_hz) + 1))
        for i, band in enumerate(self.bands):
            check_part(f"bands[{i}]", band, BandSettings)
        object.__setattr__(self, "link", _checked_link(self.link))
        if len(self.bands) != len(self.cutoffs_hz) + 1:
            raise BandwiseError(
                f"got {len(self.bands)} bands with {len(self.cutoffs_hz)} cutoffs; allowed is one band more "
                "than cutoffs; add or remove a band"
            )
        if self.output.true_peak and self.lookahead_ms == 0.0:
            raise BandwiseError(
                "got true_peak with lookahead_ms = 0; peaks between samples need lookahead; set 1 ms or more"
            )

    def with_bands(self, **changes: Any) -> "MultibandSettings":
        """The same settings with fields of every band replaced, e.g. `with_bands(bypass=True)`."""
        return replace(self, bands=tuple(replace(band, **changes) for band in self.bands))

    def mono(self) -> "MultibandSettings":
        """The same for one channel alone, which has none to be linked with."""
        return replace(self, link="all")

    def below(self, hz: float) -> "MultibandSettings":
        """The same without the cutoffs above `hz`, and without the bands above these."""
        kept = tuple(cutoff for cutoff in self.cutoffs_hz if cutoff <= hz)
        return replace(self, cutoffs_hz=kept, bands=self.bands[: len(kept) + 1])


def _checked_link(link: Any) -> str | tuple[float, ...]:
    if isinstance(link, str):
        if link in LINKS:
            return link
    elif isinstance(link, (tuple, list)) and link and all(isinstance(w, Real) for w in link):
        weights = tuple(float(w) for w in link)
        if all(0.0 <= w <= 100.0 for w in weights) and any(weights):
            return weights
    raise BandwiseError(
        f"got link = {link!r}; allowed are all, pairs, none, or a weight of 0 to 100 per channel; choose one"
    )

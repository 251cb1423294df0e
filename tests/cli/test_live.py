"""`bandwise live`, on a sound card that hears and plays as fast as it can."""

import sys
import types

import numpy as np
import pytest

from bandwise import NoiseSuppressor
from bandwise.apps import cli
from bandwise.apps.live import switch_on_enter
from bandwise.apps.live_meter import FALL, Meter, decibels

RATE, BLOCK = 48_000, 480
DEVICES = (
    {
        "name": "Headset",
        "max_input_channels": 1,
        "max_output_channels": 2,
        "default_samplerate": 44_100.0,
        "hostapi": 0,
    },
    {
        "name": "USB microphone",
        "max_input_channels": 2,
        "max_output_channels": 0,
        "default_samplerate": 48e3,
        "hostapi": 0,
    },
    {
        "name": "USB speaker",
        "max_input_channels": 0,
        "max_output_channels": 6,
        "default_samplerate": 48e3,
        "hostapi": 0,
    },
)


class PortAudioError(Exception):
    """What sounddevice raises."""


class Card(types.ModuleType):
    """Stands in for sounddevice: `heard` comes from any microphone, `played` is what went out."""

    PortAudioError = PortAudioError
    latency = 0.02, 0.03

    def __init__(self, heard, lost=(), active=True):
        super().__init__("sounddevice")
        self.heard, self.lost, self.active = heard, lost, active
        self.played, self.given, self.ended = [], {}, []

    def query_devices(self, device=None, kind=None):
        found = [{**card, "index": number} for number, card in enumerate(DEVICES)]
        if kind is None:
            return found
        fit = [card for card in found if card[f"max_{kind}_channels"]]
        if device is None:
            return fit[0]
        fit = [card for card in fit if device in (card["index"], card["name"], card["name"].split()[0])]
        if len(fit) != 1:
            raise ValueError(f"{len(fit)} devices match {device!r}")
        return fit[0]

    def query_hostapis(self, number):
        return {"name": ("ALSA",)[number]}

    def Stream(self, **given):  # noqa: N802  as sounddevice calls it
        if given["samplerate"] == 22_050:
            raise PortAudioError("Invalid sample rate")
        self.given = given
        return self

    def start(self):
        if self.given["samplerate"] == 32_000:
            raise PortAudioError("Device unavailable")
        frames, outputs = self.given["blocksize"], self.given["channels"][1]
        for number, first in enumerate(range(0, len(self.heard) - frames + 1, frames)):
            played = np.full((frames, outputs), np.nan, np.float32)
            self.given["callback"](
                self.heard[first : first + frames, None], played, frames, None, number in self.lost
            )
            self.played.append(played)

    def abort(self):
        self.ended.append("abort")

    def close(self):
        self.ended.append("close")


@pytest.fixture
def noise():
    """Half a second of it."""
    return np.random.default_rng(1).standard_normal(RATE // 2).astype(np.float32) * 0.1


@pytest.fixture
def live(monkeypatch, capsys):
    """Call `bandwise live` with a card; its exit status, standard output, lines on standard error."""
    monkeypatch.setattr(cli, "end_when_told", lambda: None)

    def call(card, *args):
        monkeypatch.setitem(sys.modules, "sounddevice", card)
        monkeypatch.setattr(sys, "argv", ["bandwise", "live", *args])
        try:
            cli.main()
            status = 0
        except SystemExit as end:
            status = end.code
        said = capsys.readouterr()
        return status or 0, said.out, said.err.splitlines()

    return call


def test_what_is_played_is_what_a_suppressor_makes(live, noise):
    """Bit for bit, on both sides of the headphones; in blocks of 10 ms, so no later than can be."""
    card = Card(noise)
    status, out, said = live(
        card, "--input", "USB", "--output", "Headset", "--seconds", "0.1", "--model", "small"
    )
    assert (status, out, card.ended) == (0, "", ["abort", "close"])
    assert (card.given["device"], card.given["channels"], card.given["blocksize"]) == ((1, 0), (1, 2), BLOCK)
    played = np.concatenate(card.played)
    expected = NoiseSuppressor(RATE, model="small", block_multiple=BLOCK).process(noise)
    assert np.array_equal(played, np.stack([expected, expected], 1))
    assert "30.0 ms late, and 20 + 30 ms of the devices" in said[-1]
    assert "0 gaps" in said[-1]


def test_the_rate_is_the_microphones(live, noise):
    """Unless another one is asked for; blocks stay at 10 ms."""
    card = Card(noise)
    live(card, "--seconds", "0")
    assert (card.given["samplerate"], card.given["blocksize"]) == (44_100, 441)
    live(card, "--seconds", "0", "--rate", "16000")
    assert (card.given["samplerate"], card.given["blocksize"]) == (16_000, 160)


def test_lost_sound_is_counted(live, noise):
    """What a card loses before it has begun is no loss."""
    *_, said = live(Card(noise, lost=(0, 7, 30)), "--seconds", "0")
    assert "2 gaps" in said[-1]


def test_devices_are_listed(live, noise):
    """Number, name, channels, rate."""
    status, out, said = live(Card(noise), "--list")
    assert (status, said) == (0, [])
    assert out.splitlines()[1] == "  1 USB microphone, ALSA: 2 in, 0 out, 48000 Hz"
    assert len(out.splitlines()) == len(DEVICES)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--input", "9"], "got --input 9: 0 devices match 9; bandwise live --list"),
        (["--output", "nothing"], "got --output nothing: 0 devices match 'nothing'; bandwise live --list"),
        (["--rate", "22050"], "at 22050 Hz, which PortAudio refuses: Invalid sample rate; choose others"),
        (["--rate", "3000"], "got a sample rate of 3000 Hz; whole rates from 8000"),
        (["--rate", "0"], "got a sample rate of 0 Hz; whole rates from 8000"),
        (["--list", "--input", "USB"], "got --input beside --list"),
        (["--model", "nope"], "got model"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(live, noise, args, told):
    """And nothing is left open."""
    card = Card(noise)
    status, _, said = live(card, *args)
    errors = [line for line in said if line.startswith("error: ")]
    assert (status, len(errors)) == (2, 1)
    assert told in errors[0]
    assert card.ended == []


def test_a_device_that_does_not_start_is_told_and_let_go(live, noise):
    """It was opened, so it is closed."""
    card = Card(noise)
    status, _, said = live(card, "--rate", "32000")
    assert (status, card.ended) == (2, ["abort", "close"])
    assert "at 32000 Hz, which PortAudio refuses: Device unavailable" in said[-1]


def test_no_devices_are_no_list(live, noise, monkeypatch):
    """Who asks for one where there is none is told."""
    card = Card(noise)
    monkeypatch.setattr(card, "query_devices", list, raising=False)
    status, out, said = live(card, "--list")
    assert (status, out) == (2, "")
    assert "got no sound devices" in said[0]


def test_a_device_that_goes_is_told(live, noise):
    """Instead of silence for ever."""
    card = Card(noise, active=False)
    status, _, said = live(card)
    assert status == 2
    assert "a device has gone" in said[-1]
    assert card.ended == ["abort", "close"]


def test_sound_that_stops_coming_is_told(live, noise, monkeypatch):
    """Also where PortAudio still says that all goes on."""
    monkeypatch.setattr("bandwise.apps.live.STALLED_S", 0.2)
    status, _, said = live(Card(noise))
    assert status == 2
    assert "a device has gone" in said[-1]


def test_ctrl_c_ends_with_a_summary(live, noise, monkeypatch):
    """It is the usual way to end, so no error."""

    def interrupted(_seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr("bandwise.apps.live.time.sleep", interrupted)
    status, _, said = live(Card(noise))
    assert status == 0
    assert said[-1].startswith("bandwise: 0.5 s, ")


def test_without_portaudio_the_way_to_it_is_told(live, monkeypatch):
    """On Linux it does not come with sounddevice."""
    real = __import__

    def without(name, *args, **given):
        if name == "sounddevice":
            raise OSError("PortAudio library not found")
        return real(name, *args, **given)

    monkeypatch.setattr("builtins.__import__", without)
    status, _, said = live(None, "--list")
    assert status == 2
    assert "PortAudio library not found; sound cards need PortAudio; install it" in said[0]


def test_what_goes_wrong_on_the_cards_thread_is_raised_where_one_waits(live, noise, monkeypatch):
    """Silence is played until then."""

    def broken(_block):
        raise MemoryError("no more")

    card = Card(noise)
    monkeypatch.setattr("bandwise.apps.live.ready", lambda *_: types.SimpleNamespace(process=broken))
    with pytest.raises(MemoryError, match="no more"):
        live(card)
    assert card.ended == ["abort", "close"]
    assert not np.concatenate(card.played).any()


def test_enter_lets_the_noise_through_and_takes_it_away(noise, monkeypatch):
    """What is let through is the sound itself, 30 ms late."""
    suppressor = NoiseSuppressor(RATE, model="small", block_multiple=BLOCK)

    class Terminal:
        def __init__(self, lines):
            self.lines = lines

        def isatty(self):
            return True

        def __iter__(self):
            return iter(self.lines)

    def pressed(times):
        monkeypatch.setattr(sys, "stdin", Terminal(["\n"] * times))
        switch_on_enter(suppressor, None).join()
        return suppressor.process(noise, reset=True)

    late = suppressor.latency_samples
    through, taken = pressed(1), pressed(2)
    assert np.abs(through[2 * late :] - noise[late:-late]).max() < 1e-3
    assert np.square(taken[2 * late :]).mean() < 0.1 * np.square(noise).mean()


def test_the_meter_reads_peaks_load_and_sound():
    """Half the amplitude is 6 dB less; a peak falls by a fifth with every block of silence."""
    half = types.SimpleNamespace(process=lambda block: block / 2)
    meter = Meter(half, 0.01)
    meter.work(np.full(BLOCK, -0.5, np.float32), False)
    assert (decibels(meter.before), decibels(meter.after)) == pytest.approx((-6.02, -12.04), abs=0.01)
    meter.work(np.zeros(BLOCK, np.float32), True)
    assert meter.before == pytest.approx(0.5 * FALL)
    meter.busy_s = 0.002
    assert meter.load == pytest.approx(0.1)
    assert meter.line().endswith("load 10.0 %   gaps 1")
    assert decibels(0.0) == -99

"""What the device hears: the levels of echo and talker are those that were asked for."""

import numpy as np
import pytest

from bandwise.device.amplifier import Amplifier
from bandwise.device.drivers import DRIVERS
from bandwise.device.microphone import Microphone
from bandwise.device.room import Room
from bandwise.lab.bench import Bench
from bandwise.lab.experiment import Experiment
from bandwise.lab.hearing import Echo, Listener, echo_of
from bandwise.lab.plan import Materials, Plan
from bandwise.lab.programme import synthesised
from bandwise.lab.talker import Word, loudest_rms, spoken

RATE = 16_000
BENCH = Bench(DRIVERS["nd65-4"], Amplifier(8.0, 8.0), Room(rt60_s=0.15))


class Wire:
    """A canceller that takes nothing away."""

    name = "wire"

    def cancel(self, microphone, reference):
        return microphone


class Attentive:
    """A detector that keeps what it gets."""

    name, threshold = "attentive", 0.5

    def __init__(self):
        self.given = []

    def scores(self, x):
        self.given.append(x)
        return np.zeros(0), np.zeros(0)


@pytest.mark.parametrize("echo_over_speech_db", [-3.0, 12.0])
def test_the_echo_at_volume_0_is_as_loud_as_planned(tmp_path, echo_over_speech_db):
    """Unprocessed, at full drive, it stands that far above the talker, and so does what nothing cancels."""
    plan = Plan((0.0,), echo_over_speech_db, measured_seconds=1.0, echo_seconds=1.0)
    materials = Materials({"none": None}, synthesised(1, 1.0, 1), [], Wire())
    experiment = Experiment(plan, BENCH, materials, tmp_path)
    row = experiment._listener.row(experiment._echo("none", BENCH.full_drive_db))
    assert row["echo_over_speech_db"] == pytest.approx(echo_over_speech_db, abs=0.1)
    assert row["residual_over_speech_db"] == pytest.approx(echo_over_speech_db, abs=0.3)
    assert row["erle_db"] == pytest.approx(0.0, abs=0.1)


def listener(microphone, detector):
    """Someone who says three words at 0.01 Pa."""
    rng = np.random.default_rng(0)
    words = [Word("alexa", scale * rng.standard_normal(RATE)) for scale in (0.01, 0.1, 1.0)]
    speech = spoken(words, Room(rt60_s=0.15), 0.01, rng)
    return Listener(speech, 0.01, microphone, Wire(), [(detector, None)], 1)


@pytest.mark.parametrize("full_scale_db_spl", [110.0, 130.0])
def test_detectors_hear_the_talker_at_30_db_below_full_scale(full_scale_db_spl):
    """Whatever the microphone and the word, with silence played or none, the loudest half second is there."""
    detector = Attentive()
    someone = listener(Microphone(full_scale_db_spl, noise_db_spl=-20.0), detector)
    silence = np.zeros(RATE)
    someone.without_music()
    someone.row(Echo(silence + 1e-9, silence))
    for heard in detector.given:
        for start, end in zip(someone.speech.starts_s, someone.speech.ends_s, strict=True):
            word = heard[round(start * RATE) : round(end * RATE)]
            assert 20 * np.log10(loudest_rms(word)) == pytest.approx(-30.0, abs=0.01)
    assert len(detector.given) == 2


def test_an_echo_goes_on_where_it_begins_again():
    """A room still rings with the end of the programme when that comes round."""
    x = synthesised(1, 1.0, 1)[0].samples
    once, twice = (echo_of(BENCH, np.tile(x, count), None, 0.0).pressure_pa for count in (1, 2))
    again = twice[len(once) :]
    inside = slice(RATE // 10, -RATE // 10)  # the loudspeaker itself starts from rest
    error = np.sqrt(np.mean((once - again)[inside] ** 2) / np.mean(again[inside] ** 2))
    assert error < 0.02

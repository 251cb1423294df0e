"""Settings of a suppressor that change while sound plays."""

import copy

import numpy as np
import pytest
from suppress_signals import noise

from bandwise import BandwiseError, NoiseSuppressor
from bandwise.suppress.suppressor import share_kept

AT = 12_345


def changed(x, *cuts, **changes):
    """`x` through a suppressor that is changed after AT samples, in blocks that end at the cuts."""
    suppressor, pieces = NoiseSuppressor(model="small", attenuation_limit_db=40.0), []
    for block in np.split(x, sorted({AT, *cuts})):
        pieces.append(suppressor.process(block))
        if sum(map(len, pieces)) == AT:
            suppressor.update(**changes)
    return np.concatenate(pieces)


@pytest.mark.parametrize("changes", [{"attenuation_limit_db": 0.0}, {"postfilter": True}])
def test_a_change_counts_from_the_next_hop_in_any_blocks(changes):
    """Until then all is as before, two hops later as if it had been so all along, however blocks are cut."""
    x = noise(48_000)
    before = NoiseSuppressor(model="small", attenuation_limit_db=40.0).process(x)
    after = NoiseSuppressor(model="small", **({"attenuation_limit_db": 40.0} | changes)).process(x)
    got = changed(x, **changes)
    assert np.array_equal(got, changed(x, 77, 5_000, 12_000, 12_480, 30_001, **changes))
    assert np.array_equal(got[:AT], before[:AT])
    assert np.array_equal(got[AT + 3 * 480 :], after[AT + 3 * 480 :])


def test_a_limit_comes_without_a_click():
    """A full scale tone below the noise's reach, faded in by windows: no step beyond those of the tone."""
    x = 0.5 * np.sin(2 * np.pi * 200 / 48_000 * np.arange(48_000)).astype(np.float32)
    steepest = np.abs(np.diff(x)).max()
    assert np.abs(np.diff(changed(x, attenuation_limit_db=0.0))).max() < 1.05 * steepest


def test_what_is_not_given_stays():
    """Also in copies, and after a reset."""
    x = noise(24_000)
    suppressor = NoiseSuppressor(model="small", attenuation_limit_db=6.0)
    suppressor.update(postfilter=True)
    wanted = NoiseSuppressor(model="small", attenuation_limit_db=6.0, postfilter=True).process(x)
    assert np.array_equal(copy.deepcopy(suppressor).process(x), wanted)
    suppressor.process(x[:1_000])
    assert np.array_equal(suppressor.process(x, reset=True), wanted)
    suppressor.update(attenuation_limit_db=None)
    unlimited = NoiseSuppressor(model="small", postfilter=True).process(x)
    assert np.array_equal(suppressor.process(x, reset=True), unlimited)


@pytest.mark.parametrize("wrong", ["yes", 2, 0.5, [True]])
def test_a_postfilter_is_on_or_off(wrong):
    """What is neither is refused, from the start and later; numbers that say it are taken."""
    with pytest.raises(BandwiseError, match="allowed are True and False"):
        NoiseSuppressor(postfilter=wrong)
    with pytest.raises(BandwiseError, match="allowed are True and False"):
        NoiseSuppressor(postfilter=np.bool_(True)).update(postfilter=wrong)


def test_a_negative_limit_is_refused_and_changes_nothing():
    """As in the constructor."""
    suppressor, x = NoiseSuppressor(model="small"), noise(9_600)
    with pytest.raises(BandwiseError, match="0 or more"):
        suppressor.update(postfilter=True, attenuation_limit_db=-3.0)
    assert np.array_equal(suppressor.process(x), NoiseSuppressor(model="small").process(x))


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int32, np.float64, np.array, np.uint32])
def test_a_limit_of_any_kind_of_number_is_that_limit(kind):
    """Types without a sign have no negative to take: twelve decibels would become an amplification."""
    assert share_kept(kind(12)) == share_kept(12)


def test_what_counts_as_true_is_true():
    """A 1 for the postfilter is no other kind of number to the kernels, which would be compiled anew."""
    x = noise(4_800)
    one, true = NoiseSuppressor(model="small"), NoiseSuppressor(model="small")
    one.update(postfilter=1)
    true.update(postfilter=True)
    assert one.engine._postfilter is True
    assert np.array_equal(one.process(x), true.process(x))

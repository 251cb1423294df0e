"""`bandwise bench dynamics`: what the loudspeaker side costs, by bands, channels and blocks."""

from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from bandwise.apps.measuring import print_row, print_titles

BANDS = (1, 3, 5, 8)
CHANNELS = (1, 2)
BLOCKS = (64, 128, 480, 4_800)


def bench_dynamics(seconds: float, runs: int, *, peers: bool) -> None:
    """Print the cost of multiband dynamics in percent of one core at 48 kHz, as Markdown tables.

    Compressor and limiter in every band, a limiter on the sum; peers where they are installed.
    """
    from bandwise.measure.dynamics_cost import machine, own_cost

    print(f"Cost in % of one core, 48 kHz, CPU time, least of {runs} runs of {seconds:g} s; {machine()}.\n")
    print_titles("bands", "channels", *(f"blocks of {block}" for block in BLOCKS))
    whole: dict[tuple[int, int], float] = {}
    for bands, channels in product(BANDS, CHANNELS):
        costs = [own_cost(bands, channels, block, seconds, runs) for block in BLOCKS]
        whole[bands, channels] = costs[-1]
        print_row(bands, channels, *(f"{cost:.2f}" for cost in costs))
    _print_floor(whole)
    if peers:
        _print_peers(seconds, runs)


def _print_floor(whole: dict[tuple[int, int], float]) -> None:
    from bandwise.measure.dynamics_floor import floor_percent, operations_per_sample, operations_per_second

    rate = operations_per_second()
    print(f"\nThe core does {rate / 1e9:.1f} billion operations a second on rows of samples.\n")
    print_titles("bands", "channels", "operations per sample", "floor, %", "ours, %", "times the floor")
    for (bands, channels), ours in whole.items():
        count, least = operations_per_sample(bands, channels), floor_percent(bands, channels, rate)
        print_row(bands, channels, f"{count:.0f}", f"{least:.3f}", f"{ours:.2f}", f"{ours / least:.1f}")


def _print_peers(seconds: float, runs: int) -> None:
    from bandwise.measure.dynamics_cost import make_sound, own_cost
    from bandwise.measure.dynamics_peers import absent_peers, peer_costs

    print()
    print_titles("bands", "channels", "system", "% of a core", "ours, in the same minute", "times ours")
    with TemporaryDirectory() as folder:
        sounds = {channels: make_sound(seconds, channels, runs, Path(folder)) for channels in CHANNELS}
        for bands, channels in product(BANDS, CHANNELS):
            costs = peer_costs(bands, sounds[channels])
            ours = own_cost(bands, channels, BLOCKS[-1], seconds, runs)
            for name, cost in costs.items():
                print_row(bands, channels, name, f"{cost:.2f}", f"{ours:.2f}", f"{cost / ours:.1f}")
    print(f"\nNot installed: {', '.join(absent_peers()) or 'none'}.")

"""`bandwise bench dynamics`: what the loudspeaker side costs, by bands, channels and blocks."""

from pathlib import Path
from tempfile import TemporaryDirectory

BANDS = (1, 3, 5, 8)
BLOCKS = (64, 128, 480, 4_800)


def bench_dynamics(seconds: float, runs: int, *, peers: bool) -> None:
    """Print the cost of multiband dynamics in percent of one core at 48 kHz, as Markdown tables.

    Compressor and limiter in every band, a limiter on the sum; ffmpeg, sox and pedalboard where installed.
    """
    from bandwise.measure.dynamics_cost import machine, own_cost

    print(f"Cost in % of one core, 48 kHz, CPU time, least of {runs} runs of {seconds:g} s; {machine()}.\n")
    print("| bands | channels | " + " | ".join(f"blocks of {block}" for block in BLOCKS) + " |")
    print("|---|---|" + "---|" * len(BLOCKS))
    whole: dict[tuple[int, int], float] = {}
    for bands in BANDS:
        for channels in (1, 2):
            costs = [own_cost(bands, channels, block, seconds, runs) for block in BLOCKS]
            whole[bands, channels] = costs[-1]
            print(
                f"| {bands} | {channels} | " + " | ".join(f"{cost:.2f}" for cost in costs) + " |", flush=True
            )
    _print_floor(whole)
    if peers:
        _print_peers(whole, seconds, runs)


def _print_floor(whole: dict[tuple[int, int], float]) -> None:
    from bandwise.measure.dynamics_floor import floor_percent, operations_per_sample, operations_per_second

    rate = operations_per_second()
    print(f"\nThe core does {rate / 1e9:.1f} billion operations a second on rows of samples.\n")
    print("| bands | channels | operations per sample | floor, % | ours, % | times the floor |")
    print("|---|---|---|---|---|---|")
    for (bands, channels), ours in whole.items():
        count, least = operations_per_sample(bands, channels), floor_percent(bands, channels, rate)
        print(
            f"| {bands} | {channels} | {count:.0f} | {least:.3f} | {ours:.2f} | {ours / least:.1f} |",
            flush=True,
        )


def _print_peers(whole: dict[tuple[int, int], float], seconds: float, runs: int) -> None:
    from bandwise.measure.dynamics_cost import own_cost, peer_costs

    print("\n| bands | channels | system | % of a core | ours, in the same minute | times ours |")
    print("|---|---|---|---|---|---|")
    with TemporaryDirectory() as folder:
        for bands, channels in whole:
            costs = peer_costs(bands, channels, seconds, Path(folder), runs)
            ours = own_cost(bands, channels, BLOCKS[-1], seconds, runs)
            for name, cost in costs.items():
                print(
                    f"| {bands} | {channels} | {name} | {cost:.2f} | {ours:.2f} | {cost / ours:.1f} |",
                    flush=True,
                )

"""`bandwise bench`: what both halves cost, beside their peers, in the same run."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandwise.apps.options import refuse
from bandwise.apps.report import note
from bandwise.errors import BandwiseError

if TYPE_CHECKING:
    from bandwise.bench.systems import System


def bench(
    subject: Annotated[
        str, typer.Argument(metavar="[dynamics]", help="Only the loudspeaker side, by bands.")
    ] = "all",
    seconds: Annotated[
        float, typer.Option(min=1.0, help="Seconds of sound per system; of dynamics per run, at most 10.")
    ] = 60.0,
    runs: Annotated[
        int | None,
        typer.Option(min=1, help="Of dynamics: runs per figure; the least counts; 5 unless given."),
    ] = None,
    peers: Annotated[bool, typer.Option(help="Run the peers that are installed, too.")] = True,
    peer: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=PATH", help="Another build or the weights of a peer; again and again."),
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(metavar="NAME|PATH", help="Networks to time; base if none.")
    ] = None,
    growth: Annotated[
        bool, typer.Option(help="How cost grows with channels, blocks, bands and length, too.")
    ] = False,
    page: Annotated[
        Path | None, typer.Option(metavar="FILE.md", help="Write all of it there, plots beside it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print a table of time per 10 ms, latency and memory; CPU time of one thread, systems in turns.

    bandwise bench

    bandwise bench --growth --page docs/performance.md
    """
    if subject == "dynamics":
        from bandwise.apps.bench_dynamics import bench_dynamics

        reason = ", which dynamics does not take; drop it, or leave out dynamics"
        refuse(reason, peer=peer, model=model, growth=growth, page=page, json=as_json)
        bench_dynamics(min(seconds, 10.0), runs or 5, peers=peers)
        return
    if subject != "all":
        raise BandwiseError(
            f"got {subject}; bench times everything, or dynamics; run: bandwise bench dynamics"
        )
    refuse(", which everything does not take; drop it, or run: bandwise bench dynamics", runs=runs)
    if not peers:
        refuse(", which a bench without peers does not take; drop it, or leave out --no-peers", peer=peer)
    if page:
        _check_page(page, growth=growth)
    found = measure(model or ["base"], peer or [], seconds, peers=peers, growth=growth, page=page)
    if page:
        from bandwise.apps.bench_page import write_page

        write_page(page, found)
    if as_json:
        print(json.dumps(found, default=asdict))
    elif not page:
        from bandwise.apps.bench_page import summary

        print(summary(found))


def _check_page(page: Path, *, growth: bool) -> None:
    """Raise `BandwiseError` at the start, not after minutes, if the page could not be written."""
    from bandwise.apps.measuring import check_folders
    from bandwise.measure.figures import require_matplotlib

    check_folders(page)
    if growth:
        require_matplotlib()


def measure(
    models: list[str], entries: list[str], seconds: float, *, peers: bool, growth: bool, page: Path | None
) -> dict[str, Any]:
    """Everything that is asked for, as one record."""
    from bandwise.bench.growth import folder
    from bandwise.bench.systems import DYNAMICS_BANDS, dynamics, suppressor
    from bandwise.bench.table import machine, rows

    others, absent = peer_systems(entries) if peers else ([], {})
    own = [suppressor(name) for name in models]
    made = rows([*own, *others, *(dynamics(bands) for bands in DYNAMICS_BANDS)], seconds, note)
    also = [f"--model {Path(name).name}" for name in models] + [f"--peer {_brief(e)}" for e in entries]
    also += [] if peers else ["--no-peers"]
    record = {"machine": machine(), "rows": made, "absent": absent, "seconds": seconds, "also": also}
    record |= {"floor": floors(own, models), "folder": folder(models[0])}
    if peers:
        record["loudspeaker_peers"] = loudspeaker_peers()
    if growth:
        record["growth"] = measured_growth(models[0], seconds, page)
    return record


def floors(own: list["System"], models: list[str]) -> dict[str, Any]:
    """The least that a frame of each of our networks can take."""
    from bandwise.bench.floor import floor

    return {system.name: least for system, name in zip(own, models, strict=True) if (least := floor(name))}


def measured_growth(model: str, seconds: float, page: Path | None) -> list[Any]:
    """The curves of cost, drawn beside the page if there is one."""
    from bandwise.bench.growth import curves, draw

    note("how cost grows")
    made = curves(model, min(seconds, 20.0))
    if page:
        figure = page.parent / "figures" / "cost-growth.png"
        figure.parent.mkdir(parents=True, exist_ok=True)
        draw(made, figure)
    return made


def _brief(entry: str) -> str:
    name, _, path = entry.partition("=")
    return f"{name}={Path(path).name}" if path else name


def peer_systems(entries: list[str]) -> tuple[list["System"], dict[str, str]]:
    """Noise suppressors of others that are here, other builds after those found; and what is missing."""
    from bandwise.bench.systems import peer
    from bandwise.peers.peer import Absent
    from bandwise.peers.registry import KNOWN

    here, absent = [], {}
    for entry in [*KNOWN, *entries]:
        try:
            here.append(peer(entry))
        except Absent as reason:  # noqa: PERF203
            if entry in entries:
                raise BandwiseError(f"got --peer {entry}, which is not there: {reason}") from reason
            absent[entry.partition("=")[0]] = str(reason)
    present = {system.key.removeprefix("peer:").partition("=")[0] for system in here}
    return here, {name: reason for name, reason in absent.items() if name not in present}


def loudspeaker_peers() -> dict[str, float]:
    """Percent of a core that others take for three bands, and for one where they have no more."""
    from tempfile import TemporaryDirectory

    from bandwise.measure.dynamics_cost import make_sound
    from bandwise.measure.dynamics_peers import peer_costs

    with TemporaryDirectory() as place:
        sound = make_sound(10.0, 1, 3, Path(place))
        costs = {f"{name}, 3 bands": cost for name, cost in peer_costs(3, sound).items()}
        return costs | {f"{name}, 1 band": cost for name, cost in peer_costs(1, sound).items()}

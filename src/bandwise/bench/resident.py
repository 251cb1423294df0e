"""How much memory a process needs that does nothing but run one system for some seconds."""

import subprocess
import sys
from pathlib import Path

SECONDS = 3.0


def resident_mb(key: str) -> float | None:
    """Most resident memory, Python and NumPy included (about 35 MB); None where it cannot be told."""
    if sys.platform == "win32":
        return None
    done = subprocess.run(
        [sys.executable, "-m", "bandwise.bench.resident", key], capture_output=True, text=True, check=False
    )
    lines = done.stdout.split()
    return float(lines[-1]) if done.returncode == 0 and lines else None


def peak_mb() -> float:
    """Most memory that this process, or the largest program that it started, has had resident."""
    import resource  # not on Windows

    unit = 2**20 if sys.platform == "darwin" else 2**10
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return max(_own_peak() or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, children) / unit


def _own_peak() -> int:
    """In kB, on Linux, where the usual figure counts what the parent held when it started us; else 0."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.is_file() else []
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


def main(key: str) -> str:
    """Run a system and say what it took."""
    from bandwise.bench.systems import by_key, speechlike
    from bandwise.bench.timing import blocks_of

    system = by_key(key)
    if system.start:
        process = system.start()
        for block in blocks_of(system, SECONDS):
            process(block)
    elif system.whole:
        system.whole(speechlike(SECONDS, system.sample_rate))
    return f"{peak_mb():.1f}\n"


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1]))

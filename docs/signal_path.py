"""Draws signal-path.svg: `python docs/signal_path.py`."""

from pathlib import Path

WIDTH, HEIGHT = 1160, 410
INK, SOUND, NUMBERS, PAPER = "#1f2937", "#2563eb", "#b45309", "#ffffff"

# name: (x, y of the centre, title, detail, colour of the border, width)
BOXES = {
    "hops": (115, 90, "any blocks", "to hops of 480", SOUND, 130),
    "stft": (300, 90, "STFT", "window 960, hop 480", SOUND, 150),
    "mix": (530, 90, "mix per band", "voice and its comb", SOUND, 140),
    "gain": (705, 90, "gain per band", "postfilter if asked", SOUND, 130),
    "filter": (872, 90, "deep filter", "and relief, to 5 kHz", SOUND, 130),
    "istft": (1040, 90, "inverse STFT", "overlap and add", SOUND, 130),
    "pitch": (115, 210, "pitch", "correlation, Viterbi", SOUND, 150),
    "comb": (300, 210, "comb filter", "periods of the voice", SOUND, 150),
    "features": (300, 330, "70 features", "levels, coherence, pitch", NUMBERS, 180),
    "network": (617, 330, "recurrent network", "int8, a step per 10 ms", NUMBERS, 180),
    "places": (872, 330, "one network, 25 places", "of four bins each", NUMBERS, 180),
}

# corners of each arrow, colour, label and where it stands
ARROWS = [
    (((10, 90), (50, 90)), SOUND, "in", (22, 82)),
    (((180, 90), (225, 90)), SOUND, "", (0, 0)),
    (((375, 90), (460, 90)), SOUND, "spectrum", (418, 80)),
    (((600, 90), (640, 90)), SOUND, "", (0, 0)),
    (((770, 90), (807, 90)), SOUND, "", (0, 0)),
    (((937, 90), (975, 90)), SOUND, "", (0, 0)),
    (((1105, 90), (1145, 90)), SOUND, "out", (1128, 82)),
    (((115, 119), (115, 181)), SOUND, "", (0, 0)),
    (((190, 210), (225, 210)), SOUND, "", (0, 0)),
    (((375, 210), (510, 210), (510, 119)), SOUND, "comb spectrum", (458, 202)),
    (((115, 239), (115, 330), (210, 330)), NUMBERS, "period", (160, 322)),
    (((300, 239), (300, 301)), NUMBERS, "coherence", (338, 275)),
    (((410, 90), (410, 320), (390, 320)), NUMBERS, "levels", (432, 275)),
    (((390, 340), (527, 340)), NUMBERS, "", (0, 0)),
    (((580, 301), (580, 250), (545, 250), (545, 119)), NUMBERS, "34 strengths", (587, 185)),
    (((655, 301), (655, 250), (705, 250), (705, 119)), NUMBERS, "34 gains", (738, 185)),
    (((707, 330), (782, 330)), NUMBERS, "both", (744, 322)),
    (
        ((410, 90), (410, 385), (872, 385), (872, 359)),
        NUMBERS,
        "levels and phase steps of 100 bins",
        (640, 400),
    ),
    (((872, 301), (872, 119)), NUMBERS, "600 complex taps", (936, 185)),
]


def text(x: float, y: float, words: str, colour: str = INK, style: str = 'font-size="14"') -> str:
    """Centred words."""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="middle" fill="{colour}" {style}>{words}</text>'


def box(name: str) -> str:
    """A rounded box with a bold first line."""
    x, y, title, detail, colour, width = BOXES[name]
    return (
        f'<rect x="{x - width / 2:g}" y="{y - 29}" width="{width}" height="58" rx="8" fill="{PAPER}" '
        f'stroke="{colour}" stroke-width="1.6"/>'
        + text(x, y - 4, title, style='font-size="14" font-weight="bold"')
        + text(x, y + 15, detail, style='font-size="12"')
    )


def arrow(corners: tuple[tuple[int, int], ...], colour: str, label: str, place: tuple[int, int]) -> str:
    """A line through its corners, a head at the end, a label."""
    (x0, y0), (x, y) = corners[-2:]
    dx, dy = (x > x0) - (x < x0), (y > y0) - (y < y0)
    back, side = (x - 8 * dx, y - 8 * dy), (4 * dy, 4 * dx)
    head = f"{x},{y} {back[0] + side[0]},{back[1] + side[1]} {back[0] - side[0]},{back[1] - side[1]}"
    line = " ".join(f"{x},{y}" for x, y in (*corners[:-1], back))
    words = text(*place, label, colour, 'font-size="12"') if label else ""
    return (
        f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
        f'<polygon points="{head}" fill="{colour}"/>{words}'
    )


def picture() -> str:
    """The whole file."""
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
            f'height="{HEIGHT}" font-family="system-ui, sans-serif" role="img" '
            'aria-label="Signal path of the noise suppressor">'
        ),
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>',
        text(40, 30, "sound", SOUND),
        text(180, 30, "numbers that decide about it", NUMBERS),
        *(arrow(*item) for item in ARROWS),
        *(box(name) for name in BOXES),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("signal-path.svg").write_text(picture(), encoding="utf-8")

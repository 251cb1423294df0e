"""What is never trained on, whatever a manifest says: recordings that published measurements use.

A network that has heard a test voice or a test room looks better than it is.
"""

from collections.abc import Mapping

RESERVED_SOURCES = frozenset(
    {
        "remvze/moodist",
        "ashutoshgngwr/noice",
        "microsoft/P.808",
        "iver56/audiomentations",
        "csteinmetz1/pymixconsole",
        "GoogleChromeLabs/web-audio-samples",
    }
)

# The test speakers of VoiceBank+DEMAND and their neighbours.
VCTK_RESERVED = frozenset({"p232", "p257", "s5", *(f"p{number}" for number in range(360, 377))})

# Readers of the LibriSpeech (and so LibriTTS) sets test-clean and test-other.
# fmt: off
_TEST_READERS = (
    61, 121, 237, 260, 367, 533, 672, 908, 1089, 1188, 1221, 1284, 1320, 1580, 1688, 1995, 1998,
    2033, 2094, 2300, 2414, 2609, 2830, 2961, 3005, 3080, 3331, 3528, 3538, 3570, 3575, 3729, 3764,
    3997, 4077, 4198, 4294, 4350, 4446, 4507, 4852, 4970, 4992, 5105, 5142, 5442, 5484, 5639, 5683,
    5764, 6070, 6128, 6432, 6829, 6930, 6938, 7018, 7021, 7105, 7127, 7176, 7729, 7902, 7975, 8131,
    8188, 8224, 8230, 8254, 8280, 8455, 8461, 8463, 8555,
)
# fmt: on
LIBRISPEECH_TEST_READERS = frozenset(map(str, _TEST_READERS))

RESERVED_SPEAKERS = {
    "vctk": VCTK_RESERVED,
    "librispeech": LIBRISPEECH_TEST_READERS,
    "libritts": LIBRISPEECH_TEST_READERS,
}


def source_of(row: Mapping[str, str]) -> str:
    """Where the recording of a manifest row comes from: its column source or source_repo, or nothing."""
    return row.get("source") or row.get("source_repo") or ""


def is_reserved(row: Mapping[str, str]) -> bool:
    """Whether a manifest row (columns source or source_repo, speaker as "corpus:name") is for tests only."""
    corpus, _, name = row.get("speaker", "").partition(":")
    return source_of(row) in RESERVED_SOURCES or name in RESERVED_SPEAKERS.get(corpus, ())

"""How training examples are drawn: every range and probability in one place."""

from dataclasses import dataclass

Range = tuple[float, float]


@dataclass(frozen=True)
class MixtureConfig:
    """What examples are like; probabilities are per example unless said otherwise."""

    seconds: float = 5.0
    clean_probability: float = 0.13
    noise_only_probability: float = 0.04
    snr_db: Range = (-5.0, 45.0)
    usual_snr_db: Range = (-4.0, 18.0)
    usual_snr_probability: float = 0.85
    peak_dbfs: Range = (-45.0, 0.0)
    speech_speed: Range = (0.8, 1.25)
    noise_speed: Range = (0.7, 1.4)
    second_speaker_probability: float = 0.25
    formant_probability: float = 0.45
    formant_factor: Range = (0.83, 1.2)
    room_probability: float = 0.5
    speech_distance_m: Range = (0.25, 3.0)
    noise_distance_m: Range = (1.0, 6.0)
    noise_room_probability: float = 0.6
    synthetic_probability: float = 0.25
    babble_probability: float = 0.05
    throat_probability: float = 0.12
    onset_probability: float = 0.15
    drift_probability: float = 0.25
    drift_db: float = 5.0
    event_probability: float = 0.3
    event_snr_db: Range = (-8.0, 20.0)
    low_pass_probability: float = 0.2
    narrow_voice_probability: float = 0.04
    clipping_probability: float = 0.03
    clipping_db: Range = (1.0, 10.0)
    codec_probability: float = 0.03
    codec_compression: Range = (0.4, 0.98)
    packet_loss_probability: float = 0.02

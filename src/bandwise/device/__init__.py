"""A simulated device: amplifier, loudspeaker, room, microphone, echo canceller, wake word."""

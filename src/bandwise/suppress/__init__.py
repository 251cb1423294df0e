"""The microphone side: noise suppression after PercepNet."""

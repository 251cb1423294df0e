"""The loudspeaker side: multiband dynamics that keep a small driver linear."""

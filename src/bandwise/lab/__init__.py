"""The bench: what multiband dynamics do for a device; and the tuner that fits a preset to one."""

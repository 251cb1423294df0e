"""The two ways to split sound into bands."""

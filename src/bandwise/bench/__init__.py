"""What it costs: time, latency and memory of both halves of the product and of their peers, in one run."""

"""The worker: sweeps that look for what is due, and the queue that wakes them."""

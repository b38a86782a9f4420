"""Takes numbers apart: an issue's life, a sprint's sums, a metric's rows, each with the evidence behind it."""

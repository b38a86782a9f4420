"""Flow over time: cycle time, throughput, cumulative flow, and the age of what is in progress."""

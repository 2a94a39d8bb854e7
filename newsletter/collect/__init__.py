"""World to papers and readings: sources, signals, one polite HTTP client, and the merge."""

"""What docs/performance.md quotes, runnable: `python -m benchmarks.NAME [--quick] [--json FILE]`."""

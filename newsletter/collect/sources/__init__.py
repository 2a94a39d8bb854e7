"""One module a kind of source: what it sends becomes papers."""

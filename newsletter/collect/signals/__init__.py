"""One module a kind of signal: attention becomes readings."""

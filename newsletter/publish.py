"""THE MISSION: collect, rank, cut, send; safe to run twice, at once and after a crash."""

"""PURE. Candidates to edition, edition to one reader's cut: relevance, trend, diversity, personal, explain."""

"""The ranker against history: rankers by name, measures with their uncertainty, and the page that shows them."""

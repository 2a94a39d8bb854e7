"""PURE. Words, dates and numbers in a reader's language: catalogues, plurals, direction, and why a paper was picked."""

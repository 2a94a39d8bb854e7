"""The nouns: what the house is made of. Frozen dataclasses, standard library only."""

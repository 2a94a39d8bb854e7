"""Model files of the ranker, read through importlib.resources; NOTICE says where they come from."""

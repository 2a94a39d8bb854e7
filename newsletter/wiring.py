"""Config to Press: the only module that constructs adapters."""

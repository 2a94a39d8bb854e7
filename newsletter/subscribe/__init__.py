"""PURE. Who may be written to and when: legal moves, signed links, addresses, calendar."""

"""How the database came to its shape, step by step; run by `newsletter.store.migrate`."""

"""Pages: sign up, confirm, choose, leave, read, search, feeds, operator."""

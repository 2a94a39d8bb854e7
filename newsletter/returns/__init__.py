"""Returned mail becomes evidence, evidence a decision about a reader: pure, but for the mailboxes of `intake`."""

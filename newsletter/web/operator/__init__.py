"""The operator's pages, behind a login."""

"""The ways to the next hop: Maildir, SMTP, LMTP."""

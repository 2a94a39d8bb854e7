"""Reports of mail providers: verified, seen once, and turned into what they mean for a reader."""

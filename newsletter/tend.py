"""The other mission: bounces in, leases back, stale sign-ups out."""

"""Ledger to next hop: drain, retry, pace, verdict, transports."""

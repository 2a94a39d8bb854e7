"""Counters of one application, in a registry of its own, as Prometheus text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from collections.abc import Mapping


class Meters:
    """Requests by route pattern (never by path: paths hold tokens), sign-ups, webhook events, and what is stored."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "newsletter_web_requests", "Answers given.", ("route", "method", "status"), registry=self._registry
        )
        self.seconds = Histogram("newsletter_web_seconds", "Time to answer.", ("route",), registry=self._registry)
        self.signups = Counter(
            "newsletter_signups", "Sign-up forms by what became of them.", ("result",), registry=self._registry
        )
        self.hooks = Counter(
            "newsletter_hook_events", "Events from mail providers.", ("provider", "event"), registry=self._registry
        )
        self._subscribers = Gauge(
            "newsletter_subscribers", "Subscribers by status.", ("status",), registry=self._registry
        )
        self._deliveries = Gauge("newsletter_deliveries", "Ledger rows by state.", ("state",), registry=self._registry)
        self._papers = Gauge("newsletter_papers", "Papers stored.", registry=self._registry)

    def text(self, *, subscribers: Mapping[str, int], deliveries: Mapping[str, int], papers: int) -> bytes:
        for status, count in subscribers.items():
            self._subscribers.labels(status).set(count)
        for state, count in deliveries.items():
            self._deliveries.labels(state).set(count)
        self._papers.set(papers)
        return generate_latest(self._registry)

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

        self._health = Gauge("newsletter_health", "0 in order, 1 late, 2 broken.", registry=self._registry)
        self._sources = Gauge(
            "newsletter_source_up", "1: its last answer was good.", ("source",), registry=self._registry
        )
        self._runs = Gauge(
            "newsletter_last_run_timestamp_seconds", "Start of the last one.", ("command",), registry=self._registry
        )
        self._edition = Gauge(
            "newsletter_edition_timestamp_seconds", "When the newest edition was printed.", registry=self._registry
        )
        self._posts = Gauge(
            "newsletter_channel_posts", "Last posts by state.", ("channel", "state"), registry=self._registry
        )

    def watch(
        self,
        *,
        health: int,
        sources: Mapping[str, bool],
        runs: Mapping[str, float],
        edition: float,
        posts: Mapping[tuple[str, str], int],
    ) -> None:
        """What an alert is made from, all of it anew; times are Unix seconds, 0 for never."""
        self._health.set(health)
        self._edition.set(edition)
        for gauge in (self._sources, self._runs, self._posts):
            gauge.clear()
        for name, up in sources.items():
            self._sources.labels(name).set(up)
        for command, at in runs.items():
            self._runs.labels(command).set(at)
        for (channel, state), count in posts.items():
            self._posts.labels(channel, state).set(count)

    def text(self, *, subscribers: Mapping[str, int], deliveries: Mapping[str, int], papers: int) -> bytes:
        self._subscribers.clear()  # a state that nothing is in any more must not keep its old number
        self._deliveries.clear()
        for status, count in subscribers.items():
            self._subscribers.labels(status).set(count)
        for state, count in deliveries.items():
            self._deliveries.labels(state).set(count)
        self._papers.set(papers)
        return generate_latest(self._registry)

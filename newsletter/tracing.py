"""Spans of a run and its stages for OpenTelemetry, where it is installed and set up; nothing and no cost elsewhere.

Names and times only: no address, no title, no text of an error (https://opentelemetry.io/docs/specs/otel/trace/api/).
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from newsletter.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

P = ParamSpec("P")
T = TypeVar("T")
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


@contextmanager
def span(name: str) -> Iterator[None]:
    """A span around the block, under the one that is open. Free while nobody has loaded OpenTelemetry."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        yield
        return
    tracer = trace.get_tracer("newsletter")
    with tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as open_span:
        try:
            yield
        except BaseException as error:  # edge: only its kind is told, and it goes on its way
            open_span.set_status(trace.Status(trace.StatusCode.ERROR, type(error).__name__))
            raise


def traced(name: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """A function whose calls are spans."""

    def around(function: Callable[P, T]) -> Callable[P, T]:
        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            with span(name):
                return function(*args, **kwargs)

        return call

    return around


@contextmanager
def tracing(environ: Mapping[str, str]) -> Iterator[None]:
    """Send spans to where OTEL_EXPORTER_OTLP_ENDPOINT says, until the block ends; nothing without it.

    The other OTEL_ variables are OpenTelemetry's own. Raises UsageError when its packages are not there.
    """
    if not any(environ.get(name) for name in _ENDPOINTS) or environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        yield
        return
    try:
        from opentelemetry import trace  # noqa: PLC0415 - an extra, and slow to load
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ModuleNotFoundError as error:
        cure = "Install them: pip install 'trending-papers[traces]', or unset OTEL_EXPORTER_OTLP_ENDPOINT."
        raise UsageError(f"Tracing needs a package that is not here: {error.name}.", cure=cure) from None
    named = {} if environ.get("OTEL_SERVICE_NAME") else {"service.name": "newsletter"}
    provider = TracerProvider(resource=Resource.create(named))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        provider.shutdown()

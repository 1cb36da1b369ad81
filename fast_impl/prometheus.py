"""For Prometheus: a collector over `broker.channels()` (the extra `omnimailbox[prometheus]`) [OBS-2].

>>> from prometheus_client import CollectorRegistry, generate_latest
>>> import fast_impl
>>> from fast_impl.prometheus import ChannelCollector
>>> broker, registry = fast_impl.MailboxBroker(), CollectorRegistry()
>>> registry.register(ChannelCollector(broker))  # without a registry of your own: prometheus_client.REGISTRY
>>> with fast_impl.open_channel("telemetry", broker=broker) as channel:
...     channel.producer.send(b"x")
...     print(*(line for line in generate_latest(registry).decode().splitlines() if "_messages{" in line), sep=chr(10))
omnimailbox_channel_capacity_messages{channel="telemetry"} 1024.0
omnimailbox_channel_waiting_messages{channel="telemetry"} 1.0
"""

from __future__ import annotations

from collections.abc import Iterator

from fast_impl._broker import MailboxBroker
from spec_model.vocabulary import ChannelInfo

try:
    from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
    from prometheus_client.registry import Collector
except ModuleNotFoundError as _error:
    raise ImportError("fast_impl.prometheus needs prometheus-client: pip install 'omnimailbox[prometheus]'") from _error

__all__ = ["ChannelCollector"]

_CHANNEL = ["channel"]
_SIDE = ["channel", "side"]


class ChannelCollector(Collector):
    """The metrics of a broker, the process's where none is given, as they are when they are scraped.

    Of each registered channel its gauges and, by side, its counters, which go with it; and the broker's own totals,
    which include the channels that are gone. No push or pop waits for a scrape.
    """

    def __init__(self, broker: MailboxBroker | None = None) -> None:
        self._broker = MailboxBroker.instance() if broker is None else broker

    def describe(self) -> Iterator[Metric]:
        """None: registering does not scrape."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """One family for each metric."""
        channels = self._broker.channels()
        stats = self._broker.get_stats()
        yield GaugeMetricFamily("omnimailbox_channels", "Channels registered now.", value=stats.active_channels)
        for name, text, value in (
            ("omnimailbox_channels_created", "Channels ever requested with success.", stats.total_channels_created),
            ("omnimailbox_messages_sent", "Messages sent over all channels ever made.", stats.total_messages_sent),
            ("omnimailbox_transferred_bytes", "Bytes of those messages.", stats.total_bytes_transferred),
        ):
            yield CounterMetricFamily(name, text, value=value)
        yield from _of_channels(channels)


def _of_channels(channels: list[ChannelInfo]) -> Iterator[Metric]:
    def gauge(name: str, text: str, labels: list[str] = _CHANNEL) -> GaugeMetricFamily:
        return GaugeMetricFamily(f"omnimailbox_channel_{name}", text, labels=labels)

    def counter(name: str, text: str) -> CounterMetricFamily:
        return CounterMetricFamily(f"omnimailbox_channel_{name}", text, labels=_SIDE)

    capacity = gauge("capacity_messages", "How many messages fit.")
    size = gauge("max_message_size_bytes", "The size of the largest message.")
    waiting = gauge("waiting_messages", "Messages sent and not yet received.")
    shut = gauge("shut_down", "1 where a shutdown has closed the channel.")
    is_open = gauge("open", "1 while this side is not closed.", _SIDE)
    asleep = gauge("asleep_seconds", "For how long a call on this side has been asleep; 0 where none is.", _SIDE)
    messages = counter("messages", "Messages sent by this side (producer), or received (consumer).")
    volume = counter("bytes", "Bytes of those messages.")
    failed = counter("failed_calls", "Calls on this side that answered TIMEOUT or CHANNEL_CLOSED.")
    for each in channels:
        name = each.name.encode("utf-8", "backslashreplace").decode()  # a lone surrogate has no place in UTF-8
        capacity.add_metric([name], each.config.capacity)
        size.add_metric([name], each.config.max_message_size)
        waiting.add_metric([name], each.waiting)
        shut.add_metric([name], each.shut)
        for side, sleeps, opened, stats in (
            ("producer", each.producer_sleeps, each.producer_open, each.producer),
            ("consumer", each.consumer_sleeps, each.consumer_open, each.consumer),
        ):
            is_open.add_metric([name, side], opened)
            asleep.add_metric([name, side], sleeps or 0)
            for family, value in zip((messages, volume, failed), stats, strict=True):
                family.add_metric([name, side], value)
    yield from (capacity, size, waiting, shut, is_open, asleep, messages, volume, failed)

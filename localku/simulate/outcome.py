"""The figures of one simulated case. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from localku.simulate.tally import Estimate, Piece, Tally, percentiles, spread


@dataclass(frozen=True, slots=True)
class Outcome:
    """Times are ms: latencies (wait and service) and waits. waits: the share of requests that
    waited. refused: the share that got H11; timed_out: of the others, H12. utilisation: the share
    of its time that a dyno's place works, as offered."""

    count: int
    mean: Estimate
    p50: Estimate
    p90: Estimate
    p95: Estimate
    p99: Estimate
    p999: Estimate
    most: float
    wait: Estimate
    waits: Estimate
    utilisation: float
    refused: float = 0.0
    timed_out: float = 0.0

    @property
    def is_overloaded(self) -> bool:
        """Whether there is more work than the dynos can do: figures grow with the run's length."""
        return self.utilisation >= 1


def outcome(utilisation: float, tally: Tally, timeout: float) -> Outcome:
    """The figures of a run. A latency beyond the timeout (ms) is the timeout: the client has got
    its H12 then."""
    batches = tally.batches()
    count = sum(piece.count for piece in tally.pieces)
    refused = sum(piece.refused for piece in tally.pieces)
    sample = [value for piece in tally.pieces for value in piece.sample]
    late = sum(value > timeout for value in sample)
    if late:
        sample = [min(value, timeout) for value in sample]
    columns = [_latencies(batch, timeout) for batch in batches]
    whole = [sum(sample) / len(sample) if sample else 0.0, *percentiles(sample)]
    errors = [spread([column[place] for column in columns]) for place in range(len(whole))]
    mean, p50, p90, p95, p99, p999 = (
        Estimate(value, error) for value, error in zip(whole, errors, strict=True)
    )
    return Outcome(
        count + refused,
        *(mean, p50, p90, p95, p99, p999),
        most=max(sample, default=0.0),
        wait=_share(batches, [piece.waits for piece in tally.pieces], count),
        waits=_share(batches, [float(piece.waited) for piece in tally.pieces], count),
        utilisation=utilisation,
        refused=refused / (count + refused) if refused else 0.0,
        timed_out=late / len(sample) if late else 0.0,
    )


def _latencies(batch: list[Piece], timeout: float) -> list[float]:
    sample = [min(value, timeout) for piece in batch for value in piece.sample]
    return [sum(sample) / len(sample) if sample else 0.0, *percentiles(sample)]


def _share(batches: list[list[Piece]], values: list[float], count: int) -> Estimate:
    """A sum per request, with the error that the batches' own sums show."""
    found, place = [], 0
    for batch in batches:
        requests = sum(piece.count for piece in batch)
        found.append(sum(values[place : place + len(batch)]) / max(1, requests))
        place += len(batch)
    return Estimate(sum(values) / max(1, count), spread(found))

"""Results as a table in 80 columns and as JSON.

A ratio is the median, over the rounds, of the ratio within a round: neighbours in time share the
noise of the machine, so it cancels. With one round it is the plain ratio.
"""

from __future__ import annotations

from statistics import median, quantiles
from typing import Any

from benchmarks.race import Race, Result


def ratio(over: list[float], under: list[float]) -> float:
    """Median of the ratios within each round.

    Examples
    --------
    >>> ratio([2.0, 40.0, 2.0], [1.0, 20.0, 1.0])      # a slow round slows both
    2.0
    """
    return median(a / b for a, b in zip(over, under, strict=True))


def quartiles(samples: list[float]) -> list[float]:
    """First and third quartile; the value itself, twice, when there is one."""
    if len(samples) == 1:
        return samples * 2
    low, _, high = quantiles(samples, n=4, method="inclusive")
    return [low, high]


def as_data(race: Race, result: Result) -> dict[str, Any]:
    """A race for JSON.

    Returns
    -------
    dict
        ``title``, ``unit``, ``ours``, ``yardstick`` (keys of contestants; the latter None if it did
        not start), ``notes``, and ``contestants``: of each its ``title`` and either ``missing``
        (why) or ``median``, ``quartiles``, ``rounds``, ``over_yardstick`` (it over the yardstick),
        ``ours_over`` (ours over it; None if we did not start) and ``over`` (it over each other one
        that started, by key).
    """
    first = race.contestants[0].key
    ours, yardstick = result.samples.get(race.ours), result.samples.get(first)
    entries: dict[str, dict[str, Any]] = {}
    for contestant in race.contestants:
        entry: dict[str, Any] = {"title": contestant.title}
        samples = result.samples.get(contestant.key)
        if samples is None:
            entry["missing"] = result.missing[contestant.key]
        else:
            entry |= {
                "median": median(samples),
                "quartiles": quartiles(samples),
                "rounds": len(samples),
                "over_yardstick": ratio(samples, yardstick) if yardstick else None,
                "ours_over": ratio(ours, samples) if ours else None,
                "over": {
                    key: ratio(samples, others)
                    for key, others in result.samples.items()
                    if key != contestant.key
                },
            }
        entries[contestant.key] = entry
    return {
        "title": race.title,
        "unit": race.unit,
        "ours": race.ours,
        "yardstick": first if yardstick else None,
        "contestants": entries,
        "notes": result.notes,
    }


def table(name: str, data: dict[str, Any]) -> str:
    """One race as text: a line per contestant, at most 80 columns."""
    contestants = data["contestants"]
    first = next(iter(contestants.values()))["title"]
    ours = contestants[data["ours"]]["title"]
    lines = [
        f"{name}: {data['title']}",
        f"  {data['unit']:>20} {'median':>9}  {'quartiles':^19} {'over':>10} {ours:>11}",
        f"  {'':20} {'':9}  {'':19} {short(first):>10} {'over it':>11}",
    ]
    for entry in contestants.values():
        if "missing" in entry:
            lines.append(f"  {entry['title']:20} {entry['missing']:>9}"[:80])
            continue
        low, high = entry["quartiles"]
        lines.append(
            f"  {entry['title']:20} {number(entry['median']):>9}  "
            f"{number(low):>8} - {number(high):<8} "
            f"{factor(entry['over_yardstick']):>10} {factor(entry['ours_over']):>11}"
        )
    return "\n".join(lines + [f"  {note}" for note in data["notes"]]) + "\n"


def short(title: str) -> str:
    """The yardstick's name where a column is narrow."""
    return "by hand" if title.startswith("hand-written") else title


def number(value: float) -> str:
    """Three or four figures, thousands set apart."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def factor(value: float | None) -> str:
    """A ratio to two places; blank when there is none."""
    return "" if value is None else f"{value:.2f}"

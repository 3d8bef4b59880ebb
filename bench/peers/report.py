"""Medians and Markdown tables from the records of ``measure``."""

from __future__ import annotations

import statistics
from typing import Any

from bench.peers.clients import CASES, CLIENTS, Client

COLUMNS = ("server_rate", "rate", "cpu_per_1000", "memory", "start", "peak")
HEAD = (
    "| client | version | at the server, calls/s | of bare | whole call, calls/s | of bare "
    "| CPU s per 1,000 calls | memory, MiB | start, s | peak in flight |"
)
RULE = "|" + "---|" * 10


def medians(records: list[dict[str, Any]]) -> dict[str, float]:
    """The median of each column."""
    return {column: statistics.median(record[column] for record in records) for column in COLUMNS}


def trouble(records: list[dict[str, Any]]) -> str:
    """What went wrong, each message once with how often; empty when nothing did."""
    messages = [f"{r['status']}: {r['message']}".replace("|", "/") for r in records if r["status"] != "ok"]
    return "; ".join(f"{m} ({messages.count(m)} of {len(records)} runs)" for m in dict.fromkeys(messages))


def row(client: Client, case: str, records: list[dict[str, Any]], bare: dict[str, float] | None) -> tuple[str, str]:
    """A line of the table and a note, which may be empty."""
    if case in client.lacks:
        return "", ""
    if not records:
        return f"| {client.name} | | not run | | | | | | | |", ""
    good = [r for r in records if r["status"] == "ok"]
    note = trouble(records)
    if not good:
        return f"| {client.name} | | {records[0]['status']} | | | | | | | |", f"{client.name}: {note}"
    found = medians(good)
    ratios = [f"{found[c] / bare[c]:.2f}" if bare else "" for c in ("server_rate", "rate")]
    cells = [
        client.name, good[0]["version"], f"{found['server_rate']:.0f}", ratios[0], f"{found['rate']:.0f}", ratios[1],
        f"{found['cpu_per_1000']:.2f}", f"{found['memory']:.0f}", f"{found['start']:.1f}", f"{found['peak']:.0f}",
    ]  # fmt: skip
    notes = [note] if note else []
    if client.items(case) != CASES[case].items:
        notes.append(f"{good[0]['calls']} calls only, as it is too slow for all")
    extra = sorted({r["served"] - r["calls"] for r in good} - {0})
    if extra:
        notes.append(f"calls served beyond those asked for: {', '.join(map(str, extra))}")
    return "| " + " | ".join(cells) + " |", f"{client.name}: {'; '.join(notes)}" if notes else ""


def table(records: list[dict[str, Any]]) -> str:
    """One Markdown table a case: medians over the runs that ended well, and below it everything that didn't."""
    parts: list[str] = []
    for case, plan in CASES.items():
        own = [r for r in records if r["case"] == case]
        if not own:
            continue
        named = {c.name: [r for r in own if r["client"] == c.name] for c in CLIENTS}
        first = [r for r in named[CLIENTS[0].name] if r["status"] == "ok"]
        lines = [row(c, case, named[c.name], medians(first) if first else None) for c in CLIENTS]
        repeats = max(map(len, named.values()))
        parts += [f"### {plan.title} ({plan.items * plan.turns:,} calls, median of {repeats})", "", HEAD, RULE]
        parts += [line for line, _ in lines if line]
        notes = [f"- {note}" for _, note in lines if note]
        parts += ["", *notes, ""] if notes else [""]
    return "\n".join(parts)

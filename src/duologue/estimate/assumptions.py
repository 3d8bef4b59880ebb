"""What an estimate has to assume: documented values, replaced by the run's own log where there is one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from duologue.config.sections import Config
from duologue.store.reading import CallTotal, RunReader

LEAST_CALLS = 20
"""Logged calls of one purpose from which their means replace the assumptions."""
ANSWER_TOKENS: Mapping[str, float] = MappingProxyType(
    {
        "expansion.query": 10.0,
        "expansion.bootstrap_query": 10.0,
        "expansion.attribute": 12.0,
        "generator.turn": 18.0,
        "judge.faithfulness": 20.0,
        "judge.toxicity": 10.0,
    }
)
"""Tokens of an answer by purpose."""
UTTERANCE_TOKENS = 22.0
"""Tokens of one utterance and its label where a conversation comes in one answer."""
OTHER_TOKENS = 3.0
"""Tokens of an answer of any other purpose: a judge's word."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Means of the logged calls of one purpose."""

    prompt_tokens: float
    answer_tokens: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Shares are in [0, 1]."""

    query_draws: float = 1.2
    """Times the query of a category is asked for."""
    attributes_accepted: float = 0.5
    """Share of attempts that bring a new attribute."""
    candidates_survive: float = 0.6
    """Share of candidates that pass every guard and filter."""
    calls_per_candidate: float | None = None
    """Generator calls of one candidate; None: as many as the sample needed."""
    call_seconds: float = 0.5
    """Seconds of one call beside its answer's tokens."""
    token_seconds: float = 0.02
    """Seconds of one answer token of one call."""
    side_by_side: bool = True
    """Whether calls overlap in time; those of one computer's cores gain nothing by it."""
    seen: Mapping[str, Seen] = field(default_factory=dict)
    """By purpose, what the log says."""
    answers_as_scripted: bool = False
    """Answers are as long as the scripted model's."""
    measured: bool = False
    """Whether any share comes from the run's own rows."""


SCRIPTED = Assumptions(
    query_draws=1.0,
    attributes_accepted=0.95,
    candidates_survive=0.95,
    call_seconds=0.001,
    token_seconds=0.0,
    answers_as_scripted=True,
)
"""The scripted model is refused seldom and answers at once."""
EMBEDDED = Assumptions(call_seconds=0.15, token_seconds=0.02, side_by_side=False)
"""A model of half a billion weights on two cores: 50 tokens a second in all slots together, most of a prompt cached."""
ENDPOINT = Assumptions()


def assume(config: Config, folder: Path | None) -> Assumptions:
    """The assumptions for a run, from its folder's log and rows where it has any. Nothing is written."""
    base = {"scripted": SCRIPTED, "embedded": EMBEDDED, "endpoint": ENDPOINT}[config.model.backend]
    if folder is None or not (folder / "run.sqlite").is_file():
        return base
    with RunReader(folder) as reader:
        totals = [t for t in reader.call_totals() if _same_model(t, config)]
        counts = reader.counts()
        written = [revision.config.get("generator") for revision in reader.revisions()]
    # Other examples or lengths make other prompts, so what the log says of them counts no more.
    as_before = all(w is not None and _shape(w) == _shape(config.generator.model_dump(mode="json")) for w in written)
    rows: dict[str, list[int]] = {"attribute": [0, 0], "candidate": [0, 0]}
    for count in counts:
        if count.stage in rows:
            good = count.status == "accepted" or (count.stage == "candidate" and count.by == "tournament")
            rows[count.stage][0] += count.n if good else 0
            rows[count.stage][1] += count.n
    candidates = rows["candidate"][1]
    generated = sum(t.calls for t in totals if t.purpose.startswith("generator"))
    # Revisions share calls, so with several of them nobody can say how many a candidate took.
    per_candidate = as_before and len(written) == 1 and generated >= LEAST_CALLS and candidates > 0
    known = totals != []
    return replace(
        base,
        attributes_accepted=_share(rows["attribute"], base.attributes_accepted) if known else base.attributes_accepted,
        candidates_survive=_share(rows["candidate"], base.candidates_survive) if known else base.candidates_survive,
        calls_per_candidate=generated / candidates if per_candidate else None,
        seen={p: s for p, s in _seen(totals).items() if as_before or not p.startswith("generator")},
        measured=known,
    )


def _seen(totals: Iterable[CallTotal]) -> dict[str, Seen]:
    """By purpose, the means over all ids of the model: one for each adapter that it had."""
    sums: defaultdict[str, list[float]] = defaultdict(lambda: [0.0] * 4)
    for t in totals:
        said = (t.calls, t.prompt_tokens, t.completion_tokens, t.seconds)
        sums[t.purpose] = [total + more for total, more in zip(sums[t.purpose], said, strict=True)]
    return {p: Seen(*(s / calls for s in said)) for p, (calls, *said) in sums.items() if calls >= LEAST_CALLS}


def _shape(generator: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in generator.items() if name != "candidates"}


def _same_model(total: CallTotal, config: Config) -> bool:
    wanted = config.model.name
    if config.model.backend == "embedded":
        from duologue.models.registry import find

        wanted = Path(wanted).stem if wanted.endswith(".gguf") else find(wanted).name
    if config.model.backend == "endpoint":
        return total.model == f"{wanted} {config.model.extra_body}".strip()
    return total.model.split("@", 1)[0] == wanted


def _share(row: list[int], otherwise: float) -> float:
    good, all_ = row
    return max(0.05, good / all_) if all_ >= LEAST_CALLS else otherwise

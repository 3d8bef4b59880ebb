"""A run in figures: stages, experts, calls, and the finished data set."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from duologue.records import Conversation
from duologue.report import judges
from duologue.report.distinct import Distinct
from duologue.report.stats import StageAccount, account
from duologue.store.reading import RunReader
from duologue.text import printable


@dataclass(frozen=True, slots=True)
class DataSetFigures:
    """The finished conversations. Shares are in [0, 1]."""

    conversations: int
    splits: dict[str, int]
    utterances_mean: float
    inside_length: float
    """Share of conversations whose number of utterances is inside the asked range."""
    distinct_utterances: float
    """Distinct utterances among all."""
    distinct_openings: float
    """Distinct first utterances among all."""
    coverage: float
    """Share of attributes that at least one of their owner's utterances supports."""
    by_iteration: dict[int, int]
    """Conversations by the iteration that made them."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What ``duologue stats`` prints."""

    state: str
    note: str
    """Why it stopped or failed, or empty."""
    revision: int
    pairs: int
    """User pairs that were made."""
    pairs_left: int
    """Those of a run that has not finished which have no conversation yet; 0 of a finished run."""
    accounts: tuple[StageAccount, ...]
    experts: tuple[tuple[str, str, int, int], ...]
    """(expert, kind, candidates judged, candidates passed)."""
    judges: tuple[judges.JudgeFigures, ...]
    """Language models that compared candidates; empty where none did."""
    calls: int
    reused: int
    failed_calls: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    call_seconds: float
    data_set: DataSetFigures

    def as_json(self) -> dict[str, object]:
        """Plain JSON value; the format of ``duologue stats --json``, version 1."""
        figures = self.data_set
        return {
            "version": 1,
            "state": self.state,
            "note": self.note,
            "revision": self.revision,
            "pairs": {"made": self.pairs, "left": self.pairs_left},
            "stages": [entry.as_json() for entry in self.accounts],
            "experts": [
                {"expert": name, "kind": kind, "judged": judged, "passed": passed}
                for name, kind, judged, passed in self.experts
            ],
            "judges": [judge.as_json() for judge in self.judges],
            "calls": {
                "made": self.calls,
                "reused": self.reused,
                "failed": self.failed_calls,
                "prompt_tokens": self.prompt_tokens,
                "completion_tokens": self.completion_tokens,
                "cached_tokens": self.cached_tokens,
                "seconds": round(self.call_seconds, 3),
            },
            "data_set": {
                "conversations": figures.conversations,
                "splits": figures.splits,
                "utterances_mean": round(figures.utterances_mean, 2),
                "inside_length": round(figures.inside_length, 4),
                "distinct_utterances": round(figures.distinct_utterances, 4),
                "distinct_openings": round(figures.distinct_openings, 4),
                "coverage": round(figures.coverage, 4),
                "by_iteration": {str(k): n for k, n in sorted(figures.by_iteration.items())},
            },
        }

    def lines(self) -> list[str]:
        """The figures as short lines of text."""
        figures = self.data_set
        splits = ", ".join(f"{name} {n}" for name, n in figures.splits.items())
        experts = ", ".join(
            f"{name} {passed}/{judged}"
            for name, kind, judged, passed in self.experts
            if kind != "quality" and passed < judged
        )
        cached = (
            f", {100 * self.cached_tokens / self.prompt_tokens:.0f} % of the prompt cached"
            if self.prompt_tokens
            else ""
        )
        left = f"; {self.pairs_left} of {self.pairs} pairs have none yet" if self.pairs_left else ""
        lines = [
            f"Run {self.state}. {_number(figures.conversations, 'conversation')}"
            + (f" ({splits})" if splits else "")
            + left,
            f"Model calls: {self.calls} made, {self.reused} reused, {self.failed_calls} failed; "
            f"{self.prompt_tokens:,} prompt and {self.completion_tokens:,} completion tokens{cached}",
        ]
        if self.note:
            lines.append(printable(f"Run {self.state} because: {self.note}"))
        if experts:
            lines.append(f"Guards and filters that refused (passed/judged): {experts}")
        lines += judges.lines(self.judges)
        if figures.conversations:
            lines.append(
                f"{figures.utterances_mean:.1f} utterances a conversation, {100 * figures.inside_length:.0f} % of "
                f"conversations inside the asked length; {100 * figures.distinct_utterances:.0f} % of utterances and "
                f"{100 * figures.distinct_openings:.0f} % of openings distinct; "
                f"{100 * figures.coverage:.0f} % of attributes came through"
            )
        return lines


def _number(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def summarise(reader: RunReader) -> Summary:
    """Read a run's figures, in memory that does not grow with the number of conversations."""
    revision = reader.revision()
    totals = reader.call_totals()
    done, pairs = reader.progress()
    return Summary(
        state=revision.state,
        note=revision.note,
        revision=revision.id,
        pairs=pairs,
        pairs_left=0 if revision.state == "finished" else pairs - done,
        accounts=tuple(account(reader.counts())),
        experts=reader.expert_counts(),
        judges=judges.judge_figures(reader),
        calls=sum(t.calls for t in totals),
        reused=sum(reused for reused, _ in reader.reuse().values()),
        failed_calls=sum(1 for _ in reader.failed_calls()),
        prompt_tokens=sum(t.prompt_tokens for t in totals),
        completion_tokens=sum(t.completion_tokens for t in totals),
        cached_tokens=sum(t.cached_tokens for t in totals),
        call_seconds=sum(t.seconds for t in totals),
        data_set=_figures(reader),
    )


def _figures(reader: RunReader) -> DataSetFigures:
    splits: Counter[str] = Counter()
    iterations: Counter[int] = Counter()
    conversations = inside = attributes = covered = 0
    with Distinct() as utterances, Distinct() as openings:
        for conversation in reader.conversations():
            candidate = conversation.candidate
            conversations += 1
            splits[candidate.pair.split] += 1
            iterations[candidate.iteration] += 1
            for text in candidate.utterances:
                utterances.add(text.lower())
            openings.add(candidate.utterances[0].lower())
            inside += candidate.length[0] <= len(candidate.utterances) <= candidate.length[1]
            attributes += len(candidate.pair.user_1.attributes) + len(candidate.pair.user_2.attributes)
            covered += len(covered_attributes(conversation))
        said = utterances.total
        return DataSetFigures(
            conversations=conversations,
            splits={name: splits[name] for name in ("train", "valid", "test") if splits[name]},
            utterances_mean=said / conversations if conversations else 0.0,
            inside_length=inside / conversations if conversations else 0.0,
            distinct_utterances=utterances.count() / said if said else 0.0,
            distinct_openings=openings.count() / conversations if conversations else 0.0,
            coverage=covered / attributes if attributes else 0.0,
            by_iteration=dict(iterations),
        )


def covered_attributes(conversation: Conversation) -> set[tuple[int, str]]:
    """(owner, attribute id) of each attribute that an utterance of its owner supports."""
    return {(e.owner, e.attribute) for e in conversation.evidence if e.label == "supported" and e.speaker == e.owner}

"""The loop of section 3.5: generate, criticise, feed the best back, again and again.

Per iteration and pair: candidates are made, each goes to the Critic as soon as it exists, and the tournament among the
survivors (and, with ``loop.keep: best``, the winner so far) names the pair's conversation. A pair without a survivor
gets ``loop.regenerations`` further rounds of candidates; then the earlier winner stays, or the pair has failed in this
iteration, with the reasons. The few-shot pool changes only between iterations, and so does the model, where
``loop.method`` asks for finetuning: N iterations train N - 1 adapters, none of the last winners.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from duologue.config.sections import Config
from duologue.conversations.critic.critic import Critic
from duologue.conversations.finetune import Finetuning, Trainer
from duologue.conversations.generator.protocol import Generator, Refused, Task
from duologue.conversations.pool import Pool
from duologue.conversations.recalled import recalled, winner_of
from duologue.errors import ItemFailed, RunStopped
from duologue.executors.local import LocalExecutor
from duologue.executors.protocol import Executor
from duologue.models.protocol import Embedder
from duologue.records import Candidate, Conversation, Outcome, Pair, Verdict
from duologue.store.protocol import Ledger, Memory

POOL_SHORTLIST = 8
"""Winners looked at for each place that is free in the pool."""


@dataclass(frozen=True, slots=True)
class _Judged:
    candidate: Candidate
    verdicts: tuple[Verdict, ...]


class Loop:
    """Runs the iterations over all pairs. One instance serves one run."""

    def __init__(
        self,
        generator: Generator,
        critic: Critic,
        *,
        config: Config,
        embedder: Embedder,
        ledger: Ledger,
        memory: Memory,
        pairs_in_flight: int,
        trainer: Trainer | None = None,
        executor: Executor | None = None,
    ) -> None:
        """``executor`` decides where pairs are worked on; in this process, ``pairs_in_flight`` at once, without one."""
        self._generator = generator
        self._critic = critic
        self._config = config
        self._embedder = embedder
        self._ledger = ledger
        self._memory = memory
        self._executor = executor or LocalExecutor(pairs_in_flight)
        self._tuning = None
        if trainer is not None:
            self._tuning = Finetuning(
                trainer,
                generator,
                critic,
                config=config,
                ledger=ledger,
                memory=memory,
                limit=max(1, pairs_in_flight),
            )

    async def run(self, pairs: Sequence[Pair], pool: Pool) -> Pool:
        """Run all iterations and write each pair's final conversation (iteration 0). Returns the last pool.

        Raises RunStopped when the engine ends the run. The pairs that have a winner by then get their final
        conversation all the same; the others are neither lost nor failed and stay unrecorded until the run goes on.
        """
        if self._tuning is not None:
            self._tuning.check(pairs)
        try:
            pool = await self._iterate(pairs, pool)
        except RunStopped:
            await self._ledger.flush()
            await self._finish(pairs, stopped=True)
            raise
        await self._finish(pairs)
        return pool

    async def _iterate(self, pairs: Sequence[Pair], pool: Pool) -> Pool:
        # With finetuning alone prompts keep the examples that the run began with; the pool grows for comparison.
        shown = pool
        for iteration in range(1, self._config.loop.iterations + 1):
            self._ledger.begin("conversation", len(pairs), iteration)
            best: list[tuple[float, int, Conversation]] = []
            room = self._config.loop.pool_join * POOL_SHORTLIST

            async for winner in self.winners(pairs, iteration, shown):
                if winner is not None and winner.candidate.iteration == iteration and self._may_join(winner):
                    heapq.heappush(best, (quality(winner), -winner.candidate.pair.index, winner))
                    if len(best) > room:
                        heapq.heappop(best)
            await self._ledger.flush()
            ranked = [winner for _, _, winner in sorted(best, key=lambda entry: entry[:2], reverse=True)]
            pool = await asyncio.to_thread(pool.joined, ranked, config=self._config.loop, embedder=self._embedder)
            if self._config.loop.method != "finetune":
                shown = pool
            if self._tuning is not None and iteration < self._config.loop.iterations:
                await self._tuning.after(iteration, pairs, shown, pool)
        return pool

    def _may_join(self, winner: Conversation) -> bool:
        """Held-out pairs are tried with the pool, so their own conversations may not be shown in it."""
        return self._tuning is None or winner.candidate.pair.split != "valid"

    def winners(self, pairs: Sequence[Pair], iteration: int, pool: Pool) -> AsyncIterator[Conversation | None]:
        """Work on ``pairs`` in one iteration; yields each pair's winner, or None, in the order in which they end."""

        async def work(pair: Pair) -> Conversation | None:
            return await self._pair(pair, iteration, pool)

        return self._executor.winners(pairs, iteration, pool, work)

    async def _pair(self, pair: Pair, iteration: int, pool: Pool) -> Conversation | None:
        known = await recalled(self._memory, iteration, pair)
        # A pair that failed is tried again: what failed may have been the server, and logged answers cost nothing.
        if known is not None and known.status != "failed":
            self._ledger.record(known)
            return winner_of(known)
        champion = await self._champion(pair, iteration)
        reasons: Counter[str] = Counter()
        tried = 0
        for attempt in range(self._config.loop.regenerations + 1):
            tasks = [self._task(pair, iteration, attempt, sample, pool) for sample in range(self._candidates)]
            judged = await asyncio.gather(*(self._candidate(task, reasons) for task in tasks))
            tried += len(tasks)
            survivors = [entry for entry in judged if entry is not None]
            if survivors:
                return await self._choose(pair, iteration, survivors, champion)
        # Which candidate was done first must not show.
        causes = sorted(reasons.items(), key=lambda cause: (-cause[1], cause[0]))
        failure = f"no candidate of {tried} survived: " + ", ".join(f"{by} {n}" for by, n in causes)
        if champion is not None:
            self._settle(pair, iteration, champion, by="kept", reason=failure)
            return champion
        self._ledger.record(Outcome("conversation", pair.id, "failed", "critic", failure, iteration))
        return None

    @property
    def _candidates(self) -> int:
        return self._config.generator.candidates

    def _task(self, pair: Pair, iteration: int, attempt: int, sample: int, pool: Pool) -> Task:
        generator = self._config.generator
        examples = pool.draw(generator.examples, iteration=iteration, index=pair.index, seed=self._config.seed)
        return Task(pair, iteration, attempt, sample, examples, generator.utterances, self._config.seed)

    async def _candidate(self, task: Task, reasons: Counter[str]) -> _Judged | None:
        """Make and judge one candidate. Losers are recorded here, survivors when the winner is known."""
        try:
            candidate = await self._generator.generate(task)
        except Refused as refusal:
            reasons[refusal.by] += 1
            self._ledger.record(
                Outcome("candidate", task.id, "rejected", refusal.by, str(refusal), task.iteration, _where(task))
            )
            return None
        except ItemFailed as failure:
            reasons["generator"] += 1
            self._ledger.record(
                Outcome("candidate", task.id, "failed", "generator", str(failure), task.iteration, _where(task))
            )
            return None
        verdicts = await self._critic.review(candidate)
        self._ledger.judged(candidate.id, verdicts)
        refused = self._critic.refusal(verdicts)
        if refused is None:
            return _Judged(candidate, verdicts)
        status, verdict = refused
        reasons[verdict.expert] += 1
        self._ledger.record(
            Outcome("candidate", candidate.id, status, verdict.expert, verdict.reason, task.iteration, _row(candidate))
        )
        return None

    async def _champion(self, pair: Pair, iteration: int) -> Conversation | None:
        if iteration == 1 or self._config.loop.keep != "best":
            return None
        return winner_of(await recalled(self._memory, iteration - 1, pair))

    async def _choose(
        self, pair: Pair, iteration: int, survivors: list[_Judged], champion: Conversation | None
    ) -> Conversation:
        verdicts: dict[str, Mapping[str, Verdict]] = {
            entry.candidate.id: {v.expert: v for v in entry.verdicts} for entry in survivors
        }
        entrants = [entry.candidate for entry in survivors]
        if champion is not None:
            entrants.append(champion.candidate)
            verdicts[champion.candidate.id] = {v.expert: v for v in champion.verdicts if v.kind != "quality"}
        choice = await self._critic.choose(entrants, verdicts)
        self._ledger.compared(pair.id, iteration, choice.comparisons)
        for entry in survivors:
            won = entry.candidate.id == choice.winner.id
            self._ledger.judged(entry.candidate.id, (*entry.verdicts, *choice.scores[entry.candidate.id]))
            self._ledger.record(
                Outcome(
                    "candidate",
                    entry.candidate.id,
                    "accepted" if won else "rejected",
                    "tournament",
                    choice.why[entry.candidate.id],
                    iteration,
                    _row(entry.candidate),
                )
            )
        if champion is not None and choice.winner.id == champion.candidate.id:
            why = f"no new candidate was better: {choice.why[champion.candidate.id]}"
            self._settle(pair, iteration, champion, by="kept", reason=why)
            return champion
        winner = next(entry for entry in survivors if entry.candidate.id == choice.winner.id)
        conversation = Conversation(
            winner.candidate,
            (*winner.verdicts, *choice.scores[winner.candidate.id]),
            choice.votes[winner.candidate.id],
        )
        self._settle(pair, iteration, conversation, by="tournament", reason=choice.why[winner.candidate.id])
        return conversation

    def _settle(self, pair: Pair, iteration: int, winner: Conversation, *, by: str, reason: str = "") -> None:
        self._ledger.record(Outcome("conversation", pair.id, "accepted", by, reason, iteration, winner))

    async def _finish(self, pairs: Sequence[Pair], *, stopped: bool = False) -> None:
        """Write the data set: each pair's newest winner, or, unless the run was ``stopped``, why it has none."""
        if not stopped:
            self._ledger.begin("conversation", len(pairs), 0)
        for pair in pairs:
            last: Outcome | None = None
            for iteration in range(self._config.loop.iterations, 0, -1):
                outcome = await recalled(self._memory, iteration, pair)
                last = last or outcome
                if outcome is not None and (winner := winner_of(outcome)) is not None:
                    self._settle(pair, 0, winner, by=f"iteration {iteration}", reason=outcome.reason)
                    break
            else:
                if stopped:
                    continue
                reason = last.reason if last else "never reached"
                self._ledger.record(Outcome("conversation", pair.id, "failed", "critic", reason, 0))
        await self._ledger.flush()


def quality(conversation: Conversation) -> float:
    """Mean value of the quality experts, in [0, 1]; 0 without any."""
    values = [v.value for v in conversation.verdicts if v.kind == "quality"]
    return sum(values) / len(values) if values else 0.0


def _where(task: Task) -> dict[str, object]:
    return {"pair": task.pair.id, "attempt": task.attempt, "sample": task.sample}


def _row(candidate: Candidate) -> dict[str, object]:
    return {
        "pair": candidate.pair.id,
        "attempt": candidate.attempt,
        "sample": candidate.sample,
        "mode": candidate.mode,
        "model": candidate.model,
        "prompt_hash": candidate.prompt_hash,
        "utterances": candidate.utterances,
    }

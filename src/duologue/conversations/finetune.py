"""The second half of ``loop: finetune``: train on the winners, try the adapter on held-out pairs, adopt it or not.

After each iteration but the last the Trainer makes an adapter from what the Critic chose. The pairs of the split ``valid``, which it was
not trained on, get one candidate each from three Generators: the model as the run began with the few-shot pool alone, the
one in use, and the new one. An adapter that makes a figure of the held-out pairs worse is not adopted, and the row of the
round says which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from duologue.config.sections import Config
from duologue.conversations.critic.critic import Critic
from duologue.conversations.figures import Figures, Tried, side_by_side
from duologue.conversations.generator.protocol import Generator, Refused, Task
from duologue.conversations.pool import Pool
from duologue.engine.flow import stream
from duologue.errors import ImpossibleRequest, ItemFailed
from duologue.records import Outcome, Pair
from duologue.store.protocol import Ledger, Memory

ATTEMPT = 90
"""The attempt number of tries, which no candidate of the data set has."""
FEW_SHOT, CURRENT, TRAINED = "few-shot only", "in use", "trained"
ARMS = (CURRENT, FEW_SHOT, TRAINED)


@dataclass(frozen=True, slots=True)
class Adapter:
    """A trained adapter."""

    id: str
    """Its hash; it is in the key of every call that it answers."""
    path: str
    loss: tuple[float, float] | None = None
    """Held-out loss before and after training, nats per token; None when nothing was held out."""


class Trainer(Protocol):
    """Makes adapters and puts them to use. What it trains with, the stages do not know."""

    async def train(self, round_: int) -> Adapter:
        """Train on what the iterations up to ``round_`` brought; the same round again gives the same adapter.

        Raises ItemFailed when it can't be done, RunStopped when the run is to end.
        """
        ...

    async def use(self, adapter: Adapter | None) -> None:
        """Let the model with this adapter, or as the run began, answer from now on. No call may be in flight.

        Raises ItemFailed when the adapter can't be loaded; nothing can be asked until another is in use.
        """
        ...


class Finetuning:
    """Adapters of one run. ``current`` is the one in use."""

    def __init__(
        self,
        trainer: Trainer,
        generator: Generator,
        critic: Critic,
        *,
        config: Config,
        ledger: Ledger,
        memory: Memory,
        limit: int,
    ) -> None:
        self._trainer = trainer
        self._generator = generator
        self._critic = critic
        self._config = config
        self._ledger = ledger
        self._memory = memory
        self._limit = limit
        self.current: Adapter | None = None

    def check(self, pairs: Sequence[Pair]) -> None:
        """Raises ImpossibleRequest when too few pairs are held out."""
        held, need = len(_held(pairs)), self._config.training.held_out
        if held < need:
            raise ImpossibleRequest(
                f"loop.method {self._config.loop.method}: {held} pair(s) are of the split valid and trying an adapter needs "
                f"{need}; raise pairing.pairs or splits.valid, or lower training.held_out"
            )

    async def after(self, iteration: int, pairs: Sequence[Pair], shown: Pool, grown: Pool) -> None:
        """Train, try, decide. ``shown`` is the pool of the next iteration, ``grown`` the few-shot pool with all winners."""
        self._ledger.begin("adapter", 1, iteration)
        item = f"round-{iteration}"
        if await self._went_on_without(item, iteration, pairs):
            return
        try:
            adapter = await self._trainer.train(iteration)
        except ItemFailed as failure:
            await self._failed(item, iteration, "training", failure)
            return
        held = _held(pairs)
        tries = {
            CURRENT: await self._try(held, iteration, CURRENT, shown),
            FEW_SHOT: await self._few_shot(held, iteration, shown, grown),
        }
        try:
            await self._trainer.use(adapter)
        except ItemFailed as failure:
            await self._trainer.use(self.current)
            await self._failed(item, iteration, "loading", failure)
            return
        tries[TRAINED] = await self._try(held, iteration, TRAINED, shown)
        preferred = await self._preferred(tries[CURRENT], tries[TRAINED])
        found = side_by_side(tries, CURRENT, TRAINED)
        faults = worse(found[CURRENT], found[TRAINED], preferred, adapter.loss, self._config.training.tolerance)
        self._ledger.record(
            Outcome(
                "adapter",
                item,
                "rejected" if faults else "accepted",
                "held out",
                "not adopted: " + ", ".join(faults) if faults else _said(found, preferred),
                iteration,
                {
                    "adapter": adapter.id,
                    "loss": adapter.loss,
                    "figures": {arm: made.as_json() for arm, made in found.items()},
                    "preferred": preferred,
                    "pairs": len(held),
                    "tries": [_row(arm, one) for arm, tried in tries.items() for one in tried],
                },
            )
        )
        await self._ledger.flush()
        if faults:
            await self._trainer.use(self.current)
        else:
            self.current = adapter

    async def _went_on_without(self, item: str, iteration: int, pairs: Sequence[Pair]) -> bool:
        """Whether this round failed before and the next iteration has begun without its adapter: it ends as it began."""
        known = await self._memory.recall("adapter", iteration, item)
        if known is None or known.status != "failed":
            return False
        for pair in pairs:
            if await self._memory.recall("conversation", iteration + 1, pair.id) is not None:
                self._ledger.record(replace(known, data=None))
                await self._ledger.flush()
                return True
        return False

    async def _failed(self, item: str, iteration: int, by: str, failure: ItemFailed) -> None:
        self._ledger.record(Outcome("adapter", item, "failed", by, str(failure), iteration))
        await self._ledger.flush()

    async def _few_shot(self, held: Sequence[Pair], iteration: int, shown: Pool, grown: Pool) -> tuple[Tried, ...]:
        if self.current is None and shown == grown:
            return await self._try(held, iteration, CURRENT, shown)
        await self._trainer.use(None)
        return await self._try(held, iteration, FEW_SHOT, grown)

    async def _try(self, held: Sequence[Pair], iteration: int, arm: str, pool: Pool) -> tuple[Tried, ...]:
        async def one(pair: Pair) -> Tried:
            generator = self._config.generator
            examples = pool.draw(generator.examples, iteration=iteration + 1, index=pair.index, seed=self._config.seed)
            seed = self._config.seed
            task = Task(pair, iteration, ATTEMPT, ARMS.index(arm), examples, generator.utterances, seed)
            try:
                candidate = await self._generator.generate(task)
            except (Refused, ItemFailed) as refusal:
                by = refusal.by if isinstance(refusal, Refused) else "generator"
                return Tried(pair.id, None, (), by, str(refusal))
            verdicts = await self._critic.review(candidate)
            refused = self._critic.refusal(verdicts)
            if refused is None:
                return Tried(pair.id, candidate, verdicts)
            return Tried(pair.id, candidate, verdicts, refused[1].expert, refused[1].reason)

        done = {tried.pair: tried async for _, tried in stream(held, one, limit=self._limit)}
        return tuple(done[pair.id] for pair in held)

    async def _preferred(self, before: Sequence[Tried], after: Sequence[Tried]) -> float | None:
        """Share of the pairs, both of whose tries passed, in which the Critic's tournament prefers the new one."""
        wins = met = 0
        for old, new in zip(before, after, strict=True):
            if old.candidate is None or new.candidate is None or old.refused or new.refused:
                continue
            verdicts = {t.candidate.id: {v.expert: v for v in t.verdicts} for t in (old, new) if t.candidate}
            choice = await self._critic.choose([old.candidate, new.candidate], verdicts)
            met += 1
            wins += choice.winner.id == new.candidate.id
        return round(wins / met, 4) if met else None


def worse(
    before: Figures, after: Figures, preferred: float | None, loss: tuple[float, float] | None, tolerance: float
) -> list[str]:
    """What an adapter makes worse by more than ``tolerance``, in plain words; empty when nothing."""
    found = []
    if loss is not None and loss[1] > loss[0]:
        found.append(f"held-out loss {loss[0]:.3f} to {loss[1]:.3f}")
    old, new = before.as_json(), after.as_json()
    for name, value in new.items():
        was = old[name]
        if was is not None and value is not None and value < was - tolerance:
            found.append(f"{name.replace('_', ' ')} {was:.2f} to {value:.2f}")
    if preferred is not None and preferred < 0.5 - tolerance:
        found.append(f"the Critic prefers it in {preferred:.0%} of the held-out pairs")
    return found


def _said(found: dict[str, Figures], preferred: float | None) -> str:
    parts = [
        f"{arm}: " + " ".join(f"{k} {v:.2f}" for k, v in made.as_json().items() if v is not None)
        for arm, made in found.items()
    ]
    chosen = "" if preferred is None else f"; preferred {preferred:.0%}"
    return "adopted; " + "; ".join(parts) + chosen


def _row(arm: str, tried: Tried) -> dict[str, object]:
    said = tried.candidate.utterances if tried.candidate else ()
    return {"arm": arm, "pair": tried.pair, "utterances": said, "refused": tried.refused, "reason": tried.reason}


def _held(pairs: Sequence[Pair]) -> list[Pair]:
    return [pair for pair in pairs if pair.split == "valid"]

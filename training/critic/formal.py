"""Measures the filter ``faithfulness-formal`` on the written conversations, to choose ``critic.formal_margin``.

``python formal.py [--model NAME] [--count N]``: attributes that are carried, attributes turned into their contrary and
attributes from elsewhere, scored by the embedded model; then what each margin would reject.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from pathlib import Path

import numpy as np
from data import contraries, conversations
from sklearn.metrics import roc_auc_score

from duologue.api import load_config
from duologue.backends.make import make_backend
from duologue.backends.protocol import Answer, Request
from duologue.config.sections import CriticConfig
from duologue.conversations.critic.experts.faithfulness_formal import FaithfulnessFormal
from duologue.conversations.critic.protocol import CriticContext

MARGINS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)


async def gains(model: str, count: int) -> dict[str, list[list[float]]]:
    """Per kind, per conversation: nats a token of the attributes in question."""
    config = load_config(None, overrides={"model.name": model})
    backend = make_backend(config, folder=Path())
    await backend.start()
    known: dict[str, Answer] = {}

    class Caller:
        features, model = backend.features, backend.model

        async def call(self, request: Request) -> Answer:
            if request.key not in known:
                known[request.key] = await backend.answer(request)
            return known[request.key]

    expert = FaithfulnessFormal(CriticContext(CriticConfig(), None, None, None, Caller()))  # type: ignore[arg-type]
    labelled = {name: c for name, c in conversations().items() if c.complete}
    every = sorted({t for c in labelled.values() for u in c.users for t in u})
    denied = {}
    for variant in contraries(labelled):
        denied.setdefault(variant.group, []).append(variant)
    rng = random.Random(0)
    found: dict[str, list[list[float]]] = {"own": [], "contrary": [], "foreign": []}
    try:
        for number, conversation in enumerate(list(labelled.values())[:: max(1, len(labelled) // count)]):
            found["own"].append([g.nats for g in await expert.gains(conversation.candidate()) or ()])
            for variant in denied.get(conversation.id, [])[:3]:
                changed = {c[:2] for c in variant.contradicted}
                all_of = await expert.gains(variant.candidate()) or ()
                found["contrary"] += [[g.nats] for g in all_of if (g.owner, g.attribute.text) in changed]
            strange = conversation.candidate()
            users = [tuple(rng.sample(every, 3)) for _ in (1, 2)]
            strange = type(conversation)("x", "x", (users[0], users[1]), conversation.utterances).candidate()
            found["foreign"].append([g.nats for g in await expert.gains(strange) or ()])
            print(number + 1, conversation.id, flush=True)
    finally:
        await backend.close()
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="default")
    parser.add_argument("--count", type=int, default=34)
    args = parser.parse_args()
    found = asyncio.run(gains(args.model, args.count))
    flat = {kind: np.concatenate(rows) for kind, rows in found.items()}
    for kind, values in flat.items():
        print(
            f"{kind}: {len(values)} attributes, mean {values.mean():+.2f} nats a token, below 0: {(values < 0).mean():.1%}"
        )
    for kind in ("contrary", "foreign"):
        both = np.concatenate([flat["own"], flat[kind]])
        print(
            f"own against {kind}: AUROC {roc_auc_score([True] * len(flat['own']) + [False] * len(flat[kind]), both):.3f}"
        )
    for margin in MARGINS:
        wrong = np.mean([min(row) < -margin for row in found["own"]])
        print(
            f"margin {margin}: faithful conversations rejected {wrong:.1%}, contrary attributes caught {(flat['contrary'] < -margin).mean():.1%}, foreign attributes {(flat['foreign'] < -margin).mean():.1%}"
        )


if __name__ == "__main__":
    main()

"""Sampling settings of the embedded Generator, compared on held-out utterances of hand-written conversations.

    python bench/sampling.py valid.jsonl [--model FILE.gguf] [--grid FILE.yaml] [--draws 3] [--places 60]

``valid.jsonl`` comes from ``training/generator/tasks.py`` and holds both speakers' sides, so openings are among the places. At
each place the model draws as often as the Generator would,
and the Generator's own choice is made. Printed for each setting: the mean score of the utterance chosen, how often a
planned attribute came out in one draw and in the chosen one, how well draws fit, how much they contradict or repeat, how
many are told apart, their words, and seconds a draw. Conversations decide; this says which settings are worth a run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import yaml

from duologue.backends.grammar import line
from duologue.backends.make import make_backend
from duologue.backends.protocol import Backend, Message, Request, Sampling
from duologue.config.load import load_config
from duologue.conversations.generator.choice import Scored, Situation, score_draws
from duologue.conversations.generator.parse import clean_utterance
from duologue.conversations.generator.plan import carries
from duologue.models.embedder import load_embedder
from duologue.models.nli import load_nli
from duologue.records import Attribute, Pair, Profile

NOTE = re.compile(r"^(.*)\n\(Bring this up in your own words: (.*)\)$", re.DOTALL)
GRID = [
    {"temperature": 0.3, "top_k": 40, "min_p": 0.05, "repeat_penalty": 1.05},
    {"temperature": 0.3, "top_k": 40, "min_p": 0.1, "repeat_penalty": 1.05},
    {"temperature": 0.3, "top_k": 40, "min_p": 0.05, "repeat_penalty": 1.0},
    {"temperature": 0.45, "top_k": 40, "min_p": 0.05, "repeat_penalty": 1.05},
    {"temperature": 0.7, "top_k": 40, "min_p": 0.08, "repeat_penalty": 1.1},
    {"temperature": 0.6, "top_k": 40, "min_p": 0.05, "repeat_penalty": 1.0},
    {"temperature": 0.6, "top_k": 40, "min_p": 0.1, "repeat_penalty": 1.05},
    {"temperature": 0.8, "top_k": 40, "min_p": 0.1, "repeat_penalty": 1.05},
    {"temperature": 0.8, "top_k": 0, "top_p": 0.9, "repeat_penalty": 1.05},
    {"temperature": 1.0, "top_k": 40, "min_p": 0.15, "repeat_penalty": 1.0},
]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an utterance is to be drawn."""

    messages: tuple[Message, ...]
    situation: Situation


def places(path: Path) -> Iterator[Place]:
    """Every utterance of the held-out sides."""
    for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        if row["task"] != "turns":
            continue
        messages = [Message(role, text) for role, text in row["parts"][0]]
        profile = tuple(Attribute.of(a[2:]) for a in messages[0].content.split("This is you:\n")[1].splitlines())
        other = Profile.of((Attribute.of("I am somebody else."),))
        said: list[str] = []
        own_first = messages[1].content.startswith("Say something to begin")
        for index, message in enumerate(messages[1:], start=1):
            note = NOTE.match(message.content)
            text = note.group(1) if note else message.content
            if message.role == "assistant":
                asked = NOTE.match(messages[index - 1].content)
                users = (Profile.of(profile), other) if own_first else (other, Profile.of(profile))
                pair = Pair("p", 0, *users)
                situation = Situation(pair, tuple(said), asked.group(2) if asked else None, index == len(messages) - 1)
                yield Place(tuple(messages[:index]), situation)
            if not (own_first and index == 1):
                said.append(text)


def chosen(found: list[Place], count: int) -> list[Place]:
    """``count`` of the places, spread evenly over the speakers' first, second, ... utterances, so that openings are among them.

    All of them where there are fewer.
    """
    drawn = random.Random(1).sample(found, len(found))
    drawn.sort(key=lambda place: (place.situation.speaker, len(place.situation.said)))
    step = len(drawn) / max(1, min(count, len(drawn)))
    return [drawn[int(i * step)] for i in range(min(count, len(drawn)))]


async def draw(backend: Backend, place: Place, sampling: Sampling, count: int) -> list[str]:
    """The texts of ``count`` draws."""
    texts = []
    for number in range(count):
        request = Request("bench", backend.model, place.messages, sampling, sample=number, seed=1, grammar=line(270))
        texts.append(clean_utterance((await backend.answer(request)).text))
    return texts


async def search(args: argparse.Namespace) -> None:
    """Try each setting."""
    config = load_config(overrides={"model.name": args.model})
    folder = tempfile.TemporaryDirectory()
    backend = make_backend(config, folder=Path(folder.name))
    embedder, nli = load_embedder("minilm"), load_nli("builtin")
    found = chosen(list(places(args.valid)), args.places)
    print(f"{len(found)} places, {sum(not p.situation.said for p in found)} of them openings")
    grid: list[dict[str, Any]] = yaml.safe_load(args.grid.read_text()) if args.grid else GRID
    await backend.start()
    try:
        for setting in grid:
            sampling = Sampling(**setting, max_tokens=80, stop=("\n",))
            gate = asyncio.Semaphore(8)

            async def one(place: Place, sampling: Sampling = sampling, gate: asyncio.Semaphore = gate) -> list[str]:
                async with gate:
                    return await draw(backend, place, sampling, args.draws)

            begun = time.perf_counter()
            drawn = await asyncio.gather(*(one(place) for place in found))
            seconds = (time.perf_counter() - begun) / (len(found) * args.draws)
            scored = [
                score_draws(texts, place.situation, embedder=embedder, nli=nli)
                for texts, place in zip(drawn, found, strict=True)
            ]
            print(setting, report(scored, found), f"s/draw {seconds:.2f}", flush=True)
    finally:
        await backend.close()
        folder.cleanup()


def report(scored: list[list[Scored]], found: list[Place]) -> str:
    """One line of figures."""
    every = [s for group in scored for s in group]
    best = [max(group, key=lambda s: s.total) for group in scored]
    planned = [(g, b, p.situation.planned) for g, b, p in zip(scored, best, found, strict=True) if p.situation.planned]
    figures = {
        "chosen": fmean(b.total for b in best),
        "out/draw": fmean(carries(s.text, a) for g, _, a in planned for s in g if a),
        "out/chosen": fmean(carries(b.text, a) for _, b, a in planned if a),
        "fit": fmean(s.fitting for s in every),
        "denies": fmean(s.contradiction >= 0.5 for s in every),
        "denies/chosen": fmean(b.contradiction >= 0.5 for b in best),
        "invents": fmean(s.invention for s in every),
        "repeats": fmean(s.repetition > 0.3 for s in every),
        "distinct": fmean(len({s.text for s in g}) / len(g) for g in scored),
        "words": fmean(len(s.text.split()) for s in every),
    }
    return " ".join(f"{name} {value:.2f}" for name, value in figures.items())


def main() -> None:
    """Parse and search."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("valid", type=Path)
    parser.add_argument("--model", help="a registered model or a .gguf file")
    parser.add_argument("--grid", type=Path, help="a YAML list of settings")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--places", type=int, default=60)
    asyncio.run(search(parser.parse_args()))


if __name__ == "__main__":
    main()

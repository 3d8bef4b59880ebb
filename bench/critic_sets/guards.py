"""Guards: share of conversations refused among human ones, Synthetic-Persona-Chat's and those written by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator

from critic_sets.common import REPOSITORY, Lab, Row, candidate, share
from critic_sets.human_talk import talk
from duologue.conversations.critic import registry
from duologue.conversations.examples import shipped_examples
from duologue.datasets.readers.spc import SpcReader
from duologue.datasets.records import Problem
from duologue.records import Candidate


def rows(lab: Lab) -> Iterator[Row]:
    """For each set, every guard by itself and all together; a row that can't be read counts as refused by ``format``."""
    guards = registry.build_guards(lab.context)
    for name, talks in sets(lab):
        refused = {g.name: [g.name == "format" if t is None else not g.check(t).passed for t in talks] for g in guards}
        every = [any(hits) for hits in zip(*refused.values(), strict=True)]
        for guard, hits in [("all guards", every), *refused.items()]:
            yield lab.row(
                name, "refused", f"guard {guard}" if guard in refused else guard, share(hits), len(hits), unit="%"
            )


def sets(lab: Lab) -> Iterator[tuple[str, list[Candidate | None]]]:
    """(name, conversations; None for one that can't be read)."""
    human = lab.jsonl("convai2_human.jsonl")
    if human is not None:
        yield "convai2_human", [talk(row) for row in human]
    path = None if lab.data is None else lab.data / "spc_valid.csv"
    if path is not None and path.is_file():
        yield (
            "spc_valid",
            [
                None
                if isinstance(d, Problem) or any(u.speaker != i % 2 + 1 for i, u in enumerate(d.utterances))
                else candidate(d.user_1, d.user_2, [u.text for u in d.utterances], d.id)
                for d in lab.cut(list(SpcReader().read(str(path))))
            ],
        )
    yield "written by hand", written()


def written() -> list[Candidate | None]:
    """The conversations written for this project: the shipped examples and those that the generator learnt from."""
    found: list[Candidate | None] = [candidate(e.user_1, e.user_2, e.utterances, e.id) for e in shipped_examples()]
    for path in sorted((REPOSITORY / "training" / "generator").glob("handwritten_*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            found.append(candidate(row["user_1"], row["user_2"], row["utterances"], row["id"]))
    return found

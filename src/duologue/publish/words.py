"""The sentences that card and metadata share, each made from the run's facts."""

from __future__ import annotations

from duologue.publish.facts import Facts
from duologue.publish.licences import remark
from duologue.publish.sources import in_words
from duologue.report.stats import StageAccount

PAPER = "arXiv 2312.10007"
_HAND = {"accepted": "accepted", "edited": "edited", "chosen": "chosen in the place of the Critic's choice"}


def summary(facts: Facts) -> str:
    """What it is, in two or three sentences."""
    total = facts.data.total
    figures = facts.summary.data_set
    return (
        f"{total:,} synthetic persona-based {'conversation' if total == 1 else 'conversations'} in English, each between two "
        f"users with a profile of persona attributes, {figures.utterances_mean:.1f} utterances long on average. "
        f"Made with {facts.software} by the method of {PAPER}: a Generator writes candidates and a Critic chooses, and every "
        "conversation comes with the evidence that was found for its attributes."
    )


def making(facts: Facts) -> str:
    """How it was made."""
    generator, loop, pairing, profiles = (facts.section(s) for s in ("generator", "loop", "pairing", "profiles"))
    given = profiles.get("source") == "given"
    writers = ", ".join(terms.model for terms in facts.run.models) or "no model call is logged"
    return (
        f"Seeds: {in_words(facts.run.seeds)}. Profiles were {'taken as given' if given else 'built from the expanded seeds'}; users "
        f"were paired by the policy {pairing.get('policy', 'unknown')}. Conversations were generated in the mode "
        f"{generator.get('mode', 'unknown')} with {generator.get('candidates', 'unknown')} candidate(s) a pair over "
        f"{loop.get('iterations', 'unknown')} iteration(s). Language models: {writers}. "
        f"The Critic's filters were {_names(facts, 'filters')}; its quality experts {_names(facts, 'quality')}."
    )


def uses() -> str:
    """What it is for, and what it is not."""
    return (
        "For training and evaluating models that talk in persona, that infer a persona from talk, or that find out whether "
        "an utterance bears on a persona attribute. Not for learning how people talk, and no source of facts about anyone."
    )


def by_hand(facts: Facts) -> str:
    """How many conversations were decided by hand in a review, and how; empty where none was."""
    taken_in = facts.run.taken_in
    counts = {**facts.data.hands, "chosen": facts.data.hands["chosen"] - taken_in.get("chosen", 0)}
    said = [f"{n:,} {_HAND[mark]}" for mark, n in counts.items() if n]
    added, final = sum(taken_in.values()), final_account(facts)
    said += [f"{added:,} chosen where the Critic chose none"] if added else []
    finished = facts.run.state == "finished"
    left_out = final.accepted + added - facts.data.total if final is not None and finished else 0
    return ", ".join((*said, *([f"{left_out:,} left out"] if left_out > 0 else [])))


def limits(facts: Facts) -> str:
    """What the data should not be taken for."""
    figures = facts.summary.data_set
    said = [
        f"Nobody spoke these conversations, and no person checked each of them{_looked(facts)}; labels, evidence and figures "
        "come from models and rules and are wrong at times.",
        f"By that evidence {100 * figures.coverage:.0f} % of the attributes come through in what their owner says; the others "
        "are not touched or were not found."
        if measured(facts)
        else "Whether the attributes come through was not measured.",
        f"{100 * figures.distinct_utterances:.0f} % of the utterances and {100 * figures.distinct_openings:.0f} % of the "
        "openings are distinct.",
        "The language is English and the talk is small talk between two people who have just met.",
    ]
    final = final_account(facts)
    failed = final.failed - sum(facts.run.taken_in.values()) if final is not None else 0
    if final is not None and failed > 0:
        # By an outage or by the Critic: the account does not say which of the two a pair met.
        said.append(
            f"{failed} of {final.total} pairs have no conversation: their candidates were refused, or could not be made or judged."
        )
    if facts.run.state != "finished":
        said.append("The run that made it was not finished.")
    if not any(name.startswith("faithfulness") for name, *_ in facts.summary.experts):
        said.append("No expert of the name faithfulness checked it against the profiles.")
    said += [f"{terms.model}: {remark(terms)}." for terms in facts.run.models if terms.output == "stand-in"]
    return " ".join(said)


def personal(facts: Facts) -> str:
    """What is known about personal data."""
    found = [f"{n} with something like a {kind}" for kind, n in facts.data.personal.items() if n]
    return (
        "Users and what they say are made up from the seeds and by language models; no data was collected from people for it. "
        "Names and places that occur may be those of real people and places all the same, and what the seeds hold about "
        f"real persons would be kept. A search by pattern in all {facts.data.total:,} conversations found "
        + (", ".join(found) + "." if found else f"no {_listed(list(facts.data.personal), 'or')}.")
    )


def bias(facts: Facts) -> str:
    """What is known about bias."""
    toxic = next(((judged, passed) for name, _, judged, passed in facts.summary.experts if name == "toxicity"), None)
    checked = (
        f"A toxicity filter judged {toxic[0]:,} candidates and refused {toxic[0] - toxic[1]:,} of them; what it does not "
        "recognise is still there."
        if toxic
        else "No filter of the name toxicity judged it."
    )
    seeds = (
        ""
        if all(seeds.shipped for seeds in facts.run.seeds)
        else " Seeds like those of Persona-Chat are mostly about jobs, hobbies, families and food of North America, and mostly "
        "positive."
    )
    return (
        "The attributes follow the seeds, so what these leave out is missing here too, and the models that wrote bring the "
        f"biases of their training data.{seeds} {checked} Who is left out or shown badly was not measured."
    )


def citation(facts: Facts) -> str:
    """BibTeX of the data set."""
    key = "".join(c for c in facts.name.lower() if c.isalnum()) or "dataset"
    year = facts.run.made[:4]
    author = f"  author = {{{_bib(facts.author)}}},\n" if facts.author else ""
    where = f"  url = {{https://huggingface.co/datasets/{facts.repo}}},\n" if facts.repo else ""
    return (
        f"@misc{{{key}{year},\n{author}  title = {{{_bib(facts.name)}}},\n  year = {{{year}}},\n{where}"
        f"  note = {{Version {_bib(facts.version)}, made with {facts.software}}}\n}}"
    )


METHOD = """@misc{jandaghi2023faithful,
  author = {Pegah Jandaghi and XiangHai Sheng and Xinyi Bai and Jay Pujara and Hakim Sidahmed},
  title = {Faithful Persona-based Conversational Dataset Generation with Large Language Models},
  year = {2023},
  eprint = {2312.10007},
  archivePrefix = {arXiv}
}"""
"""BibTeX of the method."""


def measured(facts: Facts) -> bool:
    """Whether the run looked for evidence of its attributes; of our experts faithfulness alone does, not its namesakes."""
    return facts.summary.data_set.coverage > 0 or any(name == "faithfulness" for name, *_ in facts.summary.experts)


def final_account(facts: Facts) -> StageAccount | None:
    """The account of the finished conversations, if the run got so far."""
    return next((a for a in facts.summary.accounts if a.stage == "conversation" and a.iteration == 0), None)


def _looked(facts: Facts) -> str:
    said = by_hand(facts)
    return f" (by hand: {said})" if said else ""


def _names(facts: Facts, field: str) -> str:
    value = facts.section("critic").get(field)
    return _listed([str(name) for name in value]) if isinstance(value, list | tuple) and value else "none"


def _listed(names: list[str], last: str = "and") -> str:
    return ", ".join(names[:-1]) + f" {last} " + names[-1] if len(names) > 1 else "".join(names)


def _bib(text: str) -> str:
    return "".join(c for c in text if c not in "{}\\")

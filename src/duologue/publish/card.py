"""The data set card: README.md with the header that the Hugging Face hub reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
import yaml

from duologue.export.rows import row_of
from duologue.publish.also import SHOWN
from duologue.publish.data import HUB_NAMES
from duologue.publish.facts import Facts
from duologue.publish.licences import DATA_LICENCES, remark, where
from duologue.publish.sources import Seeds
from duologue.publish.words import METHOD, bias, by_hand, citation, limits, making, measured, personal, summary, uses
from duologue.report.progress import title

FILE_NAME = "README.md"
_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"))
_ALSO = {
    "chat": "messages for supervised fine-tuning, each side of a conversation once as the assistant",
    "preference": "prompt, chosen and rejected, from the Critic's decisions, with the reason",
    "inference": "a conversation and the attributes of one speaker, with those that are voiced",
    "evidence": "an utterance, an attribute, the label and its score",
    "jsonl": "the same rows as JSON lines",
    "spc": "CSV in the layout of Synthetic-Persona-Chat",
    "convai2": "text with candidates in the layout of ConvAI2",
}
_MARKDOWN = re.compile(r"(https://[\w./:%-]+)|([\\`*_{}\[\]<>#|~])")
"""An address, which is a link as it stands, or a sign that Markdown would read."""


def card(facts: Facts, also: Sequence[str]) -> str:
    """Return the text of README.md. ``also``: names of the files in further formats, as ``chat/train.parquet``."""
    header = yaml.safe_dump(_header(facts, also), sort_keys=False, allow_unicode=True, width=1000)
    parts = [
        f"# {_plain(facts.name)}",
        _plain(summary(facts)),
        *_use(facts, also),
        *_figures(facts),
        *_made(facts),
        *_rows(facts, also),
        *_funnel(facts),
        *_licences(facts),
        "## Limits",
        _plain(limits(facts)),
        "## Personal data",
        _plain(personal(facts)),
        "## Bias",
        _plain(bias(facts)),
        *_repeat(facts),
        "## Citation",
        "The data set:",
        _fenced(citation(facts), "bibtex"),
        "The method:",
        _fenced(METHOD, "bibtex"),
    ]
    return f"---\n{header}---\n\n" + "\n\n".join(parts) + "\n"


def _header(facts: Facts, also: Sequence[str]) -> dict[str, Any]:
    total = facts.data.total
    header: dict[str, Any] = {
        "license": facts.licence.id,
        "language": ["en"],
        "pretty_name": facts.name,
        "task_categories": ["text-generation"],
        "size_categories": [next((name for limit, name in _SIZES if total < limit), "n>10M")],
        "annotations_creators": ["machine-generated"],
        "language_creators": ["machine-generated"],
        "tags": ["persona", "dialogue", "conversational", "synthetic", "duologue"],
        "configs": [
            {
                "config_name": "default",
                "default": True,
                "data_files": [
                    {"split": HUB_NAMES[s], "path": f"data/{HUB_NAMES[s]}-*.parquet"} for s in facts.data.files
                ],
            }
        ],
    }
    for name in SHOWN:
        files = [f for f in also if f.startswith(f"{name}/")]
        if files:
            listed = [{"split": f.rpartition("/")[2].partition(".")[0], "path": f} for f in files]
            header["configs"].append({"config_name": name, "data_files": listed})
    return header


def _use(facts: Facts, also: Sequence[str]) -> list[str]:
    where = facts.repo or "this/folder"
    lines = ["from datasets import load_dataset", "", f"data = load_dataset({orjson.dumps(where).decode()})"]
    shown = [name for name in SHOWN if any(f.startswith(f"{name}/") for f in also)]
    lines += [f'{name} = load_dataset({orjson.dumps(where).decode()}, "{name}")' for name in shown]
    return ["## Use", _plain(uses()), _fenced("\n".join(lines), "python")]


def _figures(facts: Facts) -> list[str]:
    figures = facts.summary.data_set
    rows = [
        ("conversations", ", ".join(f"{HUB_NAMES[s]} {n:,}" for s, n in facts.data.counts.items())),
        ("utterances a conversation", f"{figures.utterances_mean:.1f}"),
        ("inside the asked length", f"{100 * figures.inside_length:.1f} %"),
        ("distinct utterances", f"{100 * figures.distinct_utterances:.1f} %"),
        ("distinct openings", f"{100 * figures.distinct_openings:.1f} %"),
        (
            "attributes that came through, by the run's evidence",
            f"{100 * figures.coverage:.1f} %" if measured(facts) else "not measured",
        ),
        (
            "conversations by the iteration that made them",
            ", ".join(f"iteration {i}: {n:,}" for i, n in sorted(figures.by_iteration.items())),
        ),
        *([("decided by hand", by_hand(facts))] if by_hand(facts) else []),
        ("size of the Parquet files", _size(facts.data.bytes)),
    ]
    return ["## Figures", _table(("figure", "value"), rows)]


def _size(count: int) -> str:
    for unit, name in ((10**9, "GB"), (10**6, "MB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count / 1000:.0f} kB"


def _made(facts: Facts) -> list[str]:
    checkers = [(c.role, c.name, c.licence, where(c.licence)) for c in facts.run.checkers]
    parts = ["## How it was made", _plain(making(facts))]
    if checkers:
        parts += ["Small models checked what was written:", _table(("for", "model", "licence", "its text"), checkers)]
    return parts


def _rows(facts: Facts, also: Sequence[str]) -> list[str]:
    parts = [
        "## What a row holds",
        _table(
            ("column", "what"),
            [
                ("id, split", "the conversation's id; train, valid or test. No user stands in two splits"),
                ("user_1, user_2", "the two profiles: an id, and attributes with id, text, origin and category"),
                ("utterances", "speaker (1 or 2) and text, in order; user 1 speaks first"),
                ("evidence", "utterance, attribute, label, score: what the Critic found"),
                ("coverage", "share of each profile that its owner voices; null where it was not measured"),
                ("verdicts, votes", "what each guard and expert said; share of the quality votes it won"),
                (
                    "hand",
                    "accepted, edited or chosen (another candidate than the Critic's, or one where it chose none) where somebody "
                    "decided by hand; else empty",
                ),
                ("iteration, mode, model, prompt_hash, seed, pairing", "where the row comes from"),
            ],
        ),
    ]
    if facts.data.example is not None:
        row = row_of(facts.data.example)
        shown = {key: row[key] for key in ("id", "split", "user_1", "user_2", "utterances")}
        for user in ("user_1", "user_2"):
            shown[user] = {"attributes": [{"text": a["text"]} for a in row[user]["attributes"]]}
        parts += ["The first row, cut:", _fenced(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode(), "json")]
    folders = dict.fromkeys(name.partition("/")[0] for name in also)
    if folders:
        parts += [
            "Further formats in this folder:",
            _table(("folder", "what"), [(name, _ALSO.get(name, "a format of a plug-in")) for name in folders]),
        ]
    return parts


def _funnel(facts: Facts) -> list[str]:
    rows = []
    for entry in facts.summary.accounts:
        refused = ", ".join(f"{by} {n:,}" for by, n in (entry.rejected_by + entry.failed_by).most_common())
        counts = (f"{n:,}" for n in (entry.total, entry.accepted, entry.rejected, entry.failed))
        rows.append((title(entry.stage, entry.iteration), *counts, f"{100 * entry.acceptance:.0f} %", refused))
    experts = [
        (name, kind, f"{judged:,}", f"{passed:,}")
        for name, kind, judged, passed in facts.summary.experts
        if kind != "quality"
    ]
    parts = ["## What became of every item"]
    parts.append(_table(("stage", "items", "accepted", "rejected", "failed", "rate", "rejected or failed by"), rows))
    if experts:
        parts.append(_table(("guard or filter", "kind", "judged", "passed"), experts))
    return parts


def _licences(facts: Facts) -> list[str]:
    rows = [
        ("this data set", facts.licence.title, facts.licence.url, ""),
        *((f"seeds: {_linked(seeds)}", _licence(seeds.licence), where(seeds.licence), "") for seeds in facts.run.seeds),
        *((f"model: {t.model} ({t.role})", t.licence, where(t.licence), remark(t)) for t in facts.run.models),
    ]
    parts = ["## Licences", _table(("what", "licence", "its text", "to be known"), rows)]
    if facts.conflicts:
        parts.append("The publisher was told of these conflicts and published all the same:")
        parts.append("\n".join(f"- {_plain(text)}" for text in facts.conflicts))
    return parts


def _linked(seeds: Seeds) -> str:
    return f"{seeds.name} ({seeds.url})" if seeds.url else seeds.name


def _licence(name: str) -> str:
    known = DATA_LICENCES.get(name)
    return known.title if known else name or "not stated"


def _repeat(facts: Facts) -> list[str]:
    return [
        "## Make it again, check it",
        "`config.yaml` is the run's configuration without addresses, paths and keys; `figures.json` holds all figures; "
        "`croissant.json` describes the data to machines. `sha256sum -c SHA256SUMS` checks the files.",
        _table(
            ("", ""),
            [
                ("software", facts.software),
                ("configuration and seeds (SHA-256)", facts.run.fingerprint),
                ("finished on" if facts.run.state == "finished" else "begun on, not finished", facts.run.made),
                ("version", facts.version),
            ],
        ),
    ]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads)]
    text = ["| " + " | ".join(line) + " |" for line in lines]
    text += ["| " + " | ".join(_plain(cell) for cell in row) + " |" for row in rows]
    return "\n".join(text)


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _MARKDOWN.sub(lambda found: found[1] or f"\\{found[2]}", " ".join(text.split()))


def _fenced(text: str, language: str) -> str:
    """A code block that its text can't end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"

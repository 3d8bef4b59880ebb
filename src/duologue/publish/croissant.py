"""Croissant metadata (mlcommons.org/croissant, version 1.0, with terms of its Responsible AI extension)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from duologue.publish.checksums import sha256_of
from duologue.publish.facts import Facts
from duologue.publish.words import bias, citation, limits, making, personal, summary, uses

FILE_NAME = "croissant.json"
_SET = "conversations"
_FILES = "parquet-files"
_TEXT, _WHOLE, _REAL, _YES_NO = "sc:Text", "sc:Integer", "sc:Float", "sc:Boolean"

_CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "conformsTo": "dct:conformsTo",
    **{
        name: f"cr:{name}"
        for name in (
            *("citeAs", "column", "equivalentProperty", "extract", "field", "fileObject", "fileProperty", "fileSet"),
            *("format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet"),
            *(
                "references",
                "regex",
                "repeated",
                "replace",
                "samplingRate",
                "separator",
                "source",
                "subField",
                "transform",
            ),
        )
    },
}

_SCALARS: tuple[tuple[str, str, str], ...] = (
    ("id", _TEXT, "Id of the conversation."),
    ("split", _TEXT, "train, valid or test; no user stands in two of them."),
    ("iteration", _WHOLE, "The iteration of the loop whose candidate won, from 1."),
    ("mode", _TEXT, "How it was generated: whole or turns."),
    ("model", _TEXT, "The language model that wrote it."),
    ("prompt_hash", _TEXT, "Hash of the prompt template."),
    ("seed", _WHOLE, "The run's seed."),
    ("votes", _REAL, "Share of the quality votes it won, from 0 to 1."),
    ("hand", _TEXT, "What people decided in a review: accepted, edited, chosen, or empty."),
)
_LISTS: tuple[tuple[str, str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "utterances",
        "What is said, in order.",
        (("speaker", _WHOLE, "Who says it, 1 or 2."), ("text", _TEXT, "The utterance.")),
    ),
    (
        "evidence",
        "How utterances bear on attributes, as the Critic saw it.",
        (
            ("owner", _WHOLE, "Whose attribute it is, 1 or 2."),
            ("attribute", _TEXT, "Id of the attribute."),
            ("utterance", _WHOLE, "Index of the utterance, from 0."),
            ("label", _TEXT, "supported, contradicted or neutral."),
            ("score", _REAL, "Score of the label, from 0 to 1."),
        ),
    ),
    (
        "verdicts",
        "What each guard and expert said.",
        (
            ("expert", _TEXT, "Its name."),
            ("kind", _TEXT, "guard, filter or quality."),
            ("passed", _YES_NO, "Whether it let the conversation pass."),
        ),
    ),
)


def metadata(facts: Facts, folder: Path) -> dict[str, Any]:
    """Return the JSON-LD document of a folder whose data files are written. Hashes every one of them."""
    url = f"https://huggingface.co/datasets/{facts.repo}" if facts.repo else "https://arxiv.org/abs/2312.10007"
    return {
        "@context": dict(_CONTEXT),
        "@type": "sc:Dataset",
        "conformsTo": ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"],
        "name": facts.name,
        "description": summary(facts),
        "license": facts.licence.url,
        "url": url,
        "version": facts.version,
        "datePublished": facts.run.made,
        "citeAs": citation(facts),
        "creator": {"@type": "sc:Person", "name": facts.author or "unknown"},
        "inLanguage": "en",
        "keywords": ["persona", "dialogue", "synthetic", "conversation"],
        "rai:dataCollection": making(facts),
        "rai:dataCollectionType": ["Software Collection"],
        "rai:dataLimitations": limits(facts),
        "rai:dataBiases": bias(facts),
        "rai:personalSensitiveInformation": personal(facts),
        "rai:dataUseCases": uses(),
        "distribution": [*_file_objects(facts, folder), _file_set()],
        "recordSet": [_record_set()],
    }


def _file_objects(facts: Facts, folder: Path) -> list[dict[str, Any]]:
    return [
        {
            "@type": "cr:FileObject",
            "@id": name,
            "name": name.rpartition("/")[2],
            "contentUrl": name,
            "contentSize": f"{(folder / name).stat().st_size} B",
            "encodingFormat": "application/x-parquet",
            "sha256": sha256_of(folder / name),
        }
        for names in facts.data.files.values()
        for name in names
    ]


def _file_set() -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": _FILES,
        "name": _FILES,
        "description": "All conversations, split by split.",
        "encodingFormat": "application/x-parquet",
        "includes": "data/*.parquet",
    }


def _record_set() -> dict[str, Any]:
    fields = [_field(name, kind, text, name) for name, kind, text in _SCALARS]
    for user in ("user_1", "user_2"):
        steps = [{"jsonPath": "attributes"}, {"jsonPath": "text"}]
        field = _field(f"{user}/attributes", _TEXT, f"The persona attributes of {user.replace('_', ' ')}.", user, steps)
        fields.append({**field, "repeated": True})
    for name, text, members in _LISTS:
        fields.append(
            {
                "@type": "cr:Field",
                "@id": f"{_SET}/{name}",
                "name": name,
                "description": text,
                "repeated": True,
                "subField": [
                    {**_field(f"{name}/{m}", kind, about, name, [{"jsonPath": m}]), "repeated": True}
                    for m, kind, about in members
                ],
            }
        )
    return {
        "@type": "cr:RecordSet",
        "@id": _SET,
        "name": _SET,
        "description": "One record a conversation.",
        "key": {"@id": f"{_SET}/id"},
        "field": fields,
    }


def _field(name: str, kind: str, text: str, column: str, steps: list[dict[str, str]] | None = None) -> dict[str, Any]:
    source: dict[str, Any] = {"fileSet": {"@id": _FILES}, "extract": {"column": column}}
    if steps:
        source["transform"] = steps
    return {
        "@type": "cr:Field",
        "@id": f"{_SET}/{name}",
        "name": name.rpartition("/")[2] if "/" in name and not name.startswith("user") else name,
        "description": text,
        "dataType": kind,
        "source": source,
    }

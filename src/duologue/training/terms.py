"""Whether an adapter may be trained: what the base model's licence and the terms of who wrote the data allow.

A help to notice conflicts in time, no legal advice; see :mod:`duologue.publish.licences` for what is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from duologue.errors import UsageError
from duologue.models.registry import find
from duologue.publish.licences import DATA_LICENCES, ModelTerms, model_terms, remark

_FREE = ("apache-2.0", "mit", "bsd", "cc0", "cc-by-4.0", "openrail", "gemma", "llama")
"""Beginnings of licences of weights that allow training on top, some under conditions."""


def writers_terms(models: Iterable[str]) -> list[ModelTerms]:
    """The terms of the models that wrote the data, by the names of the call log."""
    return [model_terms(name, _registered(name)) for name in models]


def check_terms(base: str, licence: str, writers: Sequence[ModelTerms], *, non_commercial: bool) -> list[str]:
    """Return remarks to show, one a text. ``licence`` is that of the base's weights, empty when it is not known.

    ``non_commercial`` says that the adapter will be used for that alone. Raises UsageError when training is not allowed.
    """
    notes = _base(base, licence.strip().lower(), non_commercial)
    for terms in writers:
        if terms.output == "competing":
            raise UsageError(
                f"the data was written by {terms.model}, and its terms ({terms.licence}) forbid training other models on it; "
                "use a run made with another model (--data-only still writes the data)"
            )
        if terms.output == "non-commercial" and not non_commercial:
            raise UsageError(
                f"the data was written by {terms.model} ({terms.licence}), for non-commercial use only; "
                "say --non-commercial (or training.non_commercial) if the adapter will serve nothing else"
            )
        if said := remark(terms):
            notes.append(f"{terms.model}: {said}")
    return list(dict.fromkeys(notes))


def _base(base: str, licence: str, non_commercial: bool) -> list[str]:
    if not licence:
        return [f"{base}: the licence of its weights is not stated; read whether it allows fine-tuning"]
    known = DATA_LICENCES.get(licence)
    if known is not None and known.no_derivatives:
        raise UsageError(f"{base}: its licence ({known.title}) forbids changed versions; choose another base model")
    restricted = (known is not None and known.non_commercial) or "-nc" in licence or "research" in licence
    if restricted and not non_commercial:
        raise UsageError(
            f"{base}: its licence ({licence}) allows non-commercial use only; say --non-commercial (or "
            "training.non_commercial) if the adapter will serve nothing else"
        )
    if restricted or licence.startswith(_FREE):
        return []
    return [f"{base}: duologue does not know the licence {licence[:60]}; read whether it allows fine-tuning"]


def _registered(name: str) -> str:
    try:
        return find(name.partition("@")[0]).licence
    except UsageError:
        return ""

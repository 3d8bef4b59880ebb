"""Whether an adapter may be trained: what the base model's licence and the terms of who wrote the data allow.

A help to notice conflicts in time, no legal advice; see :mod:`duologue.publish.licences` for what is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from duologue.errors import UsageError
from duologue.models.registry import find
from duologue.publish.licences import DATA_LICENCES, ModelTerms, model_terms, remark

_FREE = ("apache-2.0", "mit", "bsd", "cc0", "cc-by-4.0", "openrail", "gemma", "llama")
"""Beginnings of licences of weights that allow training on top, some under conditions."""
_RESTRICTED = re.compile(r"-nc\b|non-?commercial|non-?production|research|^(mrl|mnpl)\b")
"""What names of makers' own licences have in them that allow no commercial use."""


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
    known = DATA_LICENCES.get(licence)
    if known is not None and known.no_derivatives:
        raise UsageError(f"{base}: its licence ({known.title}) forbids changed versions; choose another base model")
    if (known is not None and known.non_commercial) or _RESTRICTED.search(licence):
        return _restricted(base, licence, non_commercial)
    by_name = model_terms(base)
    suspect = by_name.output == "non-commercial"
    if known is not None or licence.startswith(_FREE):
        said = f"{base}: models of that name are under the {by_name.licence}, and its card says {licence}; read which holds"
        return [said] if suspect else []
    if suspect:
        return _restricted(base, f"by its name the {by_name.licence}", non_commercial)
    if not licence:
        return [f"{base}: the licence of its weights is not stated; read whether it allows fine-tuning"]
    return [f"{base}: duologue does not know the licence {licence[:60]}; read whether it allows fine-tuning"]


def _restricted(base: str, licence: str, non_commercial: bool) -> list[str]:
    if not non_commercial:
        raise UsageError(
            f"{base}: its licence ({licence[:60]}) allows non-commercial use only; say --non-commercial (or "
            "training.non_commercial) if the adapter will serve nothing else"
        )
    return []


def _registered(name: str) -> str:
    try:
        return find(name.partition("@")[0]).licence
    except UsageError:
        return ""

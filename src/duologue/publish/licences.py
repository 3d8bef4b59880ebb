"""What licences ask of a data set, as far as a small table can say it, and where they conflict.

The tables hold facts known when this version was made; they are a help to find conflicts before publishing, no legal advice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from duologue.errors import UsageError


@dataclass(frozen=True, slots=True)
class DataLicence:
    """What a licence of data asks of who passes it on, changed or not."""

    id: str
    """As the Hugging Face hub writes it."""
    title: str
    url: str
    attribution: bool = True
    share_alike: tuple[str, ...] = ()
    """Licences that changed data may be passed on under; empty for any."""
    non_commercial: bool = False
    no_derivatives: bool = False


_CC = "https://creativecommons.org"

_LICENCES = (
    DataLicence("cc0-1.0", "CC0 1.0", f"{_CC}/publicdomain/zero/1.0/", attribution=False),
    DataLicence("pddl", "ODC Public Domain Dedication", "https://opendatacommons.org/licenses/pddl/1-0/", False),
    DataLicence("cc-by-3.0", "CC BY 3.0", f"{_CC}/licenses/by/3.0/"),
    DataLicence("cc-by-4.0", "CC BY 4.0", f"{_CC}/licenses/by/4.0/"),
    DataLicence(
        "cc-by-sa-3.0", "CC BY-SA 3.0", f"{_CC}/licenses/by-sa/3.0/", share_alike=("cc-by-sa-3.0", "cc-by-sa-4.0")
    ),
    DataLicence("cc-by-sa-4.0", "CC BY-SA 4.0", f"{_CC}/licenses/by-sa/4.0/", share_alike=("cc-by-sa-4.0", "gpl-3.0")),
    DataLicence("cc-by-nc-4.0", "CC BY-NC 4.0", f"{_CC}/licenses/by-nc/4.0/", non_commercial=True),
    DataLicence(
        "cc-by-nc-sa-4.0",
        "CC BY-NC-SA 4.0",
        f"{_CC}/licenses/by-nc-sa/4.0/",
        share_alike=("cc-by-nc-sa-4.0",),
        non_commercial=True,
    ),
    DataLicence("cc-by-nd-4.0", "CC BY-ND 4.0", f"{_CC}/licenses/by-nd/4.0/", no_derivatives=True),
    DataLicence(
        "cc-by-nc-nd-4.0",
        "CC BY-NC-ND 4.0",
        f"{_CC}/licenses/by-nc-nd/4.0/",
        non_commercial=True,
        no_derivatives=True,
    ),
    DataLicence("odc-by", "ODC Attribution", "https://opendatacommons.org/licenses/by/1-0/"),
    DataLicence("odbl", "ODC Open Database", "https://opendatacommons.org/licenses/odbl/1-0/", share_alike=("odbl",)),
    DataLicence("apache-2.0", "Apache 2.0", "https://www.apache.org/licenses/LICENSE-2.0"),
    DataLicence("mit", "MIT", "https://opensource.org/license/mit"),
    DataLicence("gpl-3.0", "GPL 3.0", "https://www.gnu.org/licenses/gpl-3.0.html", share_alike=("gpl-3.0",)),
)

DATA_LICENCES: Mapping[str, DataLicence] = MappingProxyType({entry.id: entry for entry in _LICENCES})
"""By id. Terms that are not here have to be looked at by hand."""

Output = Literal["free", "competing", "non-commercial", "named", "passed on", "stand-in", "unknown"]
"""What a model's terms ask of its output; see :data:`_MODELS`."""


@dataclass(frozen=True, slots=True)
class ModelTerms:
    """What the terms of a language model ask of what it wrote."""

    model: str
    """As the run's call log names it."""
    licence: str
    """In words."""
    output: Output
    role: str = ""
    """What it was asked for, as the log's purposes."""


# The first pattern that is found in the lower-case name decides.
_MODELS: tuple[tuple[str, str, Output], ...] = (
    (r"^scripted", "none: a stand-in for tests that makes up text by rule", "stand-in"),
    (r"gpt-oss", "Apache-2.0", "free"),
    (r"(^|/)gpt-?(2|j|neo)(\b|-)", "open (MIT or Apache-2.0)", "free"),
    (r"(^|/)(chatgpt|gpt-\d|o[134](\b|-))", "OpenAI terms of use", "competing"),
    (r"claude", "Anthropic terms of service", "competing"),
    (r"gemini", "Google Gemini API terms", "competing"),
    (r"grok", "xAI terms of service", "competing"),
    (r"llama-?2(\b|-)", "Llama 2 community licence", "competing"),
    (r"llama-?3(\.0)?(?![.\d])", "Llama 3 community licence", "competing"),
    (r"llama-?(3\.[1-9]|4)", "Llama community licence", "named"),
    # Gemma 4 has other terms; medgemma-4b is of an earlier one.
    (r"gemma(?!-?4\b)-?[123]?(\b|-)", "Gemma terms of use", "passed on"),
    (r"command-?(r|a)|c4ai|(^|/)aya", "CC BY-NC 4.0 (weights)", "non-commercial"),
    (r"mistral-large|ministral|codestral|pixtral-large", "Mistral Research licence (weights)", "non-commercial"),
    (r"mistral-7b|mistral-nemo|mixtral|mistral-small", "Apache-2.0", "free"),
    (r"qwen2\.5(-coder)?-3b", "Qwen Research licence", "non-commercial"),
    (r"qwen-?3|qwen2\.5(-coder)?-(0\.5|1\.5|7|14|32)b", "Apache-2.0", "free"),
    # Two of its sizes were made from Llama models.
    (r"distill-llama|deepseek-r1-(8|70)b", "MIT, and the Llama community licence", "named"),
    (r"deepseek-(v3|r1)", "MIT", "free"),
    (r"(^|/)phi-?[34]", "MIT", "free"),
    (r"smollm|olmo|granite", "Apache-2.0", "free"),
)

_WHY: Mapping[Output, str] = {
    "competing": "its terms forbid training other providers' models on its output, and {licence} lets anyone do that",
    "non-commercial": "its terms forbid commercial use, and {licence} allows it",
}
_NOTES: Mapping[Output, str] = {
    "competing": "models that compete with the provider's may not be trained on its output",
    "non-commercial": "for non-commercial use only",
    "named": 'a model trained on its output has to carry "Llama" in its name, with the notice that the licence asks for',
    "passed on": "models trained on its output come under the same terms, which have to be passed on",
    "stand-in": "no language model wrote this text; it is for trying out software",
    "unknown": "its terms are not known to duologue; read them before you publish",
}


def data_licence(name: str) -> DataLicence:
    """Return the licence called ``name`` (case does not matter). Raises UsageError that lists those in the table."""
    found = DATA_LICENCES.get(name.strip().lower())
    if found is None:
        raise UsageError(
            f"--licence: {name[:60]!r} is not in duologue's table; choose one of {', '.join(DATA_LICENCES)}"
        )
    return found


def model_terms(model: str, known: str = "", role: str = "") -> ModelTerms:
    """The terms of a model. ``known``: its licence where duologue's registry has it."""
    if known:
        return ModelTerms(model, known, "free", role)
    # Ollama writes NAME:SIZE.
    name = model.lower().replace(":", "-")
    for pattern, licence, output in _MODELS:
        if re.search(pattern, name):
            return ModelTerms(model, licence, output, role)
    return ModelTerms(model, "not known to duologue", "unknown", role)


def where(licence: str) -> str:
    """Addresses of the texts of all licences that ``licence`` names, by id or title; empty when none is in the table."""
    said = licence.lower()
    names = ((rf"{re.escape(entry.id)}|{re.escape(entry.title.lower())}", entry.url) for entry in _LICENCES)
    return " ".join(url for name, url in names if re.search(rf"(?<![\w-])(?:{name})(?![\w-])", said))


def remark(terms: ModelTerms) -> str:
    """What has to be known about a model's terms, or an empty text."""
    return _NOTES.get(terms.output, "")


def conflicts(chosen: DataLicence, seeds: Sequence[tuple[str, str]], models: Sequence[ModelTerms]) -> list[str]:
    """Why data from these seeds and models may not be offered under ``chosen``, one reason a text; empty if it may.

    ``seeds`` holds each source's name and the id of its licence, ``none`` where none is stated, or empty where it is not
    known.
    """
    found = []
    for source, name in seeds:
        which = f"the seeds {source[:60]}" if len(seeds) > 1 else "the seeds"
        found += [f"{which}{text}" for text in _of_seeds(chosen, name.strip().lower())]
    for terms in models:
        if terms.output == "non-commercial" and chosen.non_commercial:
            continue
        if terms.output in _WHY:
            found.append(f"the model {terms.model}: {_WHY[terms.output].format(licence=chosen.title)}")
    return found


def _of_seeds(chosen: DataLicence, name: str) -> list[str]:
    """Reasons, each to be put behind "the seeds"."""
    if not name:
        return [": their licence is not known; state it with --seeds-licence"]
    if name in ("none", "unknown"):
        return [" state no licence, so nothing allows passing on what is made from them"]
    terms = DATA_LICENCES.get(name)
    if terms is None:
        return [f": their licence {name[:60]} is not in duologue's table; read whether it allows {chosen.title}"]
    found = []
    if terms.no_derivatives:
        found.append(f" are {terms.title}, which does not allow passing on changed data")
    if terms.share_alike and chosen.id not in terms.share_alike:
        allowed = " or ".join(DATA_LICENCES[i].title for i in terms.share_alike)
        found.append(f" are {terms.title}, so what is made from them has to be {allowed}, not {chosen.title}")
    elif terms.non_commercial and not chosen.non_commercial:
        found.append(f" are {terms.title}, and {chosen.title} allows commercial use")
    if terms.attribution and not chosen.attribution:
        found.append(f" are {terms.title} and ask for attribution, which {chosen.title} gives up")
    return found

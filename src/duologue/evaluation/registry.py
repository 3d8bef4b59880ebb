"""All metrics in the order of the report: ours, then those that installed packages add."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points

from duologue.errors import UsageError, in_one_line
from duologue.evaluation.judges.options import Kind
from duologue.evaluation.judges.registry import metrics as judge_metrics
from duologue.evaluation.metrics import (
    acceptance,
    attributes,
    evidence,
    expansion,
    likeness,
    mauve,
    quality,
    seeds,
    shape,
    spread,
    toxicity,
    wording,
)
from duologue.evaluation.metrics import cleanliness as clean
from duologue.evaluation.metrics import diversity as diverse
from duologue.evaluation.protocol import GROUPS, ConversationMetric, CorpusMetric, CountMetric, Group, StreamMetric
from duologue.evaluation.usefulness import perplexity, tasks

AnyMetric = ConversationMetric | CorpusMetric | StreamMetric | CountMetric

ENTRY_POINTS = "duologue.metrics"


def built_in(utterances: tuple[int, int] | None = None) -> list[AnyMetric]:
    """Our own metrics. They keep counts, so each data set needs fresh ones.

    ``utterances``: fewest and most that were asked for; the paper's without it.
    """
    met = attributes.Met()
    return [
        attributes.Attributes(met),
        attributes.AttributeLength(met),
        attributes.NewAttributes(met),
        seeds.SeedAttributes(),
        attributes.NewLength(met),
        attributes.Categories(met),
        expansion.Clusters(),
        expansion.InterCluster(),
        expansion.NewCategories(),
        *acceptance.metrics(),
        wording.HalfSaid(),
        wording.Untouched(),
        wording.OnlyPartner(),
        wording.ClaimedSwaps(),
        wording.Verbatim(),
        wording.Recited(),
        wording.FourGramCopy(),
        wording.SharedProfile(),
        wording.ProfileSize(),
        evidence.Contradictions(),
        evidence.SelfContradictions(),
        evidence.Swaps(),
        evidence.Faithful(),
        evidence.Coverage(),
        evidence.EitherTouched(),
        evidence.TruePicked(),
        *(quality.Aspect(aspect) for aspect in quality.ASPECTS),
        clean.CleanFormat(),
        clean.Unreadable(),
        clean.OneSpeaker(),
        clean.EmptyUtterances(),
        clean.Placeholders(),
        clean.SquarePlaceholders(),
        clean.PromptLeaks(),
        clean.AssistantVoice(),
        clean.InsideLength(*(utterances or clean.TURNS_ASKED)),
        clean.EndlessGoodbyes(),
        clean.CutOff(),
        clean.EncodingDamage(),
        diverse.DistinctUtterances(),
        diverse.DistinctOpenings(),
        diverse.DistinctClosings(),
        diverse.OpeningEntropy(),
        diverse.ClosingEntropy(),
        diverse.RepeatsWithin(),
        diverse.RepeatsAcross(),
        diverse.Duplicates(),
        diverse.NearDuplicates(),
        diverse.Leakage(),
        seeds.SeedUtterances(),
        diverse.Distinct1(),
        diverse.Distinct2(),
        diverse.Distinct3(),
        diverse.SelfBleu(),
        diverse.Compression(),
        spread.Vendi(),
        spread.TopicSpread(),
        shape.Utterances(),
        shape.UtterancesP5(),
        shape.UtterancesP50(),
        shape.UtterancesP95(),
        shape.WordsPerUtterance(),
        shape.Rhythm(),
        shape.Questions(),
        shape.Courtesies(),
        shape.Exclamations(),
        shape.FirstPerson(),
        likeness.PersonaRank(1),
        likeness.PersonaRank(2),
        likeness.Authorship(),
        likeness.LengthDistance(),
        likeness.ActDistance(),
        likeness.Frechet(),
        mauve.Mauve(),
        *tasks.metrics(),
        *perplexity.metrics(),
        toxicity.ToxicConversations(),
        *(toxicity.ToxicUtterances(strength) for strength in toxicity.STRENGTHS),
        toxicity.MeanToxicity(),
        toxicity.ToxicSpeaker(1),
        toxicity.ToxicSpeaker(2),
        *(toxicity.ToxicKind(kind) for kind in toxicity.KINDS),
    ]


def make_metrics(
    groups: Sequence[Group] = GROUPS, utterances: tuple[int, int] | None = None, judges: Sequence[Kind] = ()
) -> list[AnyMetric]:
    """Fresh metrics of these groups, and of these judges whatever their group, in the order of the report.

    Raises UsageError when a plug-in can't be loaded, is no metric, or takes a name that is taken.
    """
    found = [*built_in(utterances), *judge_metrics(judges)]
    names = {metric.name for metric in found}
    for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda e: e.name):
        try:
            made = entry.load()()
        except Exception as error:
            raise UsageError(
                f"the metric {entry.name!r} ({entry.value}) can't be loaded: {in_one_line(error)}; repair or "
                "remove the package that brings it"
            ) from error
        if not isinstance(made, ConversationMetric | CorpusMetric | StreamMetric | CountMetric) or made.name in names:
            raise UsageError(
                f"the metric {entry.name!r} ({entry.value}) is no metric or takes a name that is taken; repair or remove "
                "the package that brings it"
            )
        names.add(made.name)
        found.append(made)
    return sorted((m for m in found if m.group in groups or "judge" in m.needs), key=lambda m: GROUPS.index(m.group))

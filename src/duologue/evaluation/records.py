"""The report: what ``report.json`` holds. The schema is documented in docs/report-schema.md and versioned."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from duologue.evaluation.protocol import Direction, Group, Unit

SCHEMA = "duologue-evaluation/2"
"""Changes when a field changes its meaning or goes; new fields may come without."""


class Record(BaseModel):
    """Base of all parts of the report: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Definition(Record):
    """What a metric is."""

    group: Group = Field(description="the part of the report it stands in")
    title: str = Field(description="a few words for tables")
    definition: str = Field(description="what is measured, in full")
    source: str = Field(description="where the measure comes from")
    unit: Unit = Field(description="the value's unit; a share lies in [0, 1]")
    range: tuple[float | None, float | None] = Field(description="least and greatest possible value; null for no bound")
    direction: Direction = Field(
        description="higher, lower: which is better; human: the nearer to human conversations; none: descriptive"
    )
    paper: dict[str, float] = Field(default_factory=dict, description="values that the paper states for this measure")
    counted: str = Field(
        "", description="what the figure goes up or down with the number of, in the plural; empty where with nothing"
    )
    size: int | None = Field(
        None,
        description="how many of these are read at a time in every data set, so that they compare; null for a data set by "
        "itself, and where nothing is counted",
    )


class ToReference(Record):
    """How far a figure lies from that of the reference."""

    difference: float = Field(description="the figure less the reference's: above 0 there is more than people show")
    low: float = Field(description="lower end of its 95 % interval")
    high: float = Field(description="upper end")
    interval: bool = Field(
        True, description="false where one of the two figures has no interval; then low and high are the difference"
    )


class Figure(Record):
    """One metric of one data set."""

    value: float = Field(description="the measured value")
    low: float = Field(description="lower end of the 95 % interval")
    high: float = Field(description="upper end of the 95 % interval")
    n: int = Field(description="conversations (or test cases) that were measured")
    clusters: int | None = Field(
        None,
        description="different pairs of users among them, which intervals resample, to within 1 % above some hundred; "
        "null where they were not counted",
    )
    whole: float | None = Field(
        None,
        description="the value over all that the sample holds, where that is more than the size at which data sets are "
        "compared; it does not compare",
    )
    count: float | None = Field(None, description="cases found, for ratios: the sum of the numerators")
    of: float | None = Field(None, description="out of how many, for ratios: the sum of the denominators")
    sample: Literal["all", "text", "model", "judge"] = Field(
        "all", description="all: every conversation; text, model, judge: the seeded sample of that name"
    )
    interval: bool = Field(
        True,
        description="false where no interval could be made, as for fewer than 8 pairs of users; then low and high are the value",
    )
    rows: tuple[int, ...] = Field((), description="the first rows, from 1, in which a fault was found")
    to_reference: ToReference | None = Field(
        None,
        description="how far it lies from the reference's; null for other directions than human, and without a reference",
    )


class ProblemCount(Record):
    """Rows that could not be read, or are out of form, of one kind."""

    what: str = Field(description="what is wrong with them")
    rows: int = Field(description="how many")
    first: int | None = Field(description="the first such row, from 1; null when it is not among the first 20 problems")


class StageReport(Record):
    """What became of the items of one stage of a run."""

    stage: str = Field(description="seed, query, attribute, profile, pair, candidate, conversation or adapter")
    iteration: int = Field(description="round of the loop, from 1; 0 outside of it and for the data set itself")
    total: int = Field(description="all items")
    accepted: int = Field(description="of them, accepted")
    rejected: int = Field(description="of them, rejected")
    failed: int = Field(description="of them, failed")
    acceptance: float = Field(description="share of accepted items")
    rejected_by: dict[str, int] = Field(default_factory=dict, description="rejected items by the check that did it")


class IterationReport(Record):
    """One round of a run's loop."""

    iteration: int = Field(description="from 1")
    candidates: int = Field(description="candidates that were written, those that failed among them")
    survived: int = Field(description="of them, those that passed every guard and filter")
    acceptance: float = Field(description="survived as a share of candidates")
    winners: int = Field(description="pairs of users with a winner after this round")
    distinct_utterances: float = Field(description="share of the winners' utterances that are different, case aside")
    distinct_openings: float = Field(description="share of different first four words among the winners")
    distinct_2: float = Field(
        description="share of different pairs of neighbouring words, on as many words in every round"
    )
    coverage: float = Field(description="mean share of attributes that their owner voices, as the Critic found")


class ReviewReport(Record):
    """A blind evaluation by people, made with ``duologue review``. Gold questions are not counted."""

    study: str = Field(description="its id in the review file")
    source: str = Field(description="the data set that was judged; no path")
    against: str = Field(description="the data set it was compared with; empty without one")
    annotators: int = Field(description="people who had tasks")
    doubtful: int = Field(description="of them, those whom gold questions or speed speak against")
    answers: int = Field(description="answers given")
    detection: dict[str, Any] | None = Field(
        None, description="which of two is synthetic: shares of lose, tie and win by item and by answer, and agreement"
    )
    faithfulness: dict[str, Any] = Field(
        default_factory=dict,
        description="by set (a: this one, b: the other): precision and recall of picked attributes",
    )
    quality: dict[str, Any] = Field(default_factory=dict, description="by set and aspect: mean rating from 1 to 5")
    experts: tuple[dict[str, Any], ...] = Field((), description="the Critic's experts beside people")


class JudgeFailure(Record):
    """One thing that a judge was asked without an answer that counts."""

    data_set: str = Field(description="the data set's name; of a comparison, both")
    row: int = Field(description="the conversation's row, from 1; of a comparison, that of the first data set")
    judge: str = Field(description="geval, gpt-score, llm-eval, formal or pairwise")
    part: str = Field(description="the aspect or question; empty where the judge has one only")
    cause: str = Field(description="why there is no answer")


class PairwiseReport(Record):
    """Conversations of two data sets, compared by a language model in both orders."""

    first: str = Field(description="a data set's name")
    second: str = Field(description="the data set it is compared with")
    question: str = Field(description="better or human")
    asked: str = Field(description="the question in full")
    n: int = Field(description="matches that were decided")
    same_users: int = Field(description="of them, between conversations of the same two users")
    failed: int = Field(description="matches without an answer")
    wins: int = Field(description="matches in which both orders prefer the first data set")
    ties: int = Field(description="matches without such a preference, those whose orders disagree among them")
    losses: int = Field(description="matches in which both orders prefer the second data set")
    lead: float | None = Field(None, description="share of wins less share of losses; null without matches")
    low: float | None = Field(
        None, description="lower end of its 95 % interval; null for fewer than 8 pairs of users among the matches"
    )
    high: float | None = Field(None, description="upper end")
    first_shown: float | None = Field(
        None, description="position bias: the share that goes to whichever is shown first; 0.5 is none"
    )
    first_shown_low: float | None = Field(None, description="lower end of its 95 % interval")
    first_shown_high: float | None = Field(None, description="upper end")
    flipped: float | None = Field(None, description="share of matches whose two orders name different conversations")


class JudgeReport(Record):
    """What was asked of a language model as judge; its ratings stand among the figures."""

    model: str = Field(description="the model's name, with its weight hash where the weights are local")
    kinds: tuple[str, ...] = Field(description="the judges that were asked for")
    sample: int = Field(description="most conversations of each data set, and most matches")
    calls: int = Field(description="distinct calls that the figures rest on, whether made now or before")
    prompt_tokens: int = Field(description="prompt tokens of those calls")
    completion_tokens: int = Field(description="completion tokens of those calls")
    cost: float = Field(description="what they cost at the configured prices; 0 without prices")
    stopped: str = Field("", description="why the asking ended early; empty when it did not")
    unavailable: dict[str, str] = Field(
        default_factory=dict, description="judges that this model can't be, and what is missing"
    )
    failures: tuple[JudgeFailure, ...] = Field((), description="everything that was asked in vain, one row each")
    pairwise: tuple[PairwiseReport, ...] = Field((), description="the first data set against each other one")


class DataSetReport(Record):
    """What was measured of one data set."""

    name: str = Field(description="its name in the report")
    source: str = Field(description="file name, folder name or hub id; no path")
    format: str = Field(description="the reader that was used")
    conversations: int = Field(description="conversations read")
    unreadable: int = Field(description="rows that could not be read")
    problems: tuple[ProblemCount, ...] = Field(description="those rows by kind, the most frequent first")
    irregular: tuple[ProblemCount, ...] = Field(
        (), description="rows that are out of form in their layout and were read all the same, by what they have"
    )
    samples: dict[str, int] = Field(description="conversations in each sample")
    figures: dict[str, Figure] = Field(description="by the metric's name; a metric that does not apply is absent")
    absent: dict[str, str] = Field(default_factory=dict, description="metrics without a figure, and why")
    leaks: dict[str, float] = Field(
        default_factory=dict,
        description="by other data set, and the reference: the share of this one that is nearly in it",
    )
    stages: tuple[StageReport, ...] = Field((), description="of a run: what became of every item, in order of stages")
    iterations: tuple[IterationReport, ...] = Field((), description="of a run: each round of its loop")
    reviews: tuple[ReviewReport, ...] = Field((), description="evaluations by people, the newest first")


class SeedsReport(Record):
    """Seeds that data sets were made from, measured as attributes are."""

    data_sets: tuple[str, ...] = Field(description="the data sets that were made from them")
    figures: dict[str, Figure] = Field(
        description="by the metric's name: number, length and categories of all, those of a part of as many as the data "
        "sets offer; n counts seeds, and there are no intervals"
    )


class TopicReport(Record):
    """A topic that the data sets of the report share."""

    words: tuple[str, ...] = Field(description="the words that weigh most, heaviest first")
    shares: dict[str, float] = Field(description="by data set: the topic's share of what its sample talks about")


class Gap(Record):
    """The difference between two data sets in one metric."""

    metric: str = Field(description="the metric's name")
    first: str = Field(description="a data set's name")
    second: str = Field(description="the data set it is compared with")
    difference: float = Field(description="first less second")
    low: float = Field(description="lower end of its 95 % interval")
    high: float = Field(description="upper end")
    p: float = Field(description="two-sided p value, from the difference over its bootstrap standard error")
    p_holm: float = Field(description="the same, corrected for all tests of this pair of data sets (Holm)")
    paired: bool = Field(description="true when at least half of the pairs of users stand in both data sets")


class Report(Record):
    """Everything that ``duologue evaluate`` found."""

    schema_: str = Field(SCHEMA, alias="schema", description="name and version of this schema")
    duologue: str = Field(description="the version that made the report")
    seed: int = Field(description="fixes the samples and the bootstrap")
    replicates: int = Field(description="bootstrap replicates")
    confidence: float = Field(description="coverage of the intervals")
    models: dict[str, str] = Field(description="the small models that were asked, by role")
    metrics: dict[str, Definition] = Field(description="by name, in the order of tables")
    data_sets: tuple[DataSetReport, ...] = Field(description="the first is the one that others are compared with")
    reference: DataSetReport | None = Field(
        None,
        description="the human conversations that likeness is measured by, as a data set, with figures for the metrics whose "
        "direction is human; null without a reference",
    )
    seeds: tuple[SeedsReport, ...] = Field((), description="the seeds, where they are known, with figures of their own")
    differences: tuple[Gap, ...] = Field(description="the first data set against each other one")
    judges: JudgeReport | None = Field(None, description="language models as judges; null when none was asked")
    topics: tuple[TopicReport, ...] = Field((), description="topics that the data sets share, the most frequent first")
    notes: tuple[str, ...] = Field((), description="what the reader of the figures should know")

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

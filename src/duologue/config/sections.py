"""The sections of a run's configuration. Every field is documented here; ``duologue init`` prints these texts."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """Base of all sections: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SamplingConfig(Section):
    """How tokens are drawn."""

    temperature: float = Field(0.7, ge=0.0, le=5.0, description="0 takes the likeliest token; the paper uses 0.7")
    top_k: int = Field(40, ge=0, description="likeliest tokens kept; 0 keeps all; the paper uses 40")
    top_p: float = Field(1.0, gt=0.0, le=1.0, description="probability mass kept")
    min_p: float = Field(0.0, ge=0.0, lt=1.0, description="least probability relative to the likeliest token")
    repeat_penalty: float = Field(1.0, ge=0.5, le=3.0, description="1 is none; endpoints may ignore it")


class ModelConfig(Section):
    """The language model that writes."""

    backend: Literal["embedded", "endpoint", "scripted"] = Field(
        "embedded",
        description="embedded: llama.cpp in this process; endpoint: an OpenAI-compatible server; scripted: a stand-in for tests",
    )
    name: str = Field(
        "default",
        min_length=1,
        description="a model of `duologue models list`, a .gguf file, or the endpoint's model name",
    )
    base_url: str | None = Field(None, description="the endpoint's address up to and with /v1")
    key_env: str = Field(
        "OPENAI_API_KEY", description="environment variable that holds the endpoint's key; keys never stand in a file"
    )
    json_schema: bool = Field(True, description="ask the endpoint for JSON that follows a schema, where it can")
    extra_body: str = Field(
        "",
        description='JSON object whose fields are added to each request to the endpoint, such as {"reasoning_effort": "low"}',
    )
    slots: int | None = Field(
        None, ge=1, le=256, description="embedded: sequences decoded in parallel; null chooses by the machine"
    )
    threads: int | None = Field(None, ge=1, description="embedded: threads for prompt reading; null uses all cores")
    adapter: str | None = Field(
        None, min_length=1, description="embedded: a LoRA adapter of `duologue train`, its folder or its .gguf file"
    )
    sampling: SamplingConfig = Field(default_factory=SamplingConfig, description="how tokens are drawn")

    @field_validator("extra_body")
    @classmethod
    def _is_an_object(cls, value: str) -> str:
        if not value.strip():
            return ""
        try:
            found = json.loads(value)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise ValueError('must be a JSON object, such as {"reasoning_effort": "low"}')
        ours = sorted({"model", "messages", "stream", "n"} & set(found))
        if ours:
            raise ValueError(f"must leave {', '.join(ours)} to duologue")
        return json.dumps(found, sort_keys=True)


class PerspectiveConfig(Section):
    """A Perspective-compatible endpoint, for `small_models.toxicity: perspective`."""

    base_url: str = Field(
        "https://commentanalyzer.googleapis.com", description="the server's address, up to and without /v1alpha1"
    )
    key_env: str = Field(
        "PERSPECTIVE_API_KEY",
        description="environment variable that holds the key, or with _FILE behind it names an owner-only file with it",
    )
    attributes: tuple[Annotated[str, Field(pattern=r"^[A-Z][A-Z_]*$")], ...] = Field(
        ("TOXICITY", "SEVERE_TOXICITY", "IDENTITY_ATTACK", "INSULT", "THREAT"),
        min_length=1,
        description="what is asked for; the greatest score counts",
    )
    requests_per_second: float = Field(1.0, gt=0.0, le=1000.0, description="most requests a second")
    timeout: float = Field(20.0, gt=0.0, description="seconds for one request")
    retries: int = Field(
        6, ge=0, le=50, description="times a request is repeated when the server is busy or out of reach"
    )


class SmallModelsConfig(Section):
    """The models that check: embeddings, inference, toxicity."""

    embedder: str = Field("minilm", description="sentence embeddings: minilm (ONNX), or scripted")
    nli: str = Field(
        "builtin", description="natural language inference: builtin (our own ONNX cross-encoder), a folder, or scripted"
    )
    toxicity: str = Field(
        "builtin",
        description="toxicity: builtin (our own, in context), wordlist (alt-profanity-check), perspective, or scripted",
    )
    perspective: PerspectiveConfig = Field(
        default_factory=PerspectiveConfig, description="the endpoint that toxicity: perspective asks"
    )


class SeedsConfig(Section):
    """Where the persona attributes come from."""

    path: str | None = Field(
        None,
        description="file, hf:DATASET_ID, null for the plain seeds that ship with duologue, or shipped:vivid for odder, richer ones",
    )
    format: Literal["auto", "text", "jsonl", "csv", "personachat", "hub"] = Field(
        "auto", description="auto goes by name and content"
    )
    limit: int | None = Field(None, ge=1, description="read at most so many profiles")


class ExpansionConfig(Section):
    """Level 1a: persona expansion."""

    enabled: bool = Field(True, description="false keeps the seed attributes as they are")
    cluster_distance: float = Field(
        0.65, gt=0.0, le=2.0, description="clusters merge while their average cosine distance is at most this"
    )
    queries: bool = Field(
        True,
        description="false writes new attributes without a query to answer, as the paper's ablation does; no query is induced or invented",
    )
    clustering: Literal["auto", "exact", "approximate"] = Field(
        "auto",
        description="exact: all pairs of attributes are compared; approximate: those near each other, in time that grows with their number; auto: exact up to 30,000 attributes",
    )
    query_sample: Positive = Field(3, description="attributes shown to induce a cluster's query; the paper uses 3")
    min_cluster: Positive = Field(2, description="smallest cluster whose query is induced")
    max_queries: int | None = Field(
        None, ge=1, description="induce queries for at most so many clusters, the largest first; null for all"
    )
    bootstrap_queries: int = Field(100, ge=0, description="attempts to invent a new query; the paper makes 100")
    query_context: Positive = Field(5, description="queries shown when a new one is invented; the paper uses 5")
    query_similarity: Probability = Field(
        0.9, description="a new query more similar than this to a known one is refused"
    )
    target: int | None = Field(
        None, ge=0, description="new attributes wanted; null: as many as there are seed attributes"
    )
    attribute_context: Positive = Field(5, description="attributes shown when a new one is written; the paper uses 5")
    max_similarity: Probability = Field(
        0.9, description="a new attribute more similar than this to a known one is refused"
    )
    min_acceptance: Probability = Field(
        0.1, description="stop when fewer than this share of the last `acceptance_window` attempts were accepted"
    )
    acceptance_window: Positive = Field(50, description="attempts over which the acceptance rate is taken")
    min_words: Positive = Field(3, description="fewest words of a new attribute")
    max_words: Positive = Field(25, description="most words of a new attribute")

    @model_validator(mode="after")
    def _length_is_possible(self) -> ExpansionConfig:
        if self.min_words > self.max_words:
            raise ValueError("min_words must not be greater than max_words")
        return self


class ProfilesConfig(Section):
    """Level 1b: user profiles."""

    source: Literal["built", "given"] = Field(
        "built", description="built: drawn anew from all attributes; given: the profiles in the seeds"
    )
    count: int | None = Field(None, ge=2, description="profiles to build; null: as many as the pairs need")
    size: int | tuple[int, int] = Field(
        5, description="attributes per profile: a number, or [fewest, most] drawn evenly; the paper uses 5"
    )
    max_similarity: Probability = Field(
        0.9, description="members may not be more similar than this; the paper uses 0.9"
    )
    entailment: Probability = Field(
        0.7, description="an attribute entailed by a member with at least this probability is redundant"
    )
    contradiction: Probability = Field(
        0.5, description="an attribute contradicting a member with at least this probability is refused"
    )
    distinct_categories: bool = Field(True, description="no two members from one persona category")
    one_life: bool = Field(
        True,
        description="no two members that tell of different lives by rule: ages, livelihoods, homes, partners (English)",
    )

    @model_validator(mode="after")
    def _size_is_possible(self) -> ProfilesConfig:
        low, high = self.size_range
        if low < 1 or high < low:
            raise ValueError("size must be a number of at least 1, or [fewest, most] with 1 <= fewest <= most")
        return self

    @property
    def size_range(self) -> tuple[int, int]:
        """(fewest, most) attributes per profile."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size


class PairingConfig(Section):
    """Level 2: user pairing."""

    pairs: Positive = Field(10, description="pairs wanted, and so conversations")
    policy: str = Field(
        "commonality", description="commonality (the paper), embedding, random, or an installed plug-in"
    )
    fallback: str | None = Field(
        "embedding", description="policy for the pairs that the first can't find; null: fewer than asked is an error"
    )
    min_commonalities: int = Field(
        1, ge=0, description="fewest attribute pairs in a common category; the paper asks for more than 2"
    )
    min_similarity: Probability = Field(0.0, description="embedding policy: least similarity of two profiles")
    max_alike: Probability = Field(
        0.5,
        description="two users of whom a greater share of attributes (of the smaller profile) says the same in nearly the same words are paired only when nobody else is left",
    )
    pairs_per_user: Positive = Field(1, description="each user takes part in at most so many pairs")


class GeneratorConfig(Section):
    """Level 3a: the Generator."""

    mode: str = Field(
        "turns",
        description="whole: a conversation in one completion (the paper); turns: each speaker sees only its own profile",
    )
    candidates: Positive = Field(3, le=999, description="candidates per pair")
    examples: int = Field(2, ge=0, description="few-shot examples in the prompt; the paper uses 5")
    utterances: tuple[int, int] = Field(
        (10, 16), description="fewest and most utterances of a conversation, both included"
    )
    max_utterance_words: Positive = Field(45, description="most words of one utterance")
    turn_choices: int | None = Field(
        None,
        ge=1,
        le=10,
        description="turns mode: draws of each utterance, the best of which is said; null: 5 for duologue-135m, 3 for other embedded models, else 1",
    )
    turn_retries: int = Field(
        3,
        ge=0,
        le=9,
        description="turns mode: times an utterance is drawn again when guards refuse all its draws, the best slips, or a planned attribute did not come out",
    )
    plan: bool = Field(
        False,
        description="turns mode: notes name one own attribute at a time for a speaker to bring up, until most have come out",
    )
    sampling: SamplingConfig | None = Field(None, description="overrides model.sampling for conversations")

    @model_validator(mode="after")
    def _length_is_possible(self) -> GeneratorConfig:
        low, high = self.utterances
        if low < 2 or high < low:
            raise ValueError("utterances must be [fewest, most] with 2 <= fewest <= most")
        if high > 200:
            raise ValueError("utterances: at most 200")
        return self


class CriticConfig(Section):
    """Level 3b: the Critic, a mixture of experts."""

    guards: tuple[str, ...] = Field(
        (
            "format",
            "length",
            "placeholder",
            "prompt_leak",
            "assistant_voice",
            "repetition",
            "goodbyes",
            "verbatim",
            "swap",
        ),
        description="cheap checks that come first, in this order; one refusal rejects the candidate",
    )
    filters: tuple[str, ...] = Field(
        ("faithfulness", "toxicity"), description="experts that pass or reject a candidate"
    )
    quality: tuple[str, ...] = Field(
        ("depth", "coherency", "consistency", "diversity", "likable"),
        description="experts that compare candidates and vote",
    )
    rankers: tuple[str, ...] = Field(
        ("depth", "coherency", "consistency", "diversity", "likable"),
        description="experts that rank candidates by score before language models are asked to compare; no vote unless in quality too",
    )
    tournament: Literal["sequential", "exhaustive"] = Field(
        "sequential",
        description="sequential: language models are asked only what can change the winner; exhaustive: all pairs (the paper)",
    )
    tournament_certainty: float = Field(
        0.97,
        gt=0.0,
        le=1.0,
        description="sequential: stop when the leader is so likely the exhaustive winner; 1 asks until nothing can change it",
    )
    tournament_calls: int | None = Field(
        None, ge=0, description="sequential: most model calls of one tournament; null for no limit"
    )
    judge: ModelConfig | None = Field(
        None, description="the language model that experts ask, such as an endpoint; null: the one that writes"
    )
    reasons: bool = Field(
        False, description="language-model judges add a sentence to their verdict, at the price of its tokens"
    )
    contradiction: Probability = Field(
        0.5,
        description="faithfulness: an utterance contradicting its speaker's profile with at least this probability rejects",
    )
    swap: Probability = Field(
        0.5,
        description="faithfulness: a claim taking over the partner's attribute with at least this probability rejects",
    )
    self_contradiction: Probability = Field(
        0.5,
        description="faithfulness: two claims of one speaker excluding each other with at least this probability reject",
    )
    support: Probability = Field(
        0.5, description="faithfulness: least probability at which an utterance counts as carrying an attribute"
    )
    formal_margin: float = Field(
        0.0,
        ge=0.0,
        description="faithfulness-formal: nats by which a conversation may make an attribute less probable, per token",
    )
    min_coverage: Probability = Field(
        0.0, description="faithfulness: least share of each profile that must come through"
    )
    toxicity: Probability = Field(
        0.5, description="toxicity: most allowed in one utterance, by itself or as an answer to the one before"
    )
    verbatim_words: Positive = Field(
        4, description="guard verbatim: attributes of at least so many words may not be copied word for word"
    )
    max_goodbyes: Positive = Field(2, description="guard goodbyes: most utterances that take leave")
    judge_examples: int = Field(4, ge=0, description="hand-made examples shown to a language-model judge")


class LoopConfig(Section):
    """Level 3c: the loop."""

    method: Literal["few-shot", "finetune", "both"] = Field(
        "few-shot",
        description="what is fed back: winners as examples (the paper), as training data of an adapter, or both; `loop: finetune` is short for `loop: {method: finetune}`",
    )
    iterations: Positive = Field(3, description="rounds of generate, criticise, feed back; the paper makes 3")
    keep: Literal["best", "last"] = Field(
        "best", description="best: an earlier winner is replaced only by a better candidate; last: the newest winner"
    )
    regenerations: int = Field(
        1, ge=0, le=89, description="further rounds of candidates for a pair none of whose candidates survived"
    )
    pool_size: Positive = Field(40, description="most examples in the few-shot pool")
    pool_join: Positive = Field(5, description="most conversations that join the pool after an iteration")
    pool_similarity: Probability = Field(
        0.85, description="a conversation more similar than this to one in the pool does not join"
    )


class TrainingConfig(Section):
    """Training the Generator on what the Critic chose, for `duologue train` and `loop: finetune`."""

    what: Literal["sft", "dpo"] = Field(
        "sft", description="sft: on the winners; dpo: on winners against losers of the same pair"
    )
    rank: int = Field(16, ge=1, le=512, description="rank of the LoRA matrices")
    alpha: float = Field(32.0, gt=0.0, description="the adapter is scaled by alpha / rank")
    learning_rate: float | None = Field(
        None, gt=0.0, le=1.0, description="peak learning rate; null: 5e-4 for sft, 5e-5 for dpo"
    )
    epochs: float = Field(3.0, gt=0.0, description="most passes over the rows")
    steps: int | None = Field(None, ge=1, description="steps instead of passes")
    batch: Positive = Field(8, description="rows of a step; fewer are computed at once when memory runs out")
    max_tokens: int = Field(1536, ge=16, description="longer rows are left out")
    every: Positive = Field(20, description="steps between two checkpoints, where the held-out loss is measured")
    patience: Positive = Field(
        3, description="stop after so many measurements without a lower held-out loss; the best state is kept"
    )
    beta: float = Field(0.1, gt=0.0, description="dpo: how strongly the adapter is held to the base model")
    held_out: Positive = Field(
        8, description="loop: fewest pairs of the split valid on which a new adapter is tried before it is adopted"
    )
    tolerance: Probability = Field(
        0.02, description="loop: an adapter is not adopted when a figure gets worse by more than this"
    )
    non_commercial: bool = Field(
        False, description="the adapter will serve non-commercial use alone, which some weights' licences ask for"
    )


class EngineConfig(Section):
    """How calls are made; nothing here changes an answer."""

    concurrency: int = Field(64, ge=1, le=4096, description="most calls in flight")
    retries: int = Field(5, ge=0, le=50, description="times a failed call is tried again")
    connect_timeout: float = Field(10.0, gt=0, description="seconds to connect")
    first_byte_timeout: float = Field(120.0, gt=0, description="seconds to the first byte of an answer")
    total_timeout: float = Field(600.0, gt=0, description="seconds for one call in all")


class ExecutorConfig(Section):
    """Where a run's work is done; nothing here changes an answer. `executor: ray` is short for `executor: {kind: ray}`."""

    kind: Literal["local", "ray"] = Field(
        "local",
        description="local: this process; ray: workers of a Ray cluster (the extra ray); `executor: ray` is short",
    )
    address: str | None = Field(
        None,
        min_length=1,
        description="ray: auto or HOST:PORT of a running cluster; null joins the one RAY_ADDRESS names, else starts Ray here",
    )
    workers: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="ray: workers, each with engine.concurrency calls in flight; null: as CPUs allow",
    )
    shards: int | None = Field(
        None, ge=1, description="ray: parts of the pairs; null: about 256 pairs each, and one for each worker at least"
    )
    cpus: float = Field(1.0, gt=0.0, description="ray: CPUs of a worker")
    gpus: float = Field(0.0, ge=0.0, description="ray: GPUs of a worker; endpoints need none")
    endpoints: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        (),
        description="ray: addresses of servers of model.name, given to the workers in turn instead of model.base_url",
    )
    storage: str | None = Field(
        None,
        min_length=1,
        description="folder or fsspec address (s3://BUCKET/NAME) that gets the finished data set as Parquet shards; null for none",
    )


class BudgetConfig(Section):
    """Hard limits and prices. A run that meets a limit ends in order and can be resumed."""

    max_tokens: int | None = Field(None, ge=1, description="most tokens (prompt and completion) paid for")
    max_cost: float | None = Field(None, gt=0, description="most money, in the currency of the prices; needs a price")
    prompt_price: float = Field(0.0, ge=0, description="price of a million prompt tokens")
    completion_price: float = Field(0.0, ge=0, description="price of a million completion tokens")

    @model_validator(mode="after")
    def _limit_has_a_price(self) -> BudgetConfig:
        if self.max_cost is not None and not (self.prompt_price or self.completion_price):
            raise ValueError("max_cost limits nothing while both prices are 0; set prompt_price or completion_price")
        return self


class SplitsConfig(Section):
    """Shares of the data set. No profile crosses a split."""

    train: Probability = Field(0.8, description="share of train")
    valid: Probability = Field(0.1, description="share of valid")
    test: Probability = Field(0.1, description="share of test")

    @model_validator(mode="after")
    def _sums_to_one(self) -> SplitsConfig:
        if abs(self.train + self.valid + self.test - 1.0) > 1e-6:
            raise ValueError("train, valid and test must add up to 1")
        return self


class Config(Section):
    """Everything that determines a run."""

    seed: int = Field(0, ge=0, le=2**31 - 1, description="fixes every random choice of the run")
    seeds: SeedsConfig = Field(default_factory=SeedsConfig, description="where the persona attributes come from")
    model: ModelConfig = Field(default_factory=ModelConfig, description="the language model that writes")
    small_models: SmallModelsConfig = Field(default_factory=SmallModelsConfig, description="the models that check")
    expansion: ExpansionConfig = Field(default_factory=ExpansionConfig, description="level 1a: persona expansion")
    profiles: ProfilesConfig = Field(default_factory=ProfilesConfig, description="level 1b: user profiles")
    pairing: PairingConfig = Field(default_factory=PairingConfig, description="level 2: user pairing")
    generator: GeneratorConfig = Field(default_factory=GeneratorConfig, description="level 3a: the Generator")
    critic: CriticConfig = Field(default_factory=CriticConfig, description="level 3b: the Critic")
    loop: LoopConfig = Field(default_factory=LoopConfig, description="level 3c: the loop")
    training: TrainingConfig = Field(
        default_factory=TrainingConfig, description="training the Generator on what the Critic chose"
    )
    splits: SplitsConfig = Field(default_factory=SplitsConfig, description="shares of train, valid and test")
    engine: EngineConfig = Field(default_factory=EngineConfig, description="how calls are made")
    executor: ExecutorConfig = Field(default_factory=ExecutorConfig, description="where the work is done")
    budget: BudgetConfig = Field(default_factory=BudgetConfig, description="hard limits and prices")

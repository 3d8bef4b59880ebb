"""Guard ``assistant_voice``: nobody talks like a chat assistant."""

from __future__ import annotations

from duologue.conversations.critic.guards.phrases import Phrases
from duologue.conversations.critic.guards.verdicts import guard_verdict, quote
from duologue.records import Candidate, Verdict

_AI = r"(?:a\.?i\.?|artificial intelligence|(?:large |ai )*language model|chat ?bot|(?:virtual|digital|ai|helpful) assistant|computer program)"
_NOT_A_JOB = r"(?=\s*[,.!?;)]|\s*$|\s+(?:language|assistant|model|system|chatbot|and|so|but|that|without|who|trained|created|developed|designed|here|i\b|to\b))"

_HINTS = (
    " ai", " a.i", "intelligence", "language model", "chatbot", "chat bot", "assist", "computer program",
    "training data", "knowledge cutoff", "programming", "qwen", "chatgpt", "smollm", "llama", "openai", "alibaba",
    "anthropic", "google", "meta", "microsoft", "hugging", "how can i", "how may i", "how could i", "how might i",
    "what can i", "here to", "anything else", "n't have", "not have", "actually have", "feeling", "emotion",
    "feel free to", "hesitate", "you have", "you need", "would you like", "sorry", "afraid", "apologi", "query",
    "inquiry", "important to note", "here", "can help you", "i hope",
)  # fmt: skip
PHRASES = Phrases(
    (
        rf"\b(?:as|being) an? {_AI}{_NOT_A_JOB}|(?:^|[.!?]\s)as an? assistant,|\bas your (?:virtual |ai )?assistant\b",
        rf"\bi(?:'m| am) (?:just |only |actually |simply )?an? {_AI}{_NOT_A_JOB}",
        r"\blanguage model\b|\b(?:my (?:training data|knowledge cutoff)|beyond my programming|my programming (?:does|allows|prevents|is designed))\b|\bi(?:'m| am) (?:qwen|chatgpt|smollm|llama)\b",
        r"\b(?:created|trained|developed|made) by (?:openai|alibaba|anthropic|google|meta|microsoft|hugging ?face)\b",
        r"\bhow (?:can|may|could|might) i (?:best )?(?:assist\b|be of (?:help|service|assistance)|help you(?: today| with (?:that|this|your))?\s*(?:[?!.]|$))",
        r"\bwhat can i (?:assist|help) you with\b|\bwhat can i do for you today\b",
        r"\bhere to (?:help|assist|support|answer)(?: you)?(?: out)?(?:\s*[.!,?]|\s*$| with (?:any|whatever|your)\b)",
        r"\banything else (?:that )?(?:i can|you(?:'d| would) like me to|you need (?:help|assistance)) ?(?:help|assist|do for|with)?\b",
        r"\b(?:don't|do not) (?:actually )?have (?:any )?(?:personal|human|physical) (?:experience|feeling|emotion|opinion|preference|belief|memor|thought|name|body|form|desire|interest|information)",
        r"\bi (?:don't|do not|can't|cannot) (?:have|feel|experience) (?:feelings|emotions)\b(?! (?:for|about|towards?))",
        r"\bfeel free to (?:ask|reach out|let me know|contact|share (?:any|your|more))\b|\bdon't hesitate to (?:ask|reach|contact)\b",
        r"\b(?:if you (?:have|need)|should you (?:have|need)) any (?:other |more |further |additional )?(?:questions|assistance|information)\b",
        r"\b(?:happy|glad|able|love) to assist(?: you)?\b|\b(?:let me|i can|i could|i will|i'll) assist you\b|\bwould you like (?:me to (?:help|assist|provide)|(?:some |any )?assistance)\b",
        r"\bi(?:'m| am) (?:sorry|afraid),? (?:but )?i(?:'m| am)? ?(?:can't|cannot|can not|unable to|not able to) (?:assist|fulfill|comply|provide|engage|help (?:you )?with that)",
        r"\bi apologi[sz]e for (?:any|the) (?:confusion|inconvenience|misunderstanding)\b|\byour (?:query|inquiry)\b|\bit(?:'s| is) important to note that\b",
        r"^\W*(?:certainly|sure|of course|absolutely)[!,.] (?:here(?:'s| is| are) (?:a|an|the|some) (?:\w+ )?(?:example|list|summary|breakdown|recipe|poem|story|conversation|response|tips?|suggestions?|ideas?)\b|i can help you)\b|\bi hope (?:this|that) helps\b",
    ),
    _HINTS,
)


class AssistantVoiceGuard:
    """Refuses the set phrases of chat assistants: "as an AI", "how can I assist you", "feel free to ask" and their kin.

    Offers between people ("can I help you carry that?") and jobs ("I'm an AI researcher") pass.
    """

    name = "assistant_voice"

    def check(self, candidate: Candidate) -> Verdict:
        """Return the verdict; the reason quotes each phrase."""
        found = (
            (i, f"assistant voice {quote(p)}") for i, u in enumerate(candidate.utterances) if (p := assistant_phrase(u))
        )
        return guard_verdict(self.name, found)


def assistant_phrase(text: str) -> str | None:
    """Return the first phrase of an assistant in ``text``, or None."""
    return PHRASES.first(text)

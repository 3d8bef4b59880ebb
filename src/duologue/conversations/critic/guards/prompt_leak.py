"""Guard ``prompt_leak``: nothing of the prompt, its structure or a chat template comes through."""

from __future__ import annotations

from duologue.conversations.critic.guards.phrases import Phrases
from duologue.conversations.critic.guards.verdicts import guard_verdict, quote
from duologue.records import Candidate, Verdict

_HINTS = (
    "<", ">", "[", ":", "###", "im_", "endoftext", "persona", "profile", "attribute", "conversation", "dialogue",
    "instruct", "prompt", "character", "role", "copying", "repeating", "word limit", "few-shot", "here's", "here is",
)  # fmt: skip
PHRASES = Phrases(
    (
        # Chat templates, role labels and JSON.
        r"<\|\w*|\|>|</?s>|</?(?:bos|eos|think)>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|\bim_(?:start|end)\b|\bendoftext\b",
        r"\b(?:user|speaker|person)\s*#?\s*[12]\s*:",
        r"###\s*\w|\b(?:utterance|turn)\s*#?\d+\s*:|^\s*(?:instructions?|response|output|example|personas?|profile|conversation|dialogue)\s*\d*\s*:",
        r"[\"'](?:utterances?|conversation|speaker|text|role|content|user_?[12]?|message|response|reply)[\"']\s*:",
        r"^\s*[{\[]\s*\"\w+\"\s*:",
        # Talk about personas and profiles as such. "My stage persona" and "my profile picture" are innocent.
        r"\bpersona(?:l)? attributes?\b|\bpersonas? (?:sentences?|descriptions?|statements?|information|profiles?|traits?)\b",
        r"\b(?:my|your|the|this|given|assigned) (?:persona|user profile|attributes)(?: (?:says?|states?|mentions?|includes?|lists?|tells?|is|as|of)\b|\s*[.,:!]|$)",
        r"\b(?:based on|according to|as per|given|from|in|matches|consistent with) (?:my|your|the|our|their|his|her) (?:given |user |character )?(?:personas?|profiles?|attributes?)\b(?! (?:pic|photo|page|on)\w*)",
        r"\b(?:the|this|my|your) profile (?:says?|states?|mentions?|tells me|indicates)\b|\buser profiles?\b|\buser'?s? (?:attributes?|persona)\b",
        r"\b(?:my|your|the) attributes? (?:is|are|says?|include|state)\b",
        # Talk about the conversation as a text to be written.
        r"\b(?:the|this) (?:conversation|dialogue) (?:ends|ended|continues|begins|starts|between|above|below|history|is over|should)\b",
        r"\b(?:following|above|example|sample) (?:conversation|dialogue)\b|\bend of (?:the |this )?(?:conversation|dialogue)\b",
        r"\b(?:continue|start|begin|rewrite|complete) the (?:conversation|dialogue)\b|\bhere(?:'s| is) (?:a|the|your|my) (?:conversation|dialogue|response|reply|next)\b",
        # Talk about instructions.
        r"\bas (?:i was |you )?instructed\b(?! by)|\bas (?:per|stated in) (?:the|your) (?:instructions?|prompt)\b|\b(?:system|this|the|your) prompt\b",
        r"\b(?:stay|remain|staying|speak|respond|answer) in character\b|\bin this role-?\s?play\b|\b(?:playing|play) the role of (?:user|speaker|a user|the user)\b",
        r"\bwithout (?:copying|repeating) (?:the|my|your) (?:profile|persona|sentences?)\b|\bword limit\b|\bfew-shot\b",
        r"^\W*(?:note|explanation|assistant|system)\s*:|\(note:",
    ),
    _HINTS,
)


class PromptLeakGuard:
    """Refuses chat tokens, role labels, JSON keys and talk about personas, profiles, prompts or instructions as
    such."""

    name = "prompt_leak"

    def check(self, candidate: Candidate) -> Verdict:
        """Return the verdict; the reason quotes each leak."""
        found = ((i, f"prompt text {quote(p)}") for i, u in enumerate(candidate.utterances) if (p := leak(u)))
        return guard_verdict(self.name, found)


def leak(text: str) -> str | None:
    """Return the first piece of prompt text in ``text``, or None."""
    return PHRASES.first(text)

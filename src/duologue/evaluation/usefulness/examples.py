"""Items as a generator sees them: a prompt of profile and context, and the utterance that follows."""

from __future__ import annotations

from dataclasses import dataclass

from duologue.evaluation.usefulness.items import Item, Mode
from duologue.prompts import as_data


@dataclass(frozen=True, slots=True)
class Example:
    """One utterance to be predicted."""

    profile: str
    """Attributes that the mode shows, one a line, each with whose it is; may be empty."""
    context: str
    """The utterances before, one a line, and the label that the utterance follows."""
    target: str
    """The utterance with a line break, which is predicted too."""
    words: int
    """Words of the utterance, and one for its end."""

    @property
    def prompt(self) -> str:
        """Profile and context."""
        return self.profile + self.context


def example(item: Item, mode: Mode) -> Example:
    """The item with the profiles that ``mode`` shows, from the side of whoever speaks next."""
    view = item.view
    profile = "".join(
        f"{'my' if view.attributes[i][0] == item.speaker else 'your'} profile: {as_data(view.attributes[i][1])}\n"
        for i in item.profile(mode)
    )
    said = [(view.dialogue.utterances[i].speaker, as_data(view.texts[i])) for i in item.context]
    context = "".join(f"{'me' if speaker == item.speaker else 'you'}: {text}\n" for speaker, text in said)
    target = as_data(item.choices[0].text)
    return Example(profile, f"{context}me:", f" {target}\n", len(target.split()) + 1)

"""What of the seeds comes back in a data set, nearly in their words: as attributes, and as what users say."""

from __future__ import annotations

from functools import lru_cache

from duologue.evaluation.near_texts import NearTexts
from duologue.evaluation.protocol import Described, Direction, Group, Ratio
from duologue.evaluation.view import Roles, View
from duologue.text import sentences


class SeedAttributes(Described):
    """Share of attributes, those of all conversations, that share at least 0.8 of their different words with a seed; of
    attributes and seeds of at least four.
    """

    group: Group = "expansion"
    name = "near_seeds"
    title = "attributes that are nearly a seed"
    direction: Direction = "none"
    source = "Bayardo et al. (2007), similarity join by prefixes"

    def measure(self, view: View) -> Ratio | None:
        """Such attributes among all; None without seeds or profiles."""
        if not view.roles.seeds or not view.attributes:
            return None
        seeds = _index(view.roles)
        return float(sum(seeds.near(text) for _, text in view.attributes)), float(len(view.attributes))


class SeedUtterances(Described):
    """Share of utterances with a sentence that shares at least 0.8 of its different words with a seed, whoever's profile has
    it; of sentences and seeds of at least four.
    """

    group: Group = "diversity"
    name = "seeds_said"
    title = "utterances that are nearly a seed"
    source = "Bayardo et al. (2007), similarity join by prefixes"

    def measure(self, view: View) -> Ratio | None:
        """Such utterances among all; None without seeds."""
        if not view.roles.seeds:
            return None
        seeds = _index(view.roles)
        found = sum(any(map(seeds.near, sentences(text))) for text in view.texts)
        return float(found), float(len(view))


@lru_cache(maxsize=4)
def _index(roles: Roles) -> NearTexts:
    return NearTexts(roles.seeds)

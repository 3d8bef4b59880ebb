"""Evidence pairs: one utterance, one attribute, and how the one bears on the other, as JSON lines.

The data set's conversations have been accepted, so contradictions are rare among their pairs; most are in the candidates
that the Critic rejected, which :meth:`EvidenceFormat.write_judged` takes as well.

======================  ================================================================================
key                     value
======================  ================================================================================
conversation, split     the conversation's id (of a candidate: that of its pair's); train, valid or test
candidate, rejected_by  the candidate's id; the filter that rejected it or ``tournament``, empty in the data set
index, speaker          the utterance's index from 0, and who says it, 1 or 2
utterance, before       its text, and that of the utterance before it; empty for the first
kind                    own: the attribute is the speaker's; partner: it is the other's; self: the utterance
                        stands against an earlier one of the same speaker
attribute               the attribute's id; empty for ``self``
against                 the attribute's text; for ``self`` that of the earlier utterance
label, score            supported, contradicted or neutral, and the probability of that, in [0, 1]
verbatim                whether the utterance copies the attribute word for word
======================  ================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from duologue.export.lines import write_lines
from duologue.export.rows import evidence_rows
from duologue.records import Conversation
from duologue.store.codec import clean


class EvidenceFormat:
    """One row for each utterance and attribute that the Critic gave a label, for models that read evidence."""

    name = "evidence"

    def write(self, rows: Iterable[Conversation], to: Path) -> int:
        """Write the pairs of each conversation; return how many conversations there were."""
        return write_lines(rows, pairs_of, to)

    def write_judged(self, rows: Iterable[tuple[Conversation, str]], to: Path) -> int:
        """Like :meth:`write`, each with what rejected it, "" for nothing; see :func:`~duologue.export.judged.judged`."""
        return write_lines(rows, lambda row: pairs_of(*row), to)


def pairs_of(conversation: Conversation, rejected_by: str = "") -> Iterator[dict[str, Any]]:
    """The pairs of one conversation, as the run stored them. What can't be looked up is left out."""
    said = [clean(text) for text in conversation.candidate.utterances]
    for row in evidence_rows(conversation):
        index, other = row["utterance"], row["other"]
        if not 0 <= index < len(said) or (other is not None and not 0 <= other < len(said)):
            continue
        against = row["text"] if other is None else said[other]
        if not against:
            continue
        yield {
            "conversation": conversation.id,
            "split": conversation.candidate.pair.split,
            "candidate": conversation.candidate.id,
            "rejected_by": rejected_by,
            "index": index,
            "speaker": row["speaker"],
            "utterance": said[index],
            "before": said[index - 1] if index else "",
            "kind": "self" if other is not None else "own" if row["owner"] == row["speaker"] else "partner",
            "attribute": row["attribute"],
            "against": against,
            "label": row["label"],
            "score": row["score"],
            "verbatim": row["verbatim"],
        }

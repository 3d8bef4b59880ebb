from __future__ import annotations

from dataclasses import replace

from duologue.config.sections import LoopConfig
from duologue.conversations.examples import Example, shipped_examples
from duologue.conversations.pool import BLOCK, Pool
from duologue.models.scripted import ScriptedEmbedder
from duologue.records import Attribute, Candidate, Conversation, Pair, Profile

EMBEDDER = ScriptedEmbedder()


def conversation(number: int, *utterances: str) -> Conversation:
    user_1 = Profile.of((Attribute.of(f"I am one {number}."),))
    user_2 = Profile.of((Attribute.of(f"I am two {number}."),))
    pair = Pair(f"p-{number}", number, user_1, user_2)
    return Conversation(Candidate(f"k-{number}", pair, 1, 0, 0, utterances, "turns", "m", "h", 0), ())


def examples(count: int) -> tuple[Example, ...]:
    return tuple(
        Example(f"e{i}", ("I.",), ("You.",), (f"topic{i} opening{i} word{i} more{i}", f"answer{i} other{i}"))
        for i in range(count)
    )


def test_shipped_examples_are_whole() -> None:
    shipped = shipped_examples()
    assert len(shipped) >= 12
    assert len({e.utterances[0] for e in shipped}) == len(shipped)
    assert all(len(e.utterances) >= 8 and e.user_1 and e.user_2 for e in shipped)


def test_a_block_of_pairs_shares_its_examples_and_the_next_differs() -> None:
    pool = Pool(examples(30))
    first = [pool.draw(3, iteration=1, index=i, seed=0) for i in range(BLOCK)]
    assert len(set(first)) == 1
    assert pool.draw(3, iteration=1, index=BLOCK, seed=0) != first[0]
    assert pool.draw(3, iteration=2, index=0, seed=0) != first[0]
    assert len(pool.draw(99, iteration=1, index=0, seed=0)) == 30


def test_unlike_winners_join_and_alike_ones_do_not() -> None:
    pool = Pool(examples(4))
    fresh = conversation(1, "Whales sing loudly tonight somewhere", "Do they really")
    same_opening = conversation(2, "Whales sing loudly tonight again", "Trains and carrots")
    same_wording = conversation(3, "Tonight whales sing loudly somewhere", "They really do")
    other = conversation(4, "My boiler exploded yesterday morning", "Was anybody hurt badly")
    joined = pool.joined([fresh, same_opening, same_wording, other], config=LoopConfig(pool_join=5), embedder=EMBEDDER)
    assert [e.id for e in joined.examples if e.origin == "generated"] == ["k-1", "k-4"]


def test_no_more_join_than_asked_and_hand_written_ones_keep_half() -> None:
    pool = Pool(examples(2))
    winners = [
        conversation(1, "Whales sing loudly tonight", "Do they"),
        conversation(2, "Boilers explode every winter", "Horrible noise"),
        conversation(3, "Carrots grow under netting", "Rabbits eat them"),
    ]
    assert len(pool.joined(winners, config=LoopConfig(pool_join=1), embedder=EMBEDDER).examples) == 3
    grown = pool.joined(winners, config=LoopConfig(pool_join=5, pool_size=40), embedder=EMBEDDER)
    assert [e.id for e in grown.examples] == ["e0", "e1", "k-2", "k-3"]
    full = pool.joined(winners, config=replace_size(2), embedder=EMBEDDER)
    assert full.examples == pool.examples


def replace_size(size: int) -> LoopConfig:
    return LoopConfig(pool_join=5, pool_size=size)


def test_an_example_is_made_of_a_candidate() -> None:
    made = conversation(7, "One", "Two")
    example = Example.of(replace(made.candidate, iteration=3))
    assert example == Example("k-7", ("I am one 7.",), ("I am two 7.",), ("One", "Two"), "generated", 3)
    assert example.user(1) == ("I am one 7.",)
    assert example.user(2) == ("I am two 7.",)

"""Extending and comparing data sets, on the scripted model."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from duologue.api import run
from duologue.config.load import load_config
from duologue.config.sections import SeedsConfig
from duologue.errors import ConfigError, ImpossibleRequest, StoreError, UsageError
from duologue.export.rows import row_of
from duologue.publish import Options, publish
from duologue.publish.sources import seeds_of
from duologue.records import Pair
from duologue.store.reading import RunReader
from duologue.versions.base import read_base
from duologue.versions.diff import diff, open_version
from duologue.versions.extend import _config, extend

OLD = """I bake bread in a small shop.
I have two brown dogs.
I ride a red bicycle to work.
My sister lives in Norway.
I love old horror films.
I play chess on Sundays.
I grew up near the sea.
I am afraid of spiders.
I paint landscapes.
I never eat meat.
I drive a lorry at night.
I play the trumpet badly.
"""
NEW = """I sail a small boat.
I fear open water.
I collect sea glass.
I repair nets.
I study whales.
I paint lighthouses.
I sing shanties.
I eat mussels.
I carve driftwood.
I count seals.
I never eat meat.
"""
MORE = """I juggle knives.
I tune pianos.
I distrust doctors.
I wear two watches.
I won a goat.
I sleep under my desk.
I translate poems.
I burn every cake.
I dig tunnels.
"""
SMALL = {f"small_models.{name}": "scripted" for name in ("embedder", "nli", "toxicity")}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("extend")
    (folder / "old.txt").write_text(OLD)
    (folder / "new.txt").write_text(NEW)
    overrides = {
        "model.backend": "scripted",
        "model.name": "scripted",
        **SMALL,
        "seeds.path": str(folder / "old.txt"),
        "pairing.pairs": 5,
        "profiles.size": 3,
        "loop.iterations": 1,
        "expansion.enabled": False,
    }
    run(load_config(preset="quick", overrides=overrides), folder / "run")
    return folder


@pytest.fixture
def folder(first: Path, tmp_path: Path) -> Path:
    """A copy to extend."""
    shutil.copytree(first / "run", tmp_path / "run")
    shutil.copy(first / "new.txt", tmp_path / "new.txt")
    return tmp_path


def rows(run: Path, revision: int | None = None) -> list[dict[str, object]]:
    with RunReader(run, revision) as reader:
        return [row_of(c) for c in reader.conversations()]


def pairs(run: Path) -> Iterator[Pair]:
    with RunReader(run) as reader:
        for item in reader.items("pair", status="accepted"):
            yield item.record(Pair)


@pytest.mark.parametrize("meet", ["new", "any"])
def test_what_exists_stays_and_what_is_new_joins(folder: Path, meet: str) -> None:
    before = rows(folder / "run")
    done = extend(folder / "run", str(folder / "new.txt"), pairs=4, meet=meet)  # type: ignore[arg-type]
    after = rows(folder / "run")
    assert (done.base, done.version, done.known) == (1, 2, 1)
    assert after[:5] == before
    assert len(after) == 9
    assert rows(folder / "run", 1) == before
    assert [p.index for p in pairs(folder / "run")] == list(range(9))
    old = {u.id for p in list(pairs(folder / "run"))[:5] for u in (p.user_1, p.user_2)}
    met = [sum(u.id in old for u in (p.user_1, p.user_2)) for p in list(pairs(folder / "run"))[5:]]
    assert max(met) <= (1 if meet == "any" else 0)
    splits: dict[str, str] = {}
    for pair in pairs(folder / "run"):
        for user in (pair.user_1, pair.user_2):
            assert splits.setdefault(user.id, pair.split) == pair.split


def test_new_users_do_meet_those_who_are_there(folder: Path) -> None:
    extend(folder / "run", str(folder / "new.txt"), pairs=4, meet="any")
    old = {u.id for p in list(pairs(folder / "run"))[:5] for u in (p.user_1, p.user_2)}
    assert any(u.id in old for p in list(pairs(folder / "run"))[5:] for u in (p.user_1, p.user_2))


def test_nothing_is_generated_twice_and_the_same_again_changes_nothing(folder: Path) -> None:
    with RunReader(folder / "run") as reader:
        paid = sum(t.calls for t in reader.call_totals())
    extend(folder / "run", str(folder / "new.txt"), pairs=2)
    with RunReader(folder / "run") as reader:
        once = sum(t.calls for t in reader.call_totals())
    after = rows(folder / "run")
    again = extend(folder / "run", str(folder / "new.txt"), pairs=2)
    with RunReader(folder / "run") as reader:
        twice = sum(t.calls for t in reader.call_totals())
    assert (again.base, again.version) == (1, 2)
    assert rows(folder / "run") == after
    assert paid < once == twice


def test_a_version_can_be_extended_again(folder: Path) -> None:
    extend(folder / "run", str(folder / "new.txt"), pairs=2)
    (folder / "more.txt").write_text(MORE)
    done = extend(folder / "run", str(folder / "more.txt"), pairs=2)
    assert (done.base, done.version) == (2, 3)
    assert [len(rows(folder / "run", n)) for n in (1, 2, 3)] == [5, 7, 9]
    assert rows(folder / "run", 3)[:7] == rows(folder / "run", 2)


def test_lines_added_to_the_same_seeds_join_what_the_first_ones_made(folder: Path) -> None:
    extend(folder / "run", str(folder / "new.txt"), pairs=2)
    second = rows(folder / "run", 2)
    # Nothing but another number of conversations is no news.
    with pytest.raises(UsageError, match=r"holds no attribute that version 2 of .* lacks"):
        extend(folder / "run", str(folder / "new.txt"), pairs=3)
    (folder / "new.txt").write_text(NEW + MORE)
    for _ in range(2):
        done = extend(folder / "run", str(folder / "new.txt"), pairs=2)
        assert (done.base, done.version, done.known) == (2, 3, 11)
        assert len(rows(folder / "run")) == 9
        assert rows(folder / "run")[:7] == second


def test_an_extension_that_stopped_goes_on_from_its_base(folder: Path) -> None:
    from duologue.store.database import Database

    extend(folder / "run", str(folder / "new.txt"), pairs=2)
    after = rows(folder / "run")
    database = Database(folder / "run")
    database.post(("UPDATE revisions SET state = 'stopped' WHERE id = 2", ()))
    database.close()
    done = extend(folder / "run", str(folder / "new.txt"), pairs=2)
    assert (done.base, done.version) == (1, 2)
    assert rows(folder / "run") == after


def test_all_seeds_of_a_version_count_when_it_is_published(folder: Path) -> None:
    extend(folder / "run", str(folder / "new.txt"), pairs=2)
    (folder / "more.txt").write_text(MORE)
    extend(folder / "run", str(folder / "more.txt"), pairs=2)

    def checked(stated: str) -> tuple[tuple[str, str], ...]:
        with RunReader(folder / "run") as reader:
            return tuple((s.name, s.licence) for s in seeds_of(reader, stated))

    assert checked("") == (("old.txt", ""), ("new.txt", ""), ("more.txt", ""))
    mixed = "cc-by-4.0, old.txt=cc-by-sa-4.0,more.txt=none"
    assert checked(mixed) == (("old.txt", "cc-by-sa-4.0"), ("new.txt", "cc-by-4.0"), ("more.txt", "none"))
    with pytest.raises(UsageError, match=r"no seeds 'x\.txt'; there are: old\.txt, new\.txt, more\.txt"):
        checked("x.txt=none")
    with RunReader(folder / "run", 2) as reader:
        assert [s.name for s in seeds_of(reader)] == ["old.txt", "new.txt"]
    with pytest.raises(UsageError, match=r"the seeds old\.txt are CC BY-SA 4\.0"):
        publish(folder / "run", folder / "to", Options(seeds_licence=mixed))
    stated = Options(seeds_licence="cc-by-4.0,old.txt=cc-by-3.0")
    publish(folder / "run", folder / "to", stated)
    card = (folder / "to" / "README.md").read_text()
    assert "Seeds: old.txt; later new.txt; later more.txt." in card
    assert "| seeds: old.txt | CC BY 3.0 |" in card
    assert publish(folder / "run", folder / "to", stated).again


def test_the_difference_of_two_versions(folder: Path) -> None:
    extend(folder / "run", str(folder / "new.txt"), pairs=2)
    with open_version(f"{folder / 'run'}@1") as one, open_version(str(folder / "run")) as two:
        found = diff(one, two)
        nothing = diff(one, one)
        back = diff(two, one)
    changes = {c.what: c for c in found.changes}
    assert (changes["conversation"].added, changes["conversation"].kept) == (2, 5)
    assert (changes["user"].added, changes["user"].changed, changes["user"].removed) == (4, 0, 0)
    assert changes["attribute"].added > 0
    figures = {m.figure: (m.before, m.after) for m in found.figures}
    assert list(figures["conversations"]) == [5, 7]
    assert figures["distinct-2"][0] != figures["distinct-2"][1]
    assert all((c.added, c.removed, c.changed) == (0, 0, 0) for c in nothing.changes)
    assert next(c for c in back.changes if c.what == "conversation").removed == 2


def test_changed_conversations_are_told_from_new_ones(folder: Path) -> None:
    from duologue.store.database import Database

    shutil.copytree(folder / "run", folder / "other")
    database = Database(folder / "other")
    database.post(("UPDATE items SET data = replace(data, '?', '!') WHERE stage = 'conversation'", ()))
    database.close()
    with RunReader(folder / "run") as one, RunReader(folder / "other") as two:
        change = next(c for c in diff(one, two).changes if c.what == "conversation")
    assert (change.added, change.removed) == (0, 0)
    assert change.changed > 0


def test_seeds_without_news_are_refused(folder: Path, first: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no attribute that version 1 of .* lacks"):
        extend(folder / "run", str(first / "old.txt"))
    assert [p.name for p in folder.glob("run/config-*.yaml")] == []


def test_too_few_seeds_and_wrong_flags_are_one_line_and_change_nothing(folder: Path) -> None:
    (folder / "few.txt").write_text("I juggle.")
    with pytest.raises(ImpossibleRequest, match="a profile needs 3"):
        extend(folder / "run", str(folder / "few.txt"))
    with pytest.raises(ConfigError, match=r"pairing\.pairs"):
        extend(folder / "run", str(folder / "new.txt"), pairs=0)
    with RunReader(folder / "run") as reader:
        assert [r.id for r in reader.revisions()] == [1]


def made_with(run: Path) -> Mapping[str, Any]:
    with RunReader(run) as reader:
        return reader.revision().config


def test_every_override_holds(folder: Path) -> None:
    overrides = {
        "pairing.pairs": 2,
        "profiles.count": 4,
        "seeds.limit": 9,
        "seeds.format": "text",
        "generator.sampling.temperature": 0.5,
        "critic.judge.name": "scripted",
        "critic.judge.backend": "scripted",
        "executor": "local",
        "loop": {"regenerations": 2},
        "budget.max_tokens": None,
    }
    extend(folder / "run", str(folder / "new.txt"), overrides=overrides)
    config = made_with(folder / "run")
    for path, value in {**overrides, "loop": 2, "executor": "local"}.items():
        found: Any = config
        for name in {"loop": "loop.regenerations", "executor": "executor.kind"}.get(path, path).split("."):
            found = found[name]
        assert found == value, path
    # What they don't say is the version's.
    assert (config["loop"]["iterations"], config["profiles"]["size"]) == (1, 3)
    assert config["seeds"]["path"] == str(folder / "new.txt")
    assert len(rows(folder / "run")) == 7


def test_a_version_does_not_hand_on_its_seeds_nor_how_many_profiles_they_made(folder: Path, tmp_path: Path) -> None:
    extend(folder / "run", str(folder / "new.txt"), overrides={"seeds.limit": 9, "profiles.count": 4}, pairs=2)
    (folder / "more.txt").write_text(MORE)
    extend(folder / "run", str(folder / "more.txt"), pairs=2)
    config = made_with(folder / "run")
    assert config["seeds"] == {"path": str(folder / "more.txt"), "format": "auto", "limit": None}
    assert config["profiles"]["count"] is None


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"executor": "cloud"}, r"executor\.kind: given \"cloud\", expected one of local, ray"),
        ({"critic.judge.name": ""}, r"critic\.judge\.name"),
        ({"pairing.pears": 2}, r"pairing\.pears: unknown key; did you mean pairing\.pairs"),
        ({"pairing.pairs.most": 2}, r"pairing\.pairs: given"),
        ({"pairing": 2}, "pairing: given 2, expected a section"),
        (
            {"seeds.path": "other.txt"},
            r"seeds\.path: an extension takes its seeds from .*new\.txt; leave the override out",
        ),
        ({"pairing": {"pairs": 3}}, r"pairing\.pairs: 2 are asked for as pairs already; leave the override out"),
    ],
)
def test_an_override_that_can_not_be_is_one_line(folder: Path, overrides: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        extend(folder / "run", str(folder / "new.txt"), pairs=2, overrides=overrides)
    assert "\n" not in str(raised.value)
    with RunReader(folder / "run") as reader:
        assert [r.id for r in reader.revisions()] == [1]


def test_overrides_may_be_whatever_load_config_takes(folder: Path) -> None:
    with RunReader(folder / "run") as reader:
        base = read_base(reader)
    made = _config(base, "x", None, {"executor": "ray", "model.adapter": folder / "adapter", "seeds.limit": 3})
    assert (made.executor.kind, made.model.adapter) == ("ray", str(folder / "adapter"))
    assert (made.seeds, made.pairing.pairs) == (SeedsConfig(path="x", limit=3), 5)
    assert _config(base, "x", 2, {"splits.train": 0.9, "splits.test": 0.0}).splits.valid == 0.1


def test_versions_are_named_with_an_at(folder: Path) -> None:
    with pytest.raises(StoreError, match="it has no revision 7"):
        open_version(f"{folder / 'run'}@7")
    for number in ("x", "\u00b2", "\u0664", "9" * 30, ""):
        with pytest.raises(UsageError, match="write FOLDER, or FOLDER@N"):
            open_version(f"{folder / 'run'}@{number}")


def test_an_unfinished_version_is_not_extended(folder: Path) -> None:
    from duologue.store.database import Database

    database = Database(folder / "run")
    database.post(("UPDATE revisions SET state = 'stopped'", ()))
    database.close()
    with pytest.raises(UsageError, match="version 1 is stopped, not finished"):
        extend(folder / "run", str(folder / "new.txt"))

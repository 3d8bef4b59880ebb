from __future__ import annotations

import asyncio
import csv
import subprocess
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
import yaml

from duologue.config.load import load_config
from duologue.errors import DuologueError, ImpossibleRequest, StoreError, UsageError
from duologue.publish import Options, publish
from duologue.store.database import Database


def header(folder: Path) -> dict[str, object]:
    _, head, _ = (folder / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    found = yaml.safe_load(head)
    assert isinstance(found, dict)
    return found


def test_the_folder_holds_what_the_hub_needs(published: Path) -> None:
    names = {p.relative_to(published).as_posix() for p in published.rglob("*") if p.is_file()}
    assert names >= {
        "README.md",
        "SHA256SUMS",
        "croissant.json",
        "config.yaml",
        "figures.json",
        "data/train-00000-of-00001.parquet",
        "data/validation-00000-of-00001.parquet",
        "data/test-00000-of-00001.parquet",
        "chat/train.parquet",
        "spc/train.csv",
        "convai2/train.txt",
        "jsonl/train.jsonl",
    }
    assert header(published)["license"] == "cc-by-4.0"
    assert header(published)["pretty_name"] == "Owls"


def test_sha256sum_agrees(published: Path) -> None:
    done = subprocess.run(
        ["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=published, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_datasets_loads_the_splits_and_the_further_formats(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets.disable_progress_bars()
    loaded = datasets.load_dataset(str(published), cache_dir=str(tmp_path))
    assert {split: loaded[split].num_rows for split in loaded} == {"train": 6, "validation": 2, "test": 2}
    assert next(u["text"] for u in loaded["train"][0]["utterances"]) == "How are your owls 0?"
    chat = datasets.load_dataset(str(published), "chat", cache_dir=str(tmp_path))
    assert chat["train"].num_rows == 12
    users = {s: {u for row in loaded[s] for u in (row["user_1"]["id"], row["user_2"]["id"])} for s in loaded}
    assert not users["train"] & (users["validation"] | users["test"])


def test_croissant_is_valid_and_gives_the_records(published: Path) -> None:
    croissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")
    data = croissant.Dataset(jsonld=str(published / "croissant.json"))
    assert not data.metadata.ctx.issues.errors
    records = list(data.records("conversations"))
    assert len(records) == 10
    assert {r["conversations/split"] for r in records} == {b"train", b"valid", b"test"}


def test_the_same_again_writes_nothing_and_a_change_is_refused_unless_asked_for(run: Path, tmp_path: Path) -> None:
    to = tmp_path / "folder"
    first = publish(run, to, Options())
    assert (first.conversations, first.again) == (10, False)
    before = {p: p.stat().st_mtime_ns for p in to.rglob("*")}
    assert publish(run, to, Options()).again
    assert {p: p.stat().st_mtime_ns for p in to.rglob("*")} == before
    with pytest.raises(UsageError, match=r"holds a data set already.*--replace"):
        publish(run, to, Options(version="2.0.0"))
    assert not publish(run, to, Options(version="2.0.0", replace=True)).again
    assert orjson.loads((to / "croissant.json").read_bytes())["version"] == "2.0.0"


def test_what_is_not_ours_is_never_overwritten(run: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="was not made by duologue publish"):
        publish(run, foreign, Options(replace=True))
    ours = tmp_path / "ours"
    publish(run, ours, Options())
    (ours / "README.md").write_text("edited by hand")
    with pytest.raises(UsageError, match=r"README\.md was changed since"):
        publish(run, ours, Options(version="2.0.0", replace=True))
    assert (ours / "README.md").read_text() == "edited by hand"
    assert (foreign / "thesis.txt").read_text() == "years of work"


def test_a_damaged_folder_is_noticed(run: Path, tmp_path: Path) -> None:
    to = tmp_path / "folder"
    publish(run, to, Options())
    (to / "figures.json").write_text("{}")
    for options in (Options(), Options(replace=True), Options(version="2.0.0", replace=True)):
        with pytest.raises(DuologueError, match=r"figures\.json was changed since") as caught:
            publish(run, to, options)
        assert "with --replace" not in str(caught.value)
    assert (to / "figures.json").read_text() == "{}"


@pytest.mark.parametrize("name", ["figures.json", "README.md", "data/train-00000-of-00001.parquet"])
def test_a_folder_that_lost_a_file_is_written_anew(run: Path, tmp_path: Path, name: str) -> None:
    to = tmp_path / "folder"
    for version in ("1.0.0", "2.0.0"):
        publish(run, to, Options(version="1.0.0", replace=True))
        (to / name).unlink()
        if version == "1.0.0":
            with pytest.raises(StoreError, match=rf"{name} is missing; publish anew with --replace"):
                publish(run, to, Options())
        assert not publish(run, to, Options(version=version, replace=True)).again
        assert (to / name).is_file()
        assert publish(run, to, Options(version=version)).again
    (to / name).unlink()
    (to / "croissant.json").write_text("{}")
    with pytest.raises(UsageError, match=r"croissant\.json was changed since"):
        publish(run, to, Options(version="2.0.0", replace=True))


def test_the_working_folder_is_a_target_like_any_other(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "owls"
    to.mkdir()
    monkeypatch.chdir(to)
    for options in (Options(), Options(version="2.0.0", replace=True)):
        assert publish(run, Path(), options).conversations == 10
        # What follows, such as --push, finds it by the same name.
        assert Path("README.md").is_file()
        assert header(to)["pretty_name"] == "owls"
    assert list(tmp_path.iterdir()) == [to]


def test_the_published_configuration_loads(make_run: Callable[..., Path], tmp_path: Path) -> None:
    config = {
        "model.backend": "endpoint",
        "model.name": "m",
        "model.base_url": "http://gpu7/v1",
        "model.extra_body": '{"api-key": "abc", "max_tokens": 9}',
        "small_models.nli": "clients/acme/nli",
        "small_models.perspective.base_url": "http://gpu7",
    }
    for name, settings in (("plain", {}), ("own", config)):
        publish(make_run(tmp_path / name, 2, config=settings), tmp_path / f"{name}-to", Options())
        found = load_config(tmp_path / f"{name}-to" / "config.yaml")
        assert found.generator.candidates == 4
        assert found.small_models.perspective == load_config().small_models.perspective
    assert found.model.extra_body == '{"api-key": "[removed]", "max_tokens": 9}'
    assert found.small_models.nli == "nli"


def test_a_run_that_is_not_done_is_refused_unless_asked_for(make_run: Callable[..., Path], tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", 2, state="interrupted")
    with pytest.raises(UsageError, match=r"is interrupted, not finished.*--unfinished"):
        publish(run, tmp_path / "to", Options())
    assert not (tmp_path / "to").exists()
    assert publish(run, tmp_path / "to", Options(unfinished=True)).conversations == 2
    card = (tmp_path / "to" / "README.md").read_text()
    assert "| begun on, not finished |" in card
    assert "The run that made it was not finished." in card


def test_a_run_without_conversations_is_refused(make_run: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(ImpossibleRequest, match="no finished conversation"):
        publish(make_run(tmp_path / "run", 0), tmp_path / "to", Options())
    assert not (tmp_path / "to").exists()
    assert not list(tmp_path.glob(".to.*"))


@pytest.mark.parametrize(
    ("nli", "row"),
    [
        (
            "builtin",
            "| nli | duologue's own NLI cross-encoder | CC-BY-SA-4.0, comes with duologue | https://creativecommons.org/licenses/by-sa/4.0/ |",
        ),
        ("acme/builtin", "| nli | builtin | not known to duologue |  |"),
    ],
)
def test_the_card_names_the_licences_of_the_small_models(
    make_run: Callable[..., Path], tmp_path: Path, nli: str, row: str
) -> None:
    publish(make_run(tmp_path / "run", 2, config={"small_models.nli": nli}), tmp_path / "to", Options())
    assert row in (tmp_path / "to" / "README.md").read_text(encoding="utf-8")


def test_text_of_models_stays_text_in_the_card(make_run: Callable[..., Path], tmp_path: Path) -> None:
    said = "</details><script>alert(1)</script> ```` [x](javascript:alert(1)) "
    publish(make_run(tmp_path / "run", 2, said=said), tmp_path / "to", Options(name="A | B <i>"))
    card = (tmp_path / "to" / "README.md").read_text(encoding="utf-8")
    outside = "".join(part for i, part in enumerate(card.split("`````")) if i % 2 == 0)
    assert "<script>" in card
    assert "<script>" not in outside
    assert r"# A \| B \<i\>" in card


def test_csv_formulas_are_defused_unless_the_exact_text_is_asked_for(
    make_run: Callable[..., Path], tmp_path: Path
) -> None:
    run = make_run(tmp_path / "run", 5, persona="=1+1 ")
    publish(run, tmp_path / "safe", Options(also=("spc",)))
    publish(run, tmp_path / "exact", Options(also=("spc",), exact=True))
    for folder, sign in (("safe", "'=1+1 "), ("exact", "=1+1 ")):
        with (tmp_path / folder / "spc" / "train.csv").open(encoding="utf-8", newline="") as file:
            row = next(csv.DictReader(file))
        assert row["user 1 personas"].startswith(sign)
    with pytest.raises(UsageError, match="--exact: is for the format spc alone"):
        publish(run, tmp_path / "none", Options(exact=True))


def test_the_card_says_what_was_decided_by_hand(make_run: Callable[..., Path], tmp_path: Path) -> None:
    from duologue.review.database import ReviewDatabase
    from duologue.review.decisions import Decisions
    from duologue.store.hand import FILE_NAME
    from duologue.store.reading import RunReader

    run = make_run(tmp_path / "run", 5)
    publish(run, tmp_path / "before", Options())
    assert "by hand" not in (tmp_path / "before" / "README.md").read_text().partition("What a row holds")[0]
    with RunReader(run) as reader:
        made = list(reader.conversations())
    database = ReviewDatabase(run / FILE_NAME)
    decisions = Decisions(database)
    for conversation, action in zip(made, ("reject", "accept", "edit"), strict=False):
        said = [f"New {u}" for u in conversation.candidate.utterances]
        asyncio.run(
            decisions.record(conversation.id, conversation.candidate.utterances, action, "rosa", utterances=said)  # type: ignore[arg-type]
        )
    database.close()
    assert publish(run, tmp_path / "after", Options()).conversations == 4
    card = (tmp_path / "after" / "README.md").read_text()
    assert "| decided by hand | 1 accepted, 1 edited, 1 left out |" in card
    assert 'load_dataset("this/folder")' in card


def test_the_card_counts_what_people_chose_where_no_candidate_won(
    make_run: Callable[..., Path], tmp_path: Path
) -> None:
    from duologue.review.database import ReviewDatabase
    from duologue.review.decisions import Decisions
    from duologue.store.hand import FILE_NAME
    from duologue.store.reading import RunReader

    run = make_run(tmp_path / "run", 5)
    with RunReader(run) as reader:
        one, other, *_ = reader.conversations()
    database = Database(run)
    failed = "UPDATE items SET status = 'failed', data = NULL, position = NULL WHERE stage = 'conversation' AND item IN (?, ?)"
    database.post((failed, (one.candidate.pair.id, other.candidate.pair.id)))
    database.close()
    review = ReviewDatabase(run / FILE_NAME)
    asyncio.run(Decisions(review).record(one.id, (), "choose", "rosa", chosen=one))
    review.close()
    assert publish(run, tmp_path / "to", Options()).conversations == 4
    card = (tmp_path / "to" / "README.md").read_text()
    assert "| decided by hand | 1 chosen where the Critic chose none |" in card
    assert "1 of 5 pairs have no conversation" in card
    # Nothing says whether the Critic refused them or no model could be reached.
    assert "good enough" not in card


def test_secrets_and_places_stay_home(make_run: Callable[..., Path], tmp_path: Path) -> None:
    config = {"model.backend": "endpoint", "model.name": "m", "model.base_url": "http://gpu7.lab.example:8000/v1"}
    config["seeds.path"] = str(tmp_path / "private" / "seeds.txt")
    run = make_run(tmp_path / "run", 2, config=config, state="failed")
    database = Database(run)
    why = f"http://gpu7.lab.example:8000: can't be reached; see {tmp_path / 'private'}"
    database.post(("UPDATE revisions SET note = ?", (why,)))
    database.close()
    publish(run, tmp_path / "to", Options(seeds_licence="cc0-1.0", unfinished=True))
    for path in (tmp_path / "to").rglob("*"):
        if path.is_file():
            assert b"gpu7" not in path.read_bytes(), path
            assert b"private" not in path.read_bytes(), path
    assert "seeds.txt" in (tmp_path / "to" / "config.yaml").read_text()


@pytest.mark.parametrize("path", [None, "shipped:vivid"])
def test_shipped_seeds_are_known_as_ours(make_run: Callable[..., Path], tmp_path: Path, path: str | None) -> None:
    publish(make_run(tmp_path / "run", 2, config={"seeds.path": path}), tmp_path / "to", Options())
    card = (tmp_path / "to" / "README.md").read_text()
    assert "the seeds that ship with duologue" in card
    assert "Persona-Chat are mostly" not in card

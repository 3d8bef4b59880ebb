from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from duologue.config.load import load_config
from duologue.errors import UsageError
from duologue.publish import Options, publish
from duologue.publish.sources import Seeds, seeds_of
from duologue.store import revisions
from duologue.store.database import Database
from duologue.store.reading import RunReader
from duologue.versions.carry import carry_over


@pytest.fixture
def extended(make_run: Callable[..., Path], tmp_path: Path) -> Callable[..., Path]:
    """Makes a run on the first of the named seeds that was extended by the others."""

    def made(*paths: str) -> Path:
        run = make_run(tmp_path / "run", 2, config={"seeds.path": paths[0]})
        with RunReader(run) as reader:
            base = reader.revision()

        async def extend() -> None:
            before, database = base, Database(run)
            for number, path in enumerate(paths[1:]):
                config = load_config(overrides={"seeds.path": path}).model_dump(mode="json")
                after = await revisions.begin(database, f"{number:064}", config)
                await carry_over(database, before, after)
                await revisions.end(database, after, "finished")
                before = after
            database.close()

        asyncio.run(extend())
        return run

    return made


def licences(run: Path, stated: str = "") -> dict[str, str]:
    """The licence of each source by its name."""
    with RunReader(run) as reader:
        return {seeds.name: seeds.licence for seeds in seeds_of(reader, stated)}


def test_files_of_one_name_are_kept_apart(extended: Callable[..., Path], tmp_path: Path) -> None:
    run = extended("/old/personas.txt", "/new/personas.txt", "/new/Personas.txt", "/old/personas.txt")
    assert list(licences(run)) == ["personas.txt", "personas.txt (2)", "Personas.txt (3)"]
    found = licences(run, "cc-by-4.0,personas.txt (2)=cc-by-sa-4.0,personas.txt=none")
    assert list(found.values()) == ["none", "cc-by-sa-4.0", "cc-by-4.0"]
    with pytest.raises(UsageError, match=r"the seeds personas\.txt \(2\): their licence is not known"):
        publish(run, tmp_path / "to", Options(seeds_licence="personas.txt=cc0-1.0"))


def test_a_name_may_hold_a_comma(extended: Callable[..., Path]) -> None:
    run = extended("jobs, hobbies.txt", "hobbies.txt", "a=b.txt")
    stated = "none, Jobs, Hobbies.txt = cc-by-4.0,a=b.txt=cc0-1.0"
    assert licences(run, stated) == {"jobs, hobbies.txt": "cc-by-4.0", "hobbies.txt": "none", "a=b.txt": "cc0-1.0"}
    with pytest.raises(UsageError, match=r"no seeds 'x\.txt'; there are: jobs, hobbies\.txt, hobbies\.txt, a=b\.txt"):
        licences(run, "x.txt=cc0-1.0")


def test_the_card_names_the_terms_and_links_the_hub(extended: Callable[..., Path], tmp_path: Path) -> None:
    run = extended("hf:google/Synthetic-Persona-Chat", "hf:me/my_data:train", "mine.txt")
    publish(run, tmp_path / "to", Options(seeds_licence="odc-by"))
    card = (tmp_path / "to" / "README.md").read_text(encoding="utf-8")
    hub = "https://huggingface.co/datasets"
    by = "CC BY 4.0 | https://creativecommons.org/licenses/by/4.0/"
    odc = "ODC Attribution | https://opendatacommons.org/licenses/by/1-0/"
    assert f"| seeds: hf:google/Synthetic-Persona-Chat ({hub}/google/Synthetic-Persona-Chat) | {by} |" in card
    # Signs of Markdown would break the address.
    assert rf"| seeds: hf:me/my\_data:train ({hub}/me/my_data) | {odc} |" in card
    assert f"| seeds: mine.txt | {odc} |" in card


def test_a_folder_is_not_linked_as_if_it_lay_on_the_hub(
    extended: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "me" / "there").mkdir(parents=True)
    with RunReader(extended("hf:me/there", f"hf:{tmp_path}/acme/data")) as reader:
        assert seeds_of(reader) == (Seeds("hf:me/there", ""), Seeds("hf:data", ""))

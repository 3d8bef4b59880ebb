"""Tests of the commented YAML."""

from __future__ import annotations

from pathlib import Path

import pytest

from duologue.config.describe import fields, section_of
from duologue.config.load import load_config
from duologue.config.model_settings import with_model_settings
from duologue.config.presets import PRESETS
from duologue.config.template import template
from duologue.errors import ConfigError


@pytest.mark.parametrize("preset", [None, *PRESETS])
def test_template_loads_back_to_the_same_configuration(tmp_path: Path, preset: str | None) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(template(preset), encoding="utf-8")
    assert load_config(file) == load_config(preset=preset)


@pytest.mark.parametrize("preset", [None, *PRESETS])
def test_a_models_own_settings_hold_for_a_file_of_the_template(tmp_path: Path, preset: str | None) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(template(preset), encoding="utf-8")
    assert with_model_settings(load_config(file)) == with_model_settings(load_config(preset=preset))


def test_what_a_model_brings_is_commented_out_unless_the_preset_sets_it(tmp_path: Path) -> None:
    assert "  #plan: false  # duologue-135m: true\n" in template()
    assert "    #temperature: 0.7  # duologue-135m: 0.6\n" in template("quick")
    assert "    temperature: 0.7\n" in template("paper")
    file = tmp_path / "run.yaml"
    file.write_text(template().replace("#plan: false", "plan: false"), encoding="utf-8")
    assert not with_model_settings(load_config(file)).generator.plan


def test_every_field_is_there_with_its_description() -> None:
    text = template()
    joined = " ".join(line.strip(" #") for line in text.splitlines())
    for path, info in fields():
        if path.startswith("generator.sampling."):
            continue
        assert info.description, path
        name = path.rpartition(".")[2]
        assert any(line.strip(" #").startswith(f"{name}:") for line in text.splitlines()), path
        if section_of(info) is None:
            assert info.description in joined


def test_lines_are_short_and_ranges_are_said() -> None:
    text = template()
    assert max(map(len, text.splitlines())) <= 120
    assert "(a whole number of at least 1)" in text


def test_unknown_preset() -> None:
    with pytest.raises(ConfigError, match="there is no preset"):
        template("slow")

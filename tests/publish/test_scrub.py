from __future__ import annotations

import yaml
from hypothesis import given
from hypothesis import strategies as st

from duologue.publish.scrub import REMOVED, scrubbed, to_yaml

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet="abc xyz", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "name"]), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["one", "two"]), PLAIN, max_size=2))
def test_plain_values_come_through(config: dict[str, object]) -> None:
    assert scrubbed(config) == config
    assert yaml.safe_load(to_yaml(config)) == config


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789", min_size=12, max_size=40))
def test_keys_never_come_through(drawn: str) -> None:
    secret = f"{drawn}Zz9"  # No word of the file itself.
    config = {
        "model": {"api_key": secret, "extra": {"Authorization": f"Bearer {secret}"}},
        "note": f"use sk-{secret} here",
        "base_url": f"https://user:{secret}@host/v1",
    }
    text = to_yaml(config)
    assert secret not in text
    assert scrubbed(config)["model"]["api_key"] == REMOVED
    assert scrubbed(config)["base_url"] is None


def test_places_keep_their_last_part() -> None:
    found = scrubbed({"path": "/home/me/seeds.txt", "other": r"C:\Users\me\x.gguf", "hub": {"path": "hf:org/name"}})
    assert found == {"path": "seeds.txt", "other": "x.gguf", "hub": {"path": "hf:org/name"}}


def test_the_machines_that_did_the_work_are_nobody_elses_business() -> None:
    config = {"seed": 1, "executor": {"kind": "ray", "address": "10.0.0.7:6379", "endpoints": ["http://gpu-1:8000/v1"]}}
    assert scrubbed(config) == {"seed": 1}
    assert "10.0.0.7" not in to_yaml(config)

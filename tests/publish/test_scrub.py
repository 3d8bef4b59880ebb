from __future__ import annotations

import json

import pytest
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
    assert "base_url" not in scrubbed(config)


def test_places_keep_their_last_part() -> None:
    found = scrubbed({"path": "/home/me/seeds.txt", "other": r"C:\Users\me\x.gguf", "hub": {"path": "hf:org/name"}})
    assert found == {"path": "seeds.txt", "other": "x.gguf", "hub": {"path": "hf:org/name"}}


@pytest.mark.parametrize(
    ("section", "key", "value", "kept"),
    [
        ("small_models", "nli", "clients/acme/nli", "nli"),
        ("small_models", "nli", "builtin", "builtin"),
        ("model", "name", "private/acme/judge.gguf", "judge.gguf"),
        ("model", "name", "org/model", "org/model"),
        ("model", "adapter", "runs/acme/adapter/", "adapter"),
        ("model", "adapter", r"runs\acme\adapter", "adapter"),
        ("seeds", "path", r"C:\Users\me\seeds.txt", "seeds.txt"),
        ("seeds", "path", "acme/seeds.txt", "seeds.txt"),
        ("seeds", "path", "shipped:vivid", "shipped:vivid"),
        ("seeds", "path", "hf:org/name:train", "hf:org/name:train"),
        ("seeds", "path", "hf:/home/me/acme/name", "hf:name"),
        ("seeds", "path", r"hf:C:\Users\me\name", "hf:name"),
    ],
)
def test_relative_places_and_those_of_windows_too(section: str, key: str, value: str, kept: str) -> None:
    assert scrubbed({section: {key: value}}) == {section: {key: kept}}


def test_the_fields_of_an_endpoint_are_read() -> None:
    body = {
        "api_key": "topsecret",
        "x-api-key": "topsecret",
        "user": "rosa",
        "metadata": {"user_id": 77441, "at": "http://gpu7.lab/v1", "tell": "see http://gpu7.lab/x now"},
        "proxies": ["http://gpu7.lab", "none"],
        "lora_path": "clients/acme/lora",
        "max_tokens": 64,
        "reasoning_effort": "low",
    }
    config = {"model": {"extra_body": json.dumps(body)}, "critic": {"judge": {"extra_body": json.dumps(body)}}}
    found = scrubbed(config)
    assert found["critic"]["judge"] == found["model"]
    assert json.loads(found["model"]["extra_body"]) == {
        "api_key": REMOVED,
        "x-api-key": REMOVED,
        "user": REMOVED,
        "metadata": {"user_id": REMOVED, "tell": f"see {REMOVED} now"},
        "proxies": ["none"],
        "lora_path": "lora",
        "max_tokens": 64,
        "reasoning_effort": "low",
    }
    assert scrubbed({"model": {"extra_body": "token: x"}}) == {"model": {}}
    assert scrubbed({"model": {"extra_body": ""}}) == {"model": {"extra_body": ""}}


def test_the_machines_that_did_the_work_are_nobody_elses_business() -> None:
    config = {"seed": 1, "executor": {"kind": "ray", "address": "10.0.0.7:6379", "endpoints": ["http://gpu-1:8000/v1"]}}
    assert scrubbed(config) == {"seed": 1}
    assert "10.0.0.7" not in to_yaml(config)

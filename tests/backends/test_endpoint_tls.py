"""TLS certificates are verified, and nothing that a configuration or the environment says takes that back."""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
import subprocess
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from duologue.backends.endpoint import EndpointBackend
from duologue.backends.protocol import Message, Request
from duologue.config.load import load_config
from duologue.errors import CallError, ConfigError

KEY = "sk-planted-0123456789abcdef"
ASK = Request("p", "m", (Message("user", "hi"),))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost that its own key signed, and the key, in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl program to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@asynccontextmanager
async def server(certificate: Path, heard: list[bytes]) -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        heard.append(head)
        choice = {"message": {"content": "hello"}, "finish_reason": "stop"}
        body = json.dumps({"choices": [choice]}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "certificate.pem", certificate / "key.pem")
    found = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with found:
        yield f"https://localhost:{found.sockets[0].getsockname()[1]}/v1"


def answer(certificate: Path, heard: list[bytes]) -> str:
    async def run() -> str:
        async with server(certificate, heard) as address:
            backend = EndpointBackend(address, "m", "K", environ={"K": KEY})
            await backend.start()
            try:
                return (await backend.answer(ASK)).text
            finally:
                await backend.close()

    return asyncio.run(run())


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "localhost")
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "switch", [{}, {"PYTHONHTTPSVERIFY": "0"}, {"CURL_CA_BUNDLE": ""}, {"SSL_NO_VERIFY": "1"}], ids=str
)
def test_an_unknown_certificate_stops_the_run_and_the_key_is_not_sent(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, switch: dict[str, str]
) -> None:
    for name, value in switch.items():
        monkeypatch.setenv(name, value)
    heard: list[bytes] = []
    with pytest.raises(CallError, match="no secure connection") as caught:
        answer(certificate, heard)
    assert caught.value.kind == "stop"
    assert heard == []
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_a_certificate_that_the_owner_of_the_machine_trusts_is_good(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "certificate.pem"))
    # aiohttp makes its contexts when it is imported, so a process that begins with the variable is what counts.
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", ssl.create_default_context())
    heard: list[bytes] = []
    assert answer(certificate, heard) == "hello"
    assert f"Bearer {KEY}".encode() in heard[0]


@pytest.mark.parametrize("field", ["verify", "verify_tls", "insecure", "ssl", "trust_env"])
@pytest.mark.parametrize("section", ["model", "engine"])
def test_no_field_of_the_configuration_switches_it_off(tmp_path: Path, section: str, field: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(f"{section}: {{{field}: false}}\n")
    with pytest.raises(ConfigError, match=field):
        load_config(path)

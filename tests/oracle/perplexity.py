"""perplexity.py - ./run perplexity against transformers in float32

    RUN=./run python3 tests/oracle/perplexity.py [WORD]

For the models that ship with the clone and the texts of models/heldout, in windows of
several sizes and strides: transformers' own loss over labels, where -100 hides what is
not to be scored, as its documentation computes the perplexity of fixed-length models,
here with BOS in front of each window. The tokens that are counted must be the same,
the nats of a token within 1e-5 relative, the bytes those of the file. Then the same
without BOS (a copy of the model whose tokenizer adds none): the first token that
nothing stands before is not scored, and its bytes do not count.

With a WORD, only the models that have it in their name. A line beside each: the
perplexity, which is what a reader compares.
"""

import glob
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile

import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

TOLERANCE = 1e-5
WAYS = ((255, 255), (128, 128), (100, 37), (64, 64), (7, 7), (1, 1))
HERE = os.path.dirname(os.path.abspath(__file__))
SHIPPED = os.path.join(HERE, "..", "..", "models")
SOME = 300                  # tokens: what the dearest ways are asked about


@torch.no_grad()
def theirs(model, bos, ids, window, stride):
    """(tokens scored, their nats, which ones): the sliding window of the documentation."""
    nats, scored, before = 0.0, [], 0
    for begin in range(0, len(ids), stride):
        end = min(begin + window, len(ids))
        new = end - before
        inputs = bos + ids[begin:end]
        labels = [-100] * (len(inputs) - new) + inputs[len(inputs) - new:]
        labels[0] = -100                            # nothing stands before it
        count = sum(label != -100 for label in labels)
        if count:
            loss = model(torch.tensor([inputs]), labels=torch.tensor([labels])).loss
            nats += float(loss) * count
            scored += [i for i in range(before, end) if bos or i > begin]
        before = end
        if end == len(ids):
            break
    return len(scored), nats, scored


def ours(folder, path, window, stride):
    done = subprocess.run(
        [os.environ.get("RUN", "./run"), "perplexity", "--model", folder, "--file", path,
         "--window", str(window), "--stride", str(stride), "--kv", "f32", "--json"],
        capture_output=True)
    if done.returncode != 0:
        print(done.stderr.decode().strip())
        return done.returncode
    return json.loads(done.stdout)


def byte_count(tokenizer, ids):
    """Byte-level tokens spell each byte as one character."""
    return sum(len(tokenizer.id_to_token(i)) for i in ids)


def check(folder, model, tokenizer, path, window, stride, bos):
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    tokens, nats, scored = theirs(model, bos, ids, window, stride)
    got = ours(folder, path, window, stride)
    name = (f"{os.path.basename(folder)} {os.path.basename(path)} {window}/{stride}"
            f"{'' if bos else ' without BOS'}")
    if tokens == 0 or isinstance(got, int):
        print(f"{name}: exit {got}, {tokens} tokens to score")
        return tokens == 0 and got == 3
    count = byte_count(tokenizer, [ids[i] for i in scored])
    error = abs(got["nll"] / got["tokens"] / (nats / tokens) - 1)
    bits = nats / math.log(2) / count
    ok = (got["tokens"] == tokens and error <= TOLERANCE
          and abs(got["perplexity"] / math.exp(got["nll"] / tokens) - 1) < 1e-12
          and abs(got["bits_per_byte"] / bits - 1) <= TOLERANCE
          and (not bos or count == len(text.encode())))
    print(f"{'' if ok else 'WRONG: '}{name}: {got['tokens']} of {tokens} tokens, perplexity "
          f"{got['perplexity']:.4f}, transformers {math.exp(nats / tokens):.4f}; {error:.1e}; "
          f"{got['bits_per_byte']:.4f} bits per byte", flush=True)
    return ok


def check_model(folder, scratch):
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    bos = tokenizer.encode("").ids
    assert len(bos) == 1, "these models begin every text with one BOS"
    results, short = [], os.path.join(scratch, "short.txt")
    for path in sorted(glob.glob(os.path.join(SHIPPED, "heldout", "*.txt"))):
        results += [check(folder, model, tokenizer, path, *way, bos) for way in WAYS[:3]]
    with open(path, encoding="utf-8", newline="") as file, \
            open(short, "w", encoding="utf-8", newline="") as some:
        some.write(file.read()[:3 * SOME])
    results += [check(folder, model, tokenizer, short, *way, bos) for way in WAYS[3:]]
    results += [check(folder, model, tokenizer, short, 32, 1, bos)]

    bare = os.path.join(scratch, os.path.basename(folder))
    shutil.copytree(folder, bare)
    with open(os.path.join(bare, "tokenizer.json"), encoding="utf-8") as file:
        without = json.load(file)
    without["post_processor"] = None
    with open(os.path.join(bare, "tokenizer.json"), "w", encoding="utf-8") as file:
        json.dump(without, file)
    return results + [check(bare, model, tokenizer, short, *way, [])
                      for way in WAYS + ((256, 256), (16, 5))]


def main():
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    results = []
    for weights in sorted(glob.glob(os.path.join(SHIPPED, "*", "model.safetensors"))):
        folder = os.path.normpath(os.path.dirname(weights))
        if word in os.path.basename(folder):
            with tempfile.TemporaryDirectory() as scratch:
                results += check_model(folder, scratch)
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return not results or False in results


if __name__ == "__main__":
    sys.exit(main())

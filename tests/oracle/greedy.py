"""greedy.py - the same words as transformers, 200 tokens for each of eight prompts

    SMOLLM2=folder RUN=./run python3 tests/oracle/greedy.py

transformers (float32, CPU) continues every prompt greedily by 200 tokens, an end
token not stopping it. Then, with --kv f32:

1. `generate --temperature 0` must write the same ids, up to an end token or a tie;
2. `logits --all` over the prompt and transformers' 200 ids must prefer, at every
   position, the id that transformers took.

A tie is a place where transformers' two best logits are less than 1e-3 apart: two
exact programs may differ there. Ties are listed, and (2) goes on from
transformers' id. Also asked: the question of the README.
"""

import json
import os
import subprocess
import sys
import tempfile

import numpy
import torch
from transformers import AutoModelForCausalLM

TOKENS = 200
TIE = 1e-3
PROMPTS = [
    "Once upon a time there was a fox who",
    "The three laws of thermodynamics are",
    "def fibonacci(n):\n",
    "In 1969, the first people on the Moon",
    "Dear Sir or Madam,\n\nI am writing to",
    "Q: How many days are in a leap year?\nA:",
    "Le chat est sur",
    "1, 1, 2, 3, 5, 8, 13,",
]
QUESTION = "What is the capital of France? Explain in one sentence."
ANSWER = "The capital of France is Paris."


def run(*words):
    done = subprocess.run([os.environ.get("RUN", "./run"), *words], capture_output=True)
    if done.returncode != 0:
        raise SystemExit(f"{words[0]} exited {done.returncode}: {done.stderr.decode()}")
    return done.stdout


@torch.no_grad()
def reference(model, ids):
    """(the 200 ids, gap between the two best logits at each)."""
    new, gaps, past, x = [], [], None, torch.tensor([ids])
    for _ in range(TOKENS):
        out = model(input_ids=x, past_key_values=past, use_cache=True)
        past = out.past_key_values
        best = torch.topk(out.logits[0, -1], 2)
        new.append(int(best.indices[0]))
        gaps.append(float(best.values[0] - best.values[1]))
        x = torch.tensor([[new[-1]]])
    return new, gaps


def check(folder, model, prompt):
    """None when all is well, else what differs."""
    written = json.loads(run("generate", "--model", folder, "--prompt", prompt, "--json",
                             "--temperature", "0", "-n", str(TOKENS), "--kv", "f32"))
    ids = written["prompt_ids"]
    new, gaps = reference(model, ids)
    for i, (ours, theirs) in enumerate(zip(written["ids"], new)):
        if ours != theirs:
            if gaps[i] >= TIE:
                return f"generate: token {i} is {ours}, transformers' is {theirs}"
            break
    with tempfile.NamedTemporaryFile() as out:
        run("logits", "--model", folder, "--ids", ",".join(map(str, ids + new)), "--all",
            "--out", out.name, "--kv", "f32", "--json")
        logits = numpy.fromfile(out.name, dtype="<f4").reshape(len(ids) + TOKENS, -1)
    for i, theirs in enumerate(new):
        ours = int(logits[len(ids) - 1 + i].argmax())
        if ours != theirs and gaps[i] >= TIE:
            return f"logits: token {i} is {ours}, transformers' is {theirs}"
        if gaps[i] < TIE:
            print(f"  tie at token {i} of {prompt!r}: gap {gaps[i]:.2e}, "
                  f"{'the same' if ours == theirs else 'another'} choice")
    return None


def main():
    folder = os.environ.get("SMOLLM2")
    if not folder:
        print("SMOLLM2 names no folder (tests/real_model.sh makes one)")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    torch.set_num_threads(2)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model.eval()
    passed = failed = 0
    for prompt in PROMPTS:
        trouble = check(folder, model, prompt)
        print(f"{prompt!r}: {trouble or 'the same 200 tokens'}")
        passed, failed = passed + (trouble is None), failed + (trouble is not None)
    answer = run("generate", "--chat", "--model", folder, "--prompt", QUESTION,
                 "--temperature", "0").decode().strip()
    print(f"{QUESTION!r}: {answer!r}")
    passed, failed = passed + (answer == ANSWER), failed + (answer != ANSWER)
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())

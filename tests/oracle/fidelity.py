"""fidelity.py - every position's logits against transformers in float32

    RUN=./run python3 tests/oracle/fidelity.py [WORD]

makes the models of make_models.py in a scratch folder, three times with other
numbers, takes the models that ship with the clone beside them, and feeds contexts
of 1, 2, 17 and 300 random ids (fewer where the model's context ends) to both
programs: `logits --all --kv f32` here, transformers with the same file widened to
float32 there. The largest difference of any logit at any position must be at most
1e-5 of the largest |logit|.

Then what must not run: the models of REFUSED end with exit status 3 and a message
that names the reason. And the loss of the shipped models over the texts of
models/heldout, in windows of 255 ids behind BOS: theirs from transformers' logits,
ours from the engine's, added up alike; within 1e-4 nats per token. And what the
table of tests/decode/test_same_bits.c calls transformers' judgement.

With a WORD, only the models that have it in their name.

float32 sums of transformers are its own rounding, and its rope frequencies are float32
powers, whose last bits are the processor's and the library's; position 300 multiplies
them. So a model that misses the tolerance is judged again by the same model in
float64, its frequencies computed from the published formula and rounded once. That
judge counts: it is nearer to the truth than float32, and the tolerance is the same.
"""

import collections
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

import numpy
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

import make_models

CONTEXTS = (1, 2, 17, 300)
TOLERANCE = 1e-5
LOSS_TOLERANCE = 1e-4
SEEDS = 3
WINDOW = 255
TABLE = "test_same_bits.c"
HERE = os.path.dirname(os.path.abspath(__file__))
SHIPPED = os.path.join(HERE, "..", "..", "models")


def run_logits(folder, ids, *options):
    return subprocess.run(
        [os.environ.get("RUN", "./run"), "logits", "--model", folder,
         "--ids", ",".join(map(str, ids)), *options], capture_output=True)


def ours(folder, ids, scratch):
    """[T, V], or None with the program's complaint printed."""
    out = os.path.join(scratch, "logits.f32")
    done = run_logits(folder, ids, "--all", "--kv", "f32", "--out", out)
    if done.returncode != 0:
        print(done.stderr.decode().strip())
        return None
    return numpy.fromfile(out, dtype="<f4").reshape(len(ids), -1)


@torch.no_grad()
def theirs(model, ids):
    return model(torch.tensor([ids])).logits[0].numpy()


def load(folder):
    return AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager").eval()


def frequencies(config):
    """theta^(-2i/d), i < d/2, and what llama3's rule makes of them, in float64: what
    turns less than low_freq_factor times within the old context is slowed by factor,
    what turns more than high_freq_factor times is left, and between the two the rule
    goes from one to the other. Source: the Llama 3.1 release, apply_scaling."""
    rope = config.rope_parameters
    heads = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    d = int(heads * rope.get("partial_rotary_factor", 1.0))
    f = float(rope["rope_theta"]) ** (-numpy.arange(0, d, 2, dtype=numpy.float64) / d)
    if rope["rope_type"] != "llama3":
        return f
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    turns = rope["original_max_position_embeddings"] * f / (2 * numpy.pi)
    share = numpy.clip((turns - low) / (high - low), 0, 1)
    return (1 - share) * f / rope["factor"] + share * f


def rounded_once(model):
    """The same model, its rope frequencies rounded once from float64."""
    for module in model.modules():
        if hasattr(module, "inv_freq"):
            exact = torch.tensor(frequencies(model.config)).to(torch.float32)
            assert (exact - module.inv_freq).abs().max() <= 1e-6, "not these frequencies"
            module.inv_freq = exact
    return model


def difference(got, want):
    return float(numpy.abs(got - want).max() / numpy.abs(want).max())


def second_judge(folder, ids, got, want):
    """Our distance from the sums in float64 (transformers keeps softmax and the turning
    in float32 there)."""
    exact = theirs(rounded_once(load(folder)).double(), ids)
    print(f"    from float64: ours {difference(got, exact):.1e}, "
          f"transformers {difference(want, exact):.1e}")
    return difference(got, exact)


def error_of(folder, model, n, scratch):
    """The largest error of the logits of n random ids; infinite: no answer."""
    n = min(n, model.config.max_position_embeddings)
    ids = numpy.random.default_rng(n).integers(0, model.config.vocab_size, n).tolist()
    want, got = theirs(model, ids), ours(folder, ids, scratch)
    if got is None or got.shape != want.shape:
        print(f"    {n} tokens: got {None if got is None else got.shape}, not {want.shape}")
        return numpy.inf
    error = difference(got, want)
    if not error <= TOLERANCE:
        print(f"    {n} tokens: {error:.1e} from transformers in float32")
        error = second_judge(folder, ids, got, want)
    return error


def check_logits(folder, scratch):
    """(architecture, [error of each context])."""
    model = load(folder)
    errors = [error_of(folder, model, n, scratch) for n in CONTEXTS]
    name = os.path.basename(os.path.normpath(folder))
    print(f"{name}: largest errors {' '.join(f'{e:.1e}' for e in errors)}", flush=True)
    return type(model).__name__, errors


def check_refused(folder, word):
    done = run_logits(folder, [1])
    told = done.stderr.decode().strip()
    ok = done.returncode == 3 and word in told
    print(f"{'refused' if ok else 'NOT REFUSED'}, exit {done.returncode}: {told}")
    return ok


def losses(logits_of, text_ids):
    """Nats of every id of the texts, by windows: [number of ids]."""
    nats = []
    for ids in text_ids:
        for at in range(0, len(ids), WINDOW):
            window = ids[at:at + WINDOW]
            x = logits_of([0] + window)[:-1].astype(numpy.float64)
            x -= x.max(axis=1, keepdims=True)
            nats += (numpy.log(numpy.exp(x).sum(axis=1)) - x[range(len(window)), window]).tolist()
    return numpy.array(nats)


def check_loss(folder, scratch):
    """BOS is 0 in all of them; the texts get none from the tokenizer."""
    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    texts = []
    for path in sorted(glob.glob(os.path.join(SHIPPED, "heldout", "*.txt"))):
        with open(path, encoding="utf-8") as file:
            texts.append(tokenizer.encode(file.read(), add_special_tokens=False).ids)
    model = load(folder)
    want = losses(lambda ids: theirs(model, ids), texts)
    got = losses(lambda ids: ours(folder, ids, scratch), texts)
    print(f"{os.path.basename(folder)}: {len(want)} held-out ids, {got.mean():.5f} nats each, "
          f"transformers {want.mean():.5f}; largest difference of one {abs(got - want).max():.1e}")
    return len(want) > 1000 and abs(got.mean() - want.mean()) <= LOSS_TOLERANCE


@torch.no_grad()
def check_table(folder, source):
    """The best four and 30 greedy tokens behind BOS and the prompt, as source has them."""
    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    model = load(folder)
    ids = [0] + tokenizer.encode("Once upon a time", add_special_tokens=False).ids
    best, begin = torch.topk(torch.tensor(theirs(model, ids)[-1]), 4), len(ids)
    for _ in range(30):
        ids.append(int(theirs(model, ids)[-1].argmax()))
    row = re.search(r'{ "%s",(.*?)UINT64' % os.path.basename(folder), source, re.S)[1]
    table = re.findall(r"{ (\d+), ([\d.]+) }", row)
    text = json.loads('"' + "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', row)) + '"')
    ok = (text == tokenizer.decode(ids[begin:]) and len(table) == 4
          and [int(i) for i, _ in table] == best.indices.tolist()
          and all(abs(float(x) - y) < 2e-5 for (_, x), y in zip(table, best.values.tolist())))
    print(f"{os.path.basename(folder)}: {TABLE} {'is right' if ok else 'IS WRONG'}")
    return ok


def main():
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    shipped = [os.path.dirname(path) for path in
               sorted(glob.glob(os.path.join(SHIPPED, "*", "model.safetensors")))]
    shipped = [folder for folder in shipped if word in os.path.basename(folder)]
    with open(os.path.join(HERE, "..", "decode", TABLE), encoding="utf-8") as file:
        source = file.read()
    results, worst = [], collections.defaultdict(float)
    for seed in range(SEEDS):
        with tempfile.TemporaryDirectory() as scratch:
            make_models.make_all(scratch, seed)
            folders = [os.path.join(scratch, name) for name in make_models.CASES if word in name]
            for folder in folders + (shipped if seed == 0 else []):
                family, errors = check_logits(folder, scratch)
                worst[family] = max(worst[family], *errors)
                results += [error <= TOLERANCE for error in errors]
            if seed == 0:
                results += [check_refused(os.path.join(scratch, name), reason)
                            for name, (reason, _) in make_models.REFUSED.items() if word in name]
                results += [check_loss(folder, scratch) for folder in shipped]
                results += [check_table(folder, source) for folder in shipped]
    for family, error in worst.items():
        print(f"{family}: largest error {error:.1e} of the largest logit")
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return not results or False in results


if __name__ == "__main__":
    sys.exit(main())

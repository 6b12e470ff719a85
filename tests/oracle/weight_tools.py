"""weight_tools.py - what synthesize makes and inspect says, computed again by numpy

    synthesize ──► folder ──┬── every number again, from the seed and the name
                            ├── safetensors, one file and shards: the same tensors
                            ├── transformers: nothing missing, nothing left over
                            └── tokenizers: any text there and back
    random tensors ──► safetensors ──► inspect --json  ==  numpy

    python3 tests/oracle/weight_tools.py

Environment: RUN, the program ./run; the tools lie beside it in weights-tools/.
"""

import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
from statistics import NormalDist

import numpy
import safetensors.torch
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, GPTNeoXConfig, LlamaConfig, StableLmConfig
from transformers.utils import logging

logging.disable_progress_bar()

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RUN = pathlib.Path(os.environ.get("RUN", ROOT / "build" / "run"))
counts = {"passed": 0, "failed": 0}


def check(what, fine, detail=""):
    counts["passed" if fine else "failed"] += 1
    if not fine:
        print(f"FAILED: {what}: {detail}")


def tool(name, *arguments):
    return subprocess.run([RUN.parent / "weights-tools" / name, *map(str, arguments)],
                          capture_output=True, text=True)


# --- the numbers, from the paper and the essays alone

def philox(counter, key):
    """Philox4x32-10 for arrays of counters: Salmon and others, 2011, section 5."""
    c = [x.astype(numpy.uint64) for x in counter]
    k = [int(x) for x in key]
    low = numpy.uint64(0xFFFFFFFF)
    for _ in range(10):
        left, right = c[0] * numpy.uint64(0xD2511F53), c[2] * numpy.uint64(0xCD9E8D57)
        c = [(right >> numpy.uint64(32)) ^ c[1] ^ numpy.uint64(k[0]), right & low,
             (left >> numpy.uint64(32)) ^ c[3] ^ numpy.uint64(k[1]), left & low]
        k = [(k[0] + 0x9E3779B9) % 2**32, (k[1] + 0xBB67AE85) % 2**32]
    return c


def fnv(name):
    h = 14695981039346656037
    for byte in name.encode():
        h = (h ^ byte) * 1099511628211 % 2**64
    return h


EDGES = numpy.array([NormalDist().inv_cdf(0.5 + k / 8192) for k in range(4096)] + [4.5])


def normal(seed, name, n):
    stream, b = fnv(name), numpy.arange((n + 3) // 4, dtype=numpy.uint64)
    full = lambda value: numpy.full(b.shape, value, numpy.uint64)
    x = philox([b & numpy.uint64(2**32 - 1), b >> numpy.uint64(32), full(seed >> 32),
                full(stream >> 32)], [seed % 2**32, stream % 2**32])
    x = numpy.stack(x, axis=1).reshape(-1)[:n].astype(numpy.int64)
    k, place = x >> 19 & 4095, (x & 0x7FFFF) / 2**19
    g = EDGES[k] + place * (EDGES[k + 1] - EDGES[k])
    return numpy.where(x >> 31, -g, g)


def weights(seed, name, shape):
    g = normal(seed, name, int(numpy.prod(shape)))
    if len(shape) > 1:
        g = g / shape[-1] ** 0.5
    elif name.endswith(".bias"):
        g = g / 10
    else:
        g = 1 + g / 5
    return g.reshape(shape)



# --- synthesize

SMALL = dict(vocab_size=600, hidden_size=96, intermediate_size=160, num_hidden_layers=3,
             num_attention_heads=6, max_position_embeddings=128, bos_token_id=1, eos_token_id=2)
CONFIGS = {
    "llama": LlamaConfig(num_key_value_heads=2, tie_word_embeddings=True, **SMALL),
    "llama-biases": LlamaConfig(num_key_value_heads=6, attention_bias=True, mlp_bias=True,
                                tie_word_embeddings=False, **SMALL),
    "stablelm": StableLmConfig(num_key_value_heads=3, use_qkv_bias=True, **SMALL),
    "neox": GPTNeoXConfig(rotary_pct=0.25, **SMALL),
    "neox-deep": GPTNeoXConfig(rotary_pct=0.25, **{**SMALL, "num_hidden_layers": 22}),
    "llama-deep": LlamaConfig(num_key_value_heads=2, **{**SMALL, "num_hidden_layers": 22}),
}
DTYPES = {"F32": (torch.float32, 0.0), "F16": (torch.float16, 2.0**-10),
          "BF16": (torch.bfloat16, 2.0**-7)}


def size_of(name, shape):
    return shape[-1] ** -0.5 if len(shape) > 1 else 0.1 if name.endswith(".bias") else 0.2


def numbers(what, tensors, dtype, seed):
    """Every number. Our slices end where erf, rounded to float32, passes k / 4096: that
    is off by half a last place over the curve's height, 1e-4 in the last of them."""
    want_dtype, rounding = DTYPES[dtype]
    for name, tensor in tensors.items():
        want = weights(seed, name, tuple(tensor.shape))
        got = tensor.to(torch.float64).numpy()
        size = size_of(name, tensor.shape)
        middle = 1.0 if tensor.dim() == 1 and not name.endswith(".bias") else 0.0
        g = numpy.minimum(abs(want - middle) / size, 3.67)
        slack = size * (3e-7 + 1e-7 * numpy.exp(g * g / 2)) + abs(want) * (rounding + 2e-7) \
            + (2.0**-25 if dtype == "F16" else 0)
        check(f"{what}: {name}", tensor.dtype == want_dtype and (abs(got - want) <= slack).all(),
              abs(got - want).max())


def load(folder):
    tensors = {}
    for file in sorted(pathlib.Path(folder).glob("*.safetensors")):
        tensors.update(safetensors.torch.load_file(file))
    return tensors


def transformers_takes(what, folder):
    """Nothing missing or left over; sizes stay steady through all layers."""
    model, info = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32,
                                                       output_loading_info=True)
    left = {k: v for k, v in info.items() if v}
    check(f"{what}: transformers loads it", not left, left)
    ids = torch.arange(64).reshape(1, -1) * 9 % 600
    with torch.no_grad():
        out = model.eval()(ids, output_hidden_states=True)
    sizes = [h.pow(2).mean().sqrt().item() for h in out.hidden_states[:-1]]
    logits = out.logits.std().item()
    check(f"{what}: steady sizes", max(sizes) < 12 and 0.5 < logits < 2
          and out.logits.isfinite().all(), (sizes, logits))
    print(f"{what}: rows of size {sizes[0]:.2f} … {sizes[-1]:.2f}, logits of size {logits:.2f}")


def tokenizers_takes(what, folder, r):
    theirs = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    check(f"{what}: a vocabulary of 600", theirs.get_vocab_size() == 600)
    for _ in range(40):
        text = "".join(chr(r.choice((r.randrange(32, 127), r.randrange(160, 0x2000), 0x1F600, 10)))
                       for _ in range(r.randrange(1, 30)))
        ids = theirs.encode(text).ids
        check(f"{what}: {text!r}", theirs.decode(ids) == text)
        ours = subprocess.run([RUN, "tokenize", "--model", folder, "--text", text],
                              capture_output=True, text=True).stdout.split()
        check(f"{what}: our ids of {text!r}", list(map(int, ours)) == ids, (ours, ids))
    fillers = [*range(258, 600), 1, 2, 0]
    check(f"{what}: every id is a text", theirs.decode(fillers)
          == "".join(f" {i}" for i in fillers[:-3]) + "\0", repr(theirs.decode(fillers)[-40:]))


def synthesized(folder, r):
    for number, (name, config) in enumerate(CONFIGS.items()):
        dtype, seed = list(DTYPES)[number % 3], (number + 1) * 1234567890123
        source, one, many = (os.path.join(folder, f"{name}-{kind}")
                             for kind in ("config", "one", "many"))
        config.architectures = [AutoModelForCausalLM._model_mapping[type(config)].__name__]
        config.save_pretrained(source)
        for to, more in ((one, ()), (many, ("--shard-size", 0.1))):
            done = tool("synthesize", source, to, "--dtype", dtype, "--seed", seed, *more)
            check(f"{name}: made", done.returncode == 0, done.stderr)
        tensors, shards = load(one), load(many)
        files = len(list(pathlib.Path(many).glob("*.safetensors")))
        check(f"{name}: {files} shards hold the same", files > 2 and tensors.keys() == shards.keys()
              and all(torch.equal(t, shards[n]) for n, t in tensors.items()))
        numbers(name, tensors, dtype, seed)
        transformers_takes(name, many)
    tokenizers_takes(name, one, r)


# --- inspect

def tensors_to_look_at(g):
    """Random ones of every format, and one of each thing that is unusual."""
    normal = lambda *shape: torch.randn(shape, generator=g)
    tensors = {f"normal.{d}": normal(123, 457).to(d) for d in (
        torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.float8_e4m3fn,
        torch.float8_e5m2)}
    for d in (torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8):
        low, high = (0, 200) if d == torch.uint8 else (-100, 100)
        tensors[f"whole.{d}"] = torch.randint(low, high, (70, 1300), generator=g).to(d)
    tensors["whole.torch.bool"] = torch.rand((50, 60), generator=g) < 0.3
    tensors["far"] = 1000 + normal(90000)
    tensors["heavy"] = normal(300, 300) ** 5
    broken = normal(200, 300)
    broken[17, 5], broken[17, 6], broken[40, 0] = float("nan"), float("inf"), -float("inf")
    tensors["broken"] = broken
    tensors["nothing but nan"] = torch.full((3, 4), float("nan"))
    lines = normal(500, 64).to(torch.bfloat16)
    lines[[3, 77]] = 0
    lines[77] *= -1
    lines[[90, 400, 499]] = lines[20].clone()
    lines[:, 9] *= 16
    lines[:, 11] = 0
    tensors["lines"] = lines
    tensors["small"] = (normal(100, 100) * 1e-5).to(torch.float16)
    tensors["same"] = torch.full((20, 30), 0.75)
    tensors["one"] = torch.tensor(-3.5)
    tensors["none"] = torch.empty(0, 8)
    tensors["deep"] = normal(3, 4, 5, 16)
    return tensors


NORMAL = {torch.float16: 2.0**-14, torch.bfloat16: 2.0**-126, torch.float32: 2.0**-126,
          torch.float64: 2.0**-1022, torch.float8_e4m3fn: 2.0**-6, torch.float8_e5m2: 2.0**-14}


def close(got, want, slack):
    return abs(got - want) <= slack


def looked_at(what, tensor, got):
    x = tensor.to(torch.float64).numpy().reshape(-1)
    f = x[numpy.isfinite(x)]
    odd = numpy.flatnonzero(~numpy.isfinite(x))
    counted = {"numbers": x.size, "finite": f.size, "nan": numpy.isnan(x).sum(),
               "infinite": numpy.isinf(x).sum(), "zeros": (x == 0).sum(),
               "subnormal": ((f != 0) & (abs(f) < NORMAL.get(tensor.dtype, 0))).sum()}
    if odd.size:
        counted["first_not_finite"] = odd[0]
    for key, value in counted.items():
        check(f"{what}: {key}", got[key] == value, (got[key], value))
    if not f.size:
        return
    mean, std = f.mean(), f.std()
    size = abs(f).max()
    check(f"{what}: extremes", (got["min"], got["max"]) == (f.min(), f.max()))
    check(f"{what}: mean", close(got["mean"], mean, 1e-13 * size), (got["mean"], mean))
    check(f"{what}: std", close(got["std"], std, 1e-12 * size), (got["std"], std))
    h = got["histogram"]
    check(f"{what}: span", close(h["low"], max(f.min(), mean - 4 * std), 1e-11 * size)
          and close(h["high"], min(f.max(), mean + 4 * std), 1e-11 * size))
    low, high = h["low"], h["high"]     # theirs, so that no number changes its bin
    inside = f[(f >= low) & (f <= high)]
    want = numpy.histogram(inside, 16, (low, high))[0] if high > low else [f.size] + 15 * [0]
    edge = (inside - low) * (16 / (high - low)) if high > low else inside
    near = int((abs(edge - numpy.round(edge)) < 1e-9).sum())    # on an edge: either bin
    check(f"{what}: histogram", abs(numpy.array(h["counts"]) - want).sum()
          <= (2 * near if numpy.issubdtype(type(f[0]), numpy.floating) and high > low else 0)
          and sum(h["counts"]) == inside.size, (h["counts"], want))
    check(f"{what}: beyond", (h["below"], h["above"]) == ((f < low).sum(), (f > high).sum()))
    check(f"{what}: outliers", got["outliers"] == (abs(f - mean) > 8 * std).sum())
    if std > 0:
        far = abs(x[got["furthest"]] - mean)
        check(f"{what}: furthest", close(far, abs(f - mean).max(), 1e-12 * size)
              and x[got["furthest"]] == got["furthest_value"])


def matrix(what, tensor, got):
    x = tensor.to(torch.float64).numpy()
    x = x.reshape(-1, x.shape[-1])
    raw = [bytes(row.view(torch.uint8).tolist()) for row in tensor.reshape(x.shape).contiguous()]
    dead = numpy.flatnonzero((x == 0).all(axis=1))
    twins = [i for i, row in enumerate(raw) if i not in dead and row in raw[:i]]
    square = numpy.where(numpy.isfinite(x), x, 0) ** 2
    rms = numpy.sqrt(square.sum(axis=0))
    median = numpy.sort(rms)[len(rms) // 2]
    want = {"rows": x.shape[0], "columns": x.shape[1], "dead_rows": dead.size,
            "equal_rows": len(twins), "dead_columns": int((square.sum(axis=0) == 0).sum()),
            "loud_columns": int((rms > 4 * median).sum()), "loudest_column": int(rms.argmax())}
    if dead.size:
        want["first_dead_row"] = dead[0]
    if twins:
        want["first_equal_row"], want["equal_to"] = twins[0], raw.index(raw[twins[0]])
    for key, value in want.items():
        check(f"{what}: {key}", got[key] == value, (got[key], value))
    check(f"{what}: how loud", close(got["loudest_by_median"], rms.max() / median, 1e-9))


def inspected(folder):
    tensors = tensors_to_look_at(torch.Generator().manual_seed(7))
    path = os.path.join(folder, "look.safetensors")
    safetensors.torch.save_file(tensors, path)
    done = tool("inspect", path, "--json")
    check("inspect", done.returncode == 0, done.stderr)
    listing = json.loads(done.stdout)
    check("names", {t["name"] for t in listing["tensors"]} == tensors.keys())
    for got in listing["tensors"]:
        tensor = tensors[got["name"]]
        check(f"{got['name']}: shape", got["shape"] == list(tensor.shape))
        looked_at(got["name"], tensor, got)
        rows = tensor.numel() // tensor.shape[-1] if tensor.dim() > 1 else 0
        check(f"{got['name']}: a matrix", ("matrix" in got)
              == (rows >= 8 and tensor.shape[-1] >= 8))
        if "matrix" in got:
            matrix(got["name"], tensor, got["matrix"])
    plain = tool("inspect", path)
    check("what is unusual", all(words in plain.stdout for words in (
        "broken: 1 NaN and 2 infinite, the first at [17, 5]", "same: one value throughout: 0.75",
        "lines: 2 of 500 rows hold nothing but zeros, the first is row 3",
        "lines: 3 rows are the same as an earlier one: row 90 is row 20 again",
        "lines: 1 loud column, the loudest is column 9", "heavy: ")), plain.stdout)


def main():
    with tempfile.TemporaryDirectory() as folder:
        inspected(folder)
        synthesized(folder, random.Random(1))
    print(f"{counts['passed']} passed, {counts['failed']} failed")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())

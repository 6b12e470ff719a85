"""convert.py - there and back: folders become GGUF files, and our tool brings them back

    transformers ──► folder ──► GGUF (gguf package, below) ──► convert ──► folder'
                       │                     │                                │
                       └── the same tensors, ┴─ gguf.dequantize, and the ─────┘
                           config, logits       tokens of the same texts?

    RUN=build/run python3 tests/oracle/convert.py [WORD]

1. Models: the tiny random ones of make_models.py. In F32, F16 and BF16 every tensor must
   come back bit for bit, and transformers must compute the same bits from both folders.
   In Q8_0, Q4_0 and Q4_1 every tensor must be what the gguf package dequantizes, rows
   put back by numpy here; and in F16 and BF16 what numpy and torch round that to.
2. Tokenizers: for every tokenizer.json in $BILLION_DATA/models, and TinyLlama's as the
   published vocabulary file of llama.cpp has it, the `tokenizers` package must find the
   same tokens in TEXTS (2000) random texts with the original and with ours; TinyLlama's
   merges, made of scores, must be the published list.
3. SmolLM2: $SMOLLM2_GGUF was converted to $SMOLLM2. Every tensor, as in 1.
4. What must be refused, with words that say what.

The GGUF files are written as llama.cpp's converter does: names, keys, q and k of Llama
in pairs, NeoX's q, k and v apart. The tool is looked for beside RUN.
"""

import glob
import json
import math
import os
import subprocess
import sys
import tempfile

import gguf
import numpy
import torch
from gguf import GGMLQuantizationType as Type
from safetensors import safe_open
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.utils import logging

import make_models
import tokenizers_random

logging.set_verbosity_error()
logging.disable_progress_bar()
TOOL = os.path.join(os.path.dirname(os.environ.get("RUN", "build/run")), "weights-tools", "convert")
DATA = os.environ.get("BILLION_DATA")
TEXTS = int(os.environ.get("TEXTS", "2000"))
NORMAL, UNKNOWN, CONTROL, USER, UNUSED = 1, 2, 3, 4, 5
FAMILY = {"llama": "llama", "stablelm": "stablelm", "gpt_neox": "gptneox"}
LAYER = {
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down", "attention.query_key_value": "attn_qkv",
    "attention.dense": "attn_output", "mlp.dense_h_to_4h": "ffn_up",
    "mlp.dense_4h_to_h": "ffn_down"}
WHOLE = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "gpt_neox.embed_in": "token_embd", "gpt_neox.final_layer_norm": "output_norm",
    "embed_out": "output"}


def convert(*words):
    return subprocess.run([TOOL, *words], capture_output=True, text=True)


# --- the way there ----------------------------------------------------------------

def read_folder(folder):
    """Name -> torch tensor."""
    tensors = {}
    for path in glob.glob(f"{folder}/*.safetensors"):
        with safe_open(path, "pt") as file:
            tensors |= {name: file.get_tensor(name) for name in file.keys()}
    return tensors


def gguf_name(name):
    stem, suffix = name.rsplit(".", 1)
    for prefix in ("model.layers.", "gpt_neox.layers."):
        if stem.startswith(prefix):
            layer, stem = stem.removeprefix(prefix).split(".", 1)
            return f"blk.{layer}.{LAYER[stem]}.{suffix}"
    return f"{WHOLE[stem]}.{suffix}"


def shuffle(name, w, config):
    """Rows as a GGUF file has them."""
    H, rest = config.num_attention_heads, w.shape[1:]
    if config.model_type == "llama" and (".q_proj." in name or ".k_proj." in name):
        n = H if ".q_proj." in name else config.num_key_value_heads
        return w.reshape(n, 2, w.shape[0] // n // 2, *rest).swapaxes(1, 2).reshape(w.shape)
    if ".query_key_value." in name:
        parts = w.reshape(H, 3, w.shape[0] // H // 3, *rest)
        return numpy.concatenate([parts[:, p].reshape(-1, *rest) for p in range(3)])
    return w


def unshuffle(name, w, config):
    """And back: where each row of the folder's tensor stands in the file's."""
    rows = shuffle(name, numpy.arange(w.shape[0]), config)
    back = numpy.empty_like(w)
    back[rows] = w
    return back


def rope_divisors(rope, D):
    f = 1 / (rope["rope_theta"] ** (torch.arange(0, D, 2, dtype=torch.float32) / D))
    low = rope["original_max_position_embeddings"] / rope["low_freq_factor"]
    high = rope["original_max_position_embeddings"] / rope["high_freq_factor"]
    out = []
    for wave in (2 * math.pi / f).tolist():
        s = ((rope["original_max_position_embeddings"] / wave - rope["low_freq_factor"])
             / (rope["high_freq_factor"] - rope["low_freq_factor"]))
        out.append(1 if wave < high else rope["factor"] if wave > low
                   else 1 / ((1 - s) / rope["factor"] + s))
    return numpy.array(out, dtype=numpy.float32)


def add_config(w, config):
    D = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    rope = config.rope_parameters
    w.add_context_length(config.max_position_embeddings)
    w.add_embedding_length(config.hidden_size)
    w.add_block_count(config.num_hidden_layers)
    w.add_feed_forward_length(config.intermediate_size)
    w.add_head_count(config.num_attention_heads)
    w.add_rope_freq_base(rope["rope_theta"])
    if config.model_type == "llama":
        w.add_layer_norm_rms_eps(config.rms_norm_eps)
        w.add_key_length(D)
        w.add_value_length(D)
        w.add_rope_dimension_count(D)
    else:
        w.add_layer_norm_eps(config.layer_norm_eps)
        w.add_parallel_residual(config.use_parallel_residual)
        w.add_rope_dimension_count(int(rope.get("partial_rotary_factor", 0.25) * D))
    if config.model_type != "gpt_neox":
        w.add_head_count_kv(config.num_key_value_heads)
    if rope["rope_type"] == "llama3":
        w.add_tensor("rope_freqs.weight", rope_divisors(rope, D))


def add_vocabulary(w, file, V, pre):
    """A tokenizer.json of bytes and merges, as llama.cpp writes it."""
    added = {t["id"]: t for t in file["added_tokens"]}
    spelt = {i: t for t, i in file["model"]["vocab"].items()} | {
        i: t["content"] for i, t in added.items()}
    w.add_tokenizer_model("gpt2")
    if pre is not None:
        w.add_tokenizer_pre(pre)
    w.add_token_list([spelt.get(i, f"[PAD{i}]") for i in range(V)])
    w.add_token_types([(CONTROL if added[i]["special"] else USER) if i in added
                       else NORMAL if i in spelt else UNUSED for i in range(V)])
    w.add_token_merges([m if isinstance(m, str) else " ".join(m)
                        for m in file["model"]["merges"]])


def with_a_merge(folder):
    """make_models' vocabulary of bytes with one merge: the writer cannot write none."""
    with open(f"{folder}/tokenizer.json", encoding="utf-8") as f:
        file = json.load(f)
    vocab = {t: i for t, i in file["model"]["vocab"].items() if i != 255}
    file["model"] |= {"vocab": vocab | {"ab": 255}, "merges": ["a b"]}
    return file


def add_numbers(w, name, x, kind):
    """A float32 array in one of the six types."""
    if kind == Type.F32 or x.ndim == 1:
        w.add_tensor(name, x.astype(numpy.float32))
    elif kind == Type.F16:
        w.add_tensor(name, x.astype(numpy.float16))
    else:
        w.add_tensor(name, gguf.quantize(x, kind), raw_dtype=kind)


def finish(w):
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def write_gguf(path, folder, kind, change=None):
    """folder's model as a GGUF file, its matrices of that type."""
    config = AutoConfig.from_pretrained(folder)
    tensors = read_folder(folder)
    w = gguf.GGUFWriter(path, FAMILY[config.model_type])
    add_config(w, config)
    add_vocabulary(w, with_a_merge(folder), config.vocab_size, "gpt-2")
    w.add_bos_token_id(config.bos_token_id)
    w.add_eos_token_id(config.eos_token_id)
    if change is not None:
        change(w)
    for name, x in tensors.items():
        if not name.endswith(("inv_freq", "attention.bias", "masked_bias")):
            add_numbers(w, gguf_name(name), numpy.ascontiguousarray(
                shuffle(name, x.float().numpy(), config)), kind)
    finish(w)
    return config


# --- 1: models --------------------------------------------------------------------

def bits(x):
    x = x.contiguous()
    return x.view(torch.int32 if x.dtype == torch.float32 else torch.int16)


def same_logits(a, b, scratch):
    """transformers, both folders in float32: every bit of the logits."""
    ids = torch.arange(0, 34, 2).reshape(1, -1)
    out = []
    for folder in (a, b):
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        with torch.no_grad():
            out.append(model(ids).logits)
    return torch.equal(out[0], out[1])


def check_plain(name, case, seed, scratch):
    """There and back in the folder's own number format."""
    folder, path = f"{scratch}/{name}", f"{scratch}/{name}.gguf"
    back = f"{scratch}/{name}-back"
    make_models.make(folder, case, seed)
    kind = {torch.float32: Type.F32, torch.float16: Type.F16, torch.bfloat16: Type.BF16}[case.dtype]
    write_gguf(path, folder, kind)
    done = convert(path, back)
    if done.returncode != 0:
        return done.stderr
    old, new = read_folder(folder), read_folder(back)
    old = {n: x for n, x in old.items()
           if not n.endswith(("inv_freq", "attention.bias", "masked_bias"))}
    if set(old) != set(new):
        return f"other tensors: {set(old) ^ set(new)}"
    for n, x in old.items():
        want = x if x.ndim == 2 else x.float()
        if new[n].dtype != want.dtype or not torch.equal(bits(new[n]), bits(want)):
            return f"{n} differs"
    a, b = AutoConfig.from_pretrained(folder).to_dict(), AutoConfig.from_pretrained(back).to_dict()
    for field in ("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size",
                  "num_key_value_heads", "intermediate_size", "max_position_embeddings",
                  "rms_norm_eps", "layer_norm_eps", "tie_word_embeddings", "bos_token_id",
                  "eos_token_id", "attention_bias", "mlp_bias", "use_qkv_bias", "hidden_act",
                  "use_parallel_residual", "model_type", "dtype"):
        if a.get(field) != b.get(field) and field not in ("dtype", "bos_token_id", "eos_token_id"):
            return f"{field}: {a.get(field)} became {b.get(field)}"
    return None if same_logits(folder, back, scratch) else "other logits"


ROUNDED = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def compare_tensors(reader, config, folder, dtype):
    """What the gguf package dequantizes, rows put back, rounded: None when all is well."""
    theirs = {t.name: t for t in reader.tensors}
    ours = read_folder(folder)
    for name, x in ours.items():
        t = theirs.pop(gguf_name(name))
        want = gguf.dequantize(t.data, t.tensor_type).reshape(x.shape)
        want = torch.from_numpy(unshuffle(name, want, config))
        if x.ndim == 2 or t.tensor_type != Type.F32:
            want = want.to(ROUNDED[dtype])
        if x.dtype != want.dtype or not torch.equal(bits(x), bits(want)):
            return f"{name} ({t.tensor_type.name}) differs in {dtype}"
    return f"left over: {list(theirs)}" if set(theirs) - {"rope_freqs.weight"} else None


def check_blocks(name, case, kind, scratch):
    """Quantized by the gguf package, dequantized by it and by us."""
    folder, path = f"{scratch}/{name}", f"{scratch}/{name}-{kind.name}.gguf"
    config = write_gguf(path, folder, kind)
    reader = gguf.GGUFReader(path)
    for dtype in ROUNDED:
        back = f"{scratch}/{name}-{kind.name}-{dtype}"
        done = convert(path, back, "--dtype", dtype)
        if done.returncode != 0:
            return done.stderr
        trouble = compare_tensors(reader, config, back, dtype)
        if trouble:
            return trouble
    return None


def models(word, scratch):
    for n, (name, case) in enumerate(make_models.CASES.items()):
        if word not in name or name == "stablelm-llama3":  # its divisors are in no GGUF
            continue
        yield name, check_plain(name, case, n, scratch)
        if case.E % 32 == 0 and case.F % 32 == 0:
            for kind in (Type.Q8_0, Type.Q4_0, Type.Q4_1):
                yield f"{name} in {kind.name}", check_blocks(name, case, kind, scratch)


# --- 2: tokenizers ------------------------------------------------------------------

def tiny_writer(path, V):
    """A Llama of one layer around a vocabulary."""
    w = gguf.GGUFWriter(path, "llama")
    for add in (w.add_embedding_length, w.add_feed_forward_length, w.add_context_length):
        add(32)
    for add in (w.add_block_count, w.add_head_count, w.add_head_count_kv):
        add(1)
    w.add_layer_norm_rms_eps(1e-5)
    for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
        w.add_tensor(f"blk.0.{name}.weight", numpy.zeros((32, 32), numpy.float16))
    for name in ("blk.0.attn_norm", "blk.0.ffn_norm", "output_norm"):
        w.add_tensor(f"{name}.weight", numpy.ones(32, numpy.float32))
    w.add_tensor("token_embd.weight", numpy.zeros((V, 32), numpy.float16))
    return w


def original(model):
    with open(f"{DATA}/models/{model}/tokenizer.json", encoding="utf-8") as f:
        return json.load(f)


def write_bytes(path, model, pre, V, bos):
    """A vocabulary of bytes and merges, from the published tokenizer.json."""
    w = tiny_writer(path, V)
    add_vocabulary(w, original(model), V, pre)
    if bos is not None:
        w.add_bos_token_id(bos)
    w.add_chat_template("{{ 'été\n' }}")
    finish(w)


def write_pieces(path, spm):
    """SentencePiece: every key of the published vocabulary file."""
    w = tiny_writer(path, 32000)
    fields = {k: f for k, f in gguf.GGUFReader(spm).fields.items() if k.startswith("tokenizer.")}
    for key, field in fields.items():
        kind = field.types[0]
        w.add_key_value(key, field.contents(), kind,
                        sub_type=field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None)
    finish(w)


def compare_texts(model, folder):
    ours, theirs = Tokenizer.from_file(f"{folder}/tokenizer.json"), Tokenizer.from_file(
        f"{DATA}/models/{model}/tokenizer.json")
    for t in (ours, theirs):
        t.no_truncation()
        t.no_padding()
    added = [t["content"] for t in original(model)["added_tokens"]]
    gap = model.startswith("stablelm")      # there the package gives ids of its own
    tokenizers_random.TEXTS = TEXTS
    for text in tokenizers_random.texts_for(model, added):
        a, b = ours.encode(text), theirs.encode(text)
        if a.tokens != b.tokens or (not gap and a.ids != b.ids):
            return f"{text!r}: {a.tokens} for {b.tokens}"
        if ours.decode(a.ids) != theirs.decode(b.ids) or (
                ours.decode(a.ids, skip_special_tokens=False)
                != theirs.decode(b.ids, skip_special_tokens=False)):
            return f"{text!r}: other text back"
    return None


def check_tokenizer(model, write, scratch, merges):
    path, folder = f"{scratch}/{model}.gguf", f"{scratch}/{model}"
    write(path)
    done = convert(path, folder)
    if done.returncode != 0:
        return done.stderr
    with open(f"{folder}/tokenizer.json", encoding="utf-8") as f:
        ours = json.load(f)
    if merges and ours["model"]["merges"] != original(model)["model"]["merges"]:
        return "other merges"
    kept = {**original(model)["model"]["vocab"],
            **{t["content"]: t["id"] for t in original(model)["added_tokens"]}}
    if ours["model"]["vocab"] != kept:
        return "another vocabulary"
    with open(f"{folder}/tokenizer_config.json", encoding="utf-8") as f:
        chat = json.load(f).get("chat_template")
    if chat != ("{{ 'été\n' }}" if "Tiny" not in model else None):
        return f"another template: {chat!r}"
    return compare_texts(model, folder)


TOKENIZERS = [      # folder in $BILLION_DATA/models, pre type, rows, bos
    ("gpt2", "gpt-2", 50257, None),
    ("Llama-3.2-1B-Instruct", "llama-bpe", 128256, 128000),
    ("pythia-1b", "olmo", 50304, None),
    ("stablelm-2-1_6b", "stablelm2", 100352, None),
]


def tokenizers(word, scratch):
    for model, pre, V, bos in TOKENIZERS:
        if word in model:
            yield f"tokens of {model}", check_tokenizer(
                model, lambda path: write_bytes(path, model, pre, V, bos), scratch, True)
    if word in "TinyLlama":
        yield "tokens of TinyLlama", check_tokenizer(
            "TinyLlama-1.1B-Chat-v1.0",
            lambda path: write_pieces(path, f"{DATA}/gguf/ggml-vocab-llama-spm.gguf"),
            scratch, True)


# --- 3: SmolLM2 ---------------------------------------------------------------------

def smollm2():
    folder = os.environ["SMOLLM2"]
    reader = gguf.GGUFReader(os.environ["SMOLLM2_GGUF"])
    yield "SmolLM2", compare_tensors(reader, AutoConfig.from_pretrained(folder), folder, "F16")


# --- 4: refusals ----------------------------------------------------------------------

def refusals(scratch):
    """What is done to a good file, and the words of the complaint."""
    folder = f"{scratch}/good"
    make_models.make(folder, make_models.Case(
        make_models.LlamaConfig, torch.float32, 256, 2, 2, 256, {}), 0)
    changes = [
        ("of several files", lambda w: w.add_uint16("split.count", 3), ["split.count", "3"]),
        ("with experts", lambda w: w.add_expert_count(8), ["expert_count"]),
        ("with a window", lambda w: w.add_sliding_window(1024), ["sliding_window"]),
        ("yarn", lambda w: w.add_rope_scaling_type(gguf.RopeScalingType.YARN), ["yarn"]),
        ("longer names", lambda w: w.add_tensor("blk.0.attn_q_norm.weight",
                                                numpy.ones(128, numpy.float32)), ["attn_q_norm"]),
        ("other divisors", lambda w: w.add_tensor("rope_freqs.weight", numpy.arange(
            1, 65, dtype=numpy.float32)), ["rope_freqs.weight"]),
        ("beyond F16", lambda w: w.add_uint32("general.alignment", 32), ["--dtype F32"]),
    ]
    kinds = [k for k in (Type.Q5_0, Type.Q5_1, Type.Q2_K, Type.Q3_K, Type.Q4_K, Type.Q5_K,
                         Type.Q6_K, Type.IQ4_NL, Type.TQ1_0, Type.MXFP4)]
    for name, change, words in changes:
        path = f"{scratch}/bad.gguf"
        options = []
        if name == "beyond F16":
            tensors = read_folder(folder)
            tensors["model.layers.1.mlp.up_proj.weight"][3, 4] = 70000.0
            from safetensors.torch import save_file
            save_file(tensors, f"{folder}/model.safetensors", {"format": "pt"})
            options, words = ["--dtype", "F16"], ["up_proj.weight", "70000", *words]
        write_gguf(path, folder, Type.F32, change)
        yield refused(name, path, scratch, words, options)
    for kind in kinds:
        path = f"{scratch}/bad.gguf"
        w = tiny_writer(path, 256)
        block, size = gguf.GGML_QUANT_SIZES[kind]
        w.add_tensor("odd", numpy.zeros((4, size), numpy.uint8), raw_dtype=kind)
        finish(w)
        yield refused(f"type {kind.name}", path, scratch, [kind.name, "odd", "Q8_0"], [])
    for pre in ("default", "deepseek-llm", None):
        w = tiny_writer(f"{scratch}/bad.gguf", 257)
        add_vocabulary(w, with_a_merge(folder), 257, pre)
        finish(w)
        yield refused(f"pre {pre}", f"{scratch}/bad.gguf", scratch,
                      [f'"{pre or ""}"', "llama-bpe"], [])


def refused(name, path, scratch, words, options):
    done = convert(path, f"{scratch}/never", *options)
    left = glob.glob(f"{scratch}/never*")
    missing = [w for w in words if w not in done.stderr]
    trouble = (None if done.returncode == 3 and not missing and not left
               else f"exit {done.returncode}, lacks {missing}, left {left}: {done.stderr}")
    return f"refused: {name}", trouble


# --- all ------------------------------------------------------------------------------

def checks(word, scratch):
    yield from models(word, scratch)
    if DATA:
        yield from tokenizers(word, scratch)
    if os.environ.get("SMOLLM2_GGUF") and word in "SmolLM2":
        yield from smollm2()
    if word in "refused":
        yield from refusals(scratch)


def main():
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    passed = failed = skipped = 0
    for variable in ("BILLION_DATA", "SMOLLM2_GGUF"):
        if not os.environ.get(variable):
            print(f"skipped: {variable} names nothing")
            skipped += 1
    with tempfile.TemporaryDirectory() as scratch:
        for name, trouble in checks(word, scratch):
            print(f"{name}: {trouble or 'ok'}", flush=True)
            passed, failed = passed + (trouble is None), failed + (trouble is not None)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return failed > 0 or passed == 0


if __name__ == "__main__":
    sys.exit(main())

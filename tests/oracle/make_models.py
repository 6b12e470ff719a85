"""make_models.py - tiny random models as transformers writes them, odd ones included

    python3 tests/oracle/make_models.py FOLDER [SEED]

makes FOLDER/NAME for every NAME of CASES and of REFUSED: config.json, the weights
and a tokenizer.json of 256 bytes and one end token.

The numbers are large enough that attention is sharp and layers matter, norms are
not 1 and biases not 0: with transformers' own initial values a wrong rotation, a
forgotten bias or the other GELU would hide below the tolerance.

A case says how the file differs from what transformers writes today:

    spelling   "old": config.json as until 2025; "both": with the old words and the
               new; "bare": every field left out that has a default in transformers
    shards     the size of one, for a model in several files and an index
    buffers    the masks and frequencies that old GPT-NeoX and Llama files carry
"""

import json
import os
import sys
from typing import NamedTuple

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, GPTNeoXConfig, LlamaConfig, StableLmConfig
from transformers.utils import logging

logging.disable_progress_bar()

F32, F16, BF16 = torch.float32, torch.float16, torch.bfloat16
CONTEXT = 512


class Case(NamedTuple):
    config: type                    # of which architecture
    dtype: torch.dtype              # of the file
    E: int                          # hidden_size
    H: int                          # num_attention_heads
    K: int                          # num_key_value_heads (GPT-NeoX knows only H)
    F: int                          # intermediate_size
    fields: dict = {}               # of the config, beyond these
    rotated: float = 0.25           # partial_rotary_factor, rotary_pct (Llama: 1)
    spelling: str = "new"
    shards: str = ""
    buffers: bool = False


def rope(theta, kind="default", **more):
    return {"rope_parameters": {"rope_type": kind, "rope_theta": theta, **more}}


LLAMA3 = rope(500000.0, "llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=64)
TIED = {"tie_word_embeddings": True}

LLAMA = {
    "gqa": Case(LlamaConfig, F32, 96, 6, 2, 160),
    "tied-bf16": Case(LlamaConfig, BF16, 64, 4, 4, 172, TIED),
    "llama3-f16": Case(LlamaConfig, F16, 128, 8, 2, 256, TIED | LLAMA3),
    "llama3-old": Case(LlamaConfig, F32, 64, 4, 2, 100, LLAMA3, spelling="old"),
    # Three heads of 20, one key/value head, and H·D = 60 is not E.
    "odd": Case(LlamaConfig, F32, 66, 3, 1, 77, {"head_dim": 20}, spelling="old"),
    "odd-f16": Case(LlamaConfig, F16, 60, 3, 3, 53, TIED | {"head_dim": 20, "rms_norm_eps": 1e-6}),
    "biases": Case(LlamaConfig, BF16, 48, 4, 2, 64, {"attention_bias": True, "mlp_bias": True}),
    "shards": Case(LlamaConfig, BF16, 64, 4, 2, 100, shards="50KB"),
    "old-buffers": Case(LlamaConfig, F16, 64, 4, 4, 88, spelling="old", buffers=True),
    "bare": Case(LlamaConfig, F32, 40, 2, 2, 56, spelling="bare"),
}

QKV_BIAS = {"use_qkv_bias": True}

STABLELM = {
    "as-1.6b": Case(StableLmConfig, BF16, 96, 4, 4, 136, QKV_BIAS, spelling="old"),
    "no-bias": Case(StableLmConfig, F32, 64, 2, 2, 100),
    "half": Case(StableLmConfig, F16, 128, 4, 4, 160, QKV_BIAS, rotated=0.5),
    "whole": Case(StableLmConfig, F32, 64, 4, 4, 96, QKV_BIAS, rotated=1.0, spelling="old"),
    "gqa": Case(StableLmConfig, BF16, 96, 6, 2, 128, QKV_BIAS | rope(1e6)),
    "tied": Case(StableLmConfig, F16, 72, 3, 1, 77, QKV_BIAS | TIED | {"layer_norm_eps": 1e-3}),
    # 0.58 · 50 is 29 in float32 and in decimals; in doubles it is less, and 28 turn.
    "floor": Case(StableLmConfig, F32, 100, 2, 2, 90, QKV_BIAS, rotated=0.58),
    "llama3": Case(StableLmConfig, F32, 96, 4, 2, 112, QKV_BIAS | LLAMA3, rotated=0.5),
    "shards": Case(StableLmConfig, F32, 64, 4, 4, 100, QKV_BIAS, shards="60KB"),
    "bare": Case(StableLmConfig, F32, 512, 32, 32, 40, spelling="bare"),
}

SEQUENTIAL = {"use_parallel_residual": False}
UNBIASED = {"attention_bias": False}

NEOX = {
    "as-1b": Case(GPTNeoXConfig, F16, 96, 4, 4, 384, spelling="old", buffers=True),
    "new": Case(GPTNeoXConfig, F32, 96, 6, 6, 200),
    "sequential": Case(GPTNeoXConfig, BF16, 64, 4, 4, 256, SEQUENTIAL),
    "no-bias": Case(GPTNeoXConfig, F32, 64, 2, 2, 120, UNBIASED | SEQUENTIAL, spelling="old"),
    "no-bias-f16": Case(GPTNeoXConfig, F16, 80, 5, 5, 99, UNBIASED, rotated=0.5),
    "whole": Case(GPTNeoXConfig, F32, 72, 3, 3, 111, rotated=1.0),
    "whole-old": Case(GPTNeoXConfig, BF16, 64, 4, 4, 128, rope(25000.0), 1.0, "old"),
    "both": Case(GPTNeoXConfig, F32, 64, 2, 2, 100, rope(5000.0), 0.5, "both"),
    "tied": Case(GPTNeoXConfig, F16, 48, 2, 2, 192, TIED | {"layer_norm_eps": 1e-3}),
    "floor": Case(GPTNeoXConfig, F32, 50, 1, 1, 70, rotated=0.58, spelling="old"),
    "shards": Case(GPTNeoXConfig, BF16, 96, 4, 4, 384, shards="100KB", buffers=True),
    "bare": Case(GPTNeoXConfig, F32, 48, 3, 3, 60, spelling="bare"),
}

CASES = {f"{family}-{name}": case
         for family, cases in (("llama", LLAMA), ("stablelm", STABLELM), ("neox", NEOX))
         for name, case in cases.items()}

# What would change the sums without changing a shape, or has tensors of its own: and
# the word that must stand in the refusal.
REFUSED = {
    "stablelm-qk-layernorm": ("qk_layernorm", Case(
        StableLmConfig, F32, 64, 4, 4, 96, {"qk_layernorm": True})),
    "stablelm-gelu": ("hidden_act", Case(
        StableLmConfig, F32, 64, 4, 4, 96, {"hidden_act": "gelu"})),
    "llama-linear": ("linear", Case(
        LlamaConfig, F32, 64, 4, 4, 96, rope(1e4, "linear", factor=2.0))),
    "stablelm-yarn": ("yarn", Case(
        StableLmConfig, F32, 64, 4, 4, 96, rope(1e4, "yarn", factor=2.0))),
    **{f"neox-{act}": ("hidden_act", Case(GPTNeoXConfig, F32, 64, 4, 4, 96, {"hidden_act": act}))
       for act in ("gelu_new", "gelu_fast", "gelu_pytorch_tanh", "relu", "silu")},
    "neox-linear": ("linear", Case(
        GPTNeoXConfig, F32, 64, 4, 4, 96, rope(1e4, "linear", factor=2.0))),
    # A quarter of 20 is 5: no pairs. transformers turns 6, with the speeds of 5.
    "neox-odd-width": ("partial_rotary_factor", Case(GPTNeoXConfig, F32, 60, 3, 3, 96)),
    # As StableLM-2-12B: both halves read one norm.
    "stablelm-parallel": ("use_parallel_residual", Case(
        StableLmConfig, F32, 64, 4, 4, 96, {"use_parallel_residual": True})),
}


def random_numbers(model, seed, gain=1.3):
    """Matrices of size gain/sqrt(in), norms around 1, biases of size 0.3."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            x = torch.randn(p.shape, generator=generator)
            if name.endswith("norm.weight"):
                p.copy_(1 + 0.3 * x)
            elif name.endswith(".bias"):
                p.copy_(0.3 * x)
            else:
                p.copy_(gain * x / p.shape[-1] ** 0.5)


def spell_old(config):
    """config.json as it was written until 2025."""
    table = config.pop("rope_parameters")
    neox = config["model_type"] == "gpt_neox"
    config["rotary_emb_base" if neox else "rope_theta"] = table.pop("rope_theta")
    if "partial_rotary_factor" in table:
        name = "rotary_pct" if neox else "partial_rotary_factor"
        config[name] = table.pop("partial_rotary_factor")
    config["torch_dtype"] = config.pop("dtype")
    kind = table.pop("rope_type")
    config["rope_scaling"] = None if kind == "default" else {"type": kind, **table}


def spell_both(config):
    """GPT-NeoX of 2024: its own words and those of all."""
    spell_old(config)
    config["rope_theta"] = config["rotary_emb_base"]
    config["partial_rotary_factor"] = config["rotary_pct"]


def spell_bare(config):
    """All that a reader of the file has to know by itself."""
    for name in ("rope_parameters", "dtype", "head_dim", "num_key_value_heads", "attention_bias",
                 "mlp_bias", "tie_word_embeddings", "use_parallel_residual", "use_qkv_bias",
                 "qk_layernorm", "hidden_act", "bos_token_id", "eos_token_id"):
        config.pop(name, None)


def respell(path, how):
    with open(path) as file:
        config = json.load(file)
    how(config)
    with open(path, "w") as file:
        json.dump(config, file, indent=2)


def add_buffers(model, dtype):
    """What old files hold beside the weights: three for each layer of GPT-NeoX, the
    mask by far the largest, and one of Llama."""
    config = model.config
    n, D = config.max_position_embeddings, config.hidden_size // config.num_attention_heads
    R = int(D * config.rope_parameters.get("partial_rotary_factor", 1))
    for layer in model.base_model.layers:
        attention = layer.attention if config.model_type == "gpt_neox" else layer.self_attn
        attention.rotary_emb = torch.nn.Module()
        attention.rotary_emb.register_buffer("inv_freq", torch.rand(R // 2).to(dtype))
        if config.model_type == "gpt_neox":
            mask = torch.tril(torch.ones(n, n, dtype=torch.uint8)).view(1, 1, n, n)
            attention.register_buffer("bias", mask)
            attention.register_buffer("masked_bias", torch.tensor(-torch.inf, dtype=dtype))


def byte_tokenizer(path):
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({c: i for i, c in enumerate(letters)}, []))
    tokenizer.add_special_tokens(["<|endoftext|>"])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.save(path)


def make(folder, case, seed):
    """One case, the folder with it."""
    fields = rope(10000.0) | case.fields
    if case.config is not LlamaConfig:
        fields["rope_parameters"] = {**fields["rope_parameters"],
                                     "partial_rotary_factor": case.rotated}
    if case.config is not GPTNeoXConfig:
        fields["num_key_value_heads"] = case.K
    config = case.config(vocab_size=257, num_hidden_layers=3, max_position_embeddings=CONTEXT,
                         hidden_size=case.E, num_attention_heads=case.H, intermediate_size=case.F,
                         bos_token_id=256, eos_token_id=256, **fields)
    model = AutoModelForCausalLM.from_config(config)
    random_numbers(model, seed)
    if case.buffers:
        add_buffers(model, case.dtype)
    model.to(case.dtype).save_pretrained(
        folder, **({"max_shard_size": case.shards} if case.shards else {}))
    byte_tokenizer(os.path.join(folder, "tokenizer.json"))
    if case.spelling != "new":
        respell(os.path.join(folder, "config.json"),
                {"old": spell_old, "both": spell_both, "bare": spell_bare}[case.spelling])


def make_all(folder, seed=0):
    for n, (name, case) in enumerate(CASES.items()):
        make(os.path.join(folder, name), case, 1000 * seed + n)
    for name, (_, case) in REFUSED.items():
        make(os.path.join(folder, name), case, 0)


if __name__ == "__main__":
    make_all(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)

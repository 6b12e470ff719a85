"""mutated_files.py - a thousand spoilt files of each kind end in an Error with its place

    config.json             ./run logits            ┐   spoilt by one or more of
    tokenizer_config.json   ./run generate --chat   ├── MUTATIONS; seeded, so a file
    a GGUF file             convert                 ┘   that fails can be made again

    RUN=./run python3 tests/oracle/mutated_files.py [KIND [NUMBER]]

Each run must end by itself, with status 0 (the change was harmless) or 2 or 3, and then
say "error: " with the file and where in it: a byte offset, or a field, key or tensor
by its name. It gets 100 MB of address space more than the unspoilt file needs, and ten
seconds of computing. Out of memory is status 5, a crash or a hang ends by a signal:
both fail. A program that reserves more than that by itself, as one with
AddressSanitizer does, runs without a limit of memory.

Chance seldom meets the one value that one field does not bear; so in three of the
config.json every member is also given every odd value, one at a time.

KIND is config, fields, chat or gguf; with a NUMBER only that file is made, shown and
run.
"""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

import gguf
import numpy

import make_models

EACH = 1000
MEMORY, SECONDS = 100, 10           # MB above the base, seconds of computing
HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = os.path.join(HERE, "..", "..", "models")
RUN = os.path.abspath(os.environ.get("RUN", "./run"))
CONVERT = os.path.join(os.path.dirname(RUN), "weights-tools", "convert")
if not os.path.exists(CONVERT):
    CONVERT = os.path.join(HERE, "..", "..", "build", "weights-tools", "convert")

CHATML = ("{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + "
          "message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"
          "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")
ODD_NUMBERS = (b"0", b"-1", b"1e308", b"1e400", b"-0.0", b"2147483648", b"4294967296",
               b"9223372036854775808", b"1" * 400, b"0.1", b"1e-320", b"16777216", b"65536")
ODD_VALUES = ODD_NUMBERS + (
    b"null", b"true", b"false", b"[]", b"{}", b'""', b'"\\u0000"', b'"\xff\xfe"', b'"\\ud800"',
    b"NaN", b"[" * 100000, b'{"a":' * 5000, b'"' + b"x" * 1000000 + b'"', b"[0,0,0,0,0,0,0,0,0,0]",
    b"[" + b"1," * 200000 + b"1]", b'"default"', b'"llama3"', b'["LlamaForCausalLM"]')


# ---- mutations of bytes, for any file: how(bytes, random numbers) -> bytes

def flip(data, r):
    data = bytearray(data)
    for _ in range(r.choice((1, 1, 2, 5, 20))):
        data[r.randrange(len(data))] ^= 1 << r.randrange(8)
    return bytes(data)


def cut(data, r):
    return data[:r.randrange(len(data))]


def drop(data, r):
    at = r.randrange(len(data))
    return data[:at] + data[at + r.choice((1, 2, 8, 100)):]


def again(data, r):
    a, b = r.randrange(len(data)), r.randrange(len(data))
    return data[:b] + data[a:a + r.choice((1, 4, 30, 500))] + data[b:]


def noise(data, r):
    at = r.randrange(len(data))
    return data[:at] + r.randbytes(r.choice((1, 8, 64))) + data[at:]


# ---- mutations of JSON: of its members, by their places in the text

MEMBER = re.compile(rb'"(\w+)"\s*:\s*("(?:[^"\\]|\\.)*"|-?[\d.eE+-]+|true|false|null)')


def some_member(data, r):
    return r.choice(list(MEMBER.finditer(data)))


def odd_value(data, r):
    m = some_member(data, r)
    return data[:m.start(2)] + r.choice(ODD_VALUES) + data[m.end(2):]


def twice(data, r):
    m = some_member(data, r)
    return data[:m.start()] + m[0] + b"," + m[0] + data[m.end():]


def gone(data, r):
    m = some_member(data, r)
    return data[:m.start()] + b'"was_here":' + m[2] + data[m.end():]


def swap(data, r):
    a, b = sorted((some_member(data, r), some_member(data, r)), key=lambda m: m.start())
    if a.start() == b.start():
        return odd_value(data, r)
    return (data[:a.start(2)] + b[2] + data[a.end(2):b.start(2)] + a[2] + data[b.end(2):])


def nudge(data, r):
    numbers = list(re.finditer(rb"(?<=[ :\[])\d+", data))
    if not numbers:
        return odd_value(data, r)
    m = r.choice(numbers)
    return data[:m.start()] + str(int(m[0]) * r.choice((0, 2, 3, 7, 1000)) + r.randrange(3)
                                  ).encode() + data[m.end():]


# ---- mutations of GGUF: integers of 4 and 8 bytes, most of them where the keys are

def odd_integer(data, r):
    size = r.choice((4, 8))
    at = r.randrange(min(len(data), r.choice((64, 1000, 20000, 10 ** 9))))
    value = r.choice((0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 63, 2 ** 64 - 1, len(data),
                      r.randrange(20), r.randrange(2 ** 20)))
    return data[:at] + (value % 256 ** size).to_bytes(size, "little") + data[at + size:]


def early_flip(data, r):
    begin = min(len(data), r.choice((200, 2000, 20000)))
    return flip(data[:begin], r) + data[begin:]


ANY = (flip, cut, drop, again, noise)
JSON = ANY + (odd_value, twice, gone, swap, nudge) * 2
MUTATIONS = {"config": JSON, "chat": JSON, "gguf": ANY + (odd_integer, early_flip) * 4}


# ---- the unspoilt files

def link_but(folder, source, but):
    os.makedirs(folder)
    for name in os.listdir(source):
        if name != but:
            os.symlink(os.path.join(os.path.abspath(source), name), os.path.join(folder, name))


def configs(scratch):
    """[(folder that lacks config.json, its bytes, command)]: the shipped models, and
    models with the spellings that these have not."""
    folders = [os.path.join(MODELS, name) for name in os.listdir(MODELS)
               if name.startswith("storyteller")]
    for name in ("llama-llama3-old", "llama-biases", "stablelm-as-1.6b", "stablelm-llama3",
                 "neox-as-1b", "neox-both", "neox-bare"):
        folders.append(os.path.join(scratch, "whole-" + name))
        make_models.make(folders[-1], make_models.CASES[name], 0)
    # By name, not by path: where the checkout is must not choose what is spoilt.
    for n, source in enumerate(sorted(folders, key=os.path.basename)):
        folder = os.path.join(scratch, f"config{n}")
        link_but(folder, source, "config.json")
        with open(os.path.join(source, "config.json"), "rb") as file:
            yield (os.path.join(folder, "config.json"), file.read(),
                   [RUN, "logits", "--model", folder, "--ids", "1", "--threads", "1"])


def fields(scratch):
    """One of each architecture, with all that it may say."""
    wanted = ("llama-llama3-old", "stablelm-llama3", "neox-both")
    for path, text, command in configs(scratch):
        source = os.path.realpath(os.path.join(os.path.dirname(path), "tokenizer.json"))
        if source.endswith(tuple(f"whole-{name}/tokenizer.json" for name in wanted)):
            yield path, text, command


def chats(scratch):
    """The draft with templates of other models: what BILLION_DATA has, and ChatML."""
    own = {"bos_token": "<|endoftext|>", "eos_token": {"content": "<|endoftext|>"},
           "model_max_length": 256, "chat_template": CHATML, "clean_up_tokenization_spaces": False}
    texts = [json.dumps(own, indent=1).encode(), json.dumps(own | {"chat_template": [
        {"name": "default", "template": CHATML}, {"name": "rag", "template": "x"}]}).encode()]
    for name in ("TinyLlama-1.1B-Chat-v1.0", "Llama-3.2-1B-Instruct"):
        path = os.path.join(os.environ.get("BILLION_DATA", ""), "models", name,
                            "tokenizer_config.json")
        if os.path.exists(path):
            with open(path, "rb") as file:
                texts.append(file.read())
    for n, text in enumerate(texts):
        folder = os.path.join(scratch, f"chat{n}")
        link_but(folder, os.path.join(MODELS, "storyteller-draft"), "tokenizer_config.json")
        yield (os.path.join(folder, "tokenizer_config.json"), text,
               [RUN, "generate", "--chat", "--model", folder, "--prompt", "hi", "-n", "1",
                "--threads", "1"])


def vocabulary(w, kind):
    """As many tokens as a model with bytes needs, of a byte-level or a SentencePiece kind."""
    if kind == "llama":
        tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)] + [
            "\u2581", "a", "b", "ab", "\u2581a"]
        kinds = [2, 3, 3] + [6] * 256 + [1] * 5
        w.add_token_scores([0.0] * 259 + [-1.0 - i for i in range(5)])
    else:
        tokens = ["<|endoftext|>", "a", "b", "c", "\u0120", "ab", "\u0120a", "abc"]
        kinds = [3] + [1] * 7
        w.add_token_merges(["a b", "\u0120 a", "ab c"])
        w.add_tokenizer_pre(kind)
    w.add_tokenizer_model("llama" if kind == "llama" else "gpt2")
    w.add_token_list(tokens)
    w.add_token_types(kinds)
    w.add_bos_token_id(1 if kind == "llama" else 0)
    w.add_eos_token_id(2 if kind == "llama" else 0)
    w.add_chat_template(CHATML)
    return len(tokens)


def keys(w, family):
    w.add_context_length(64), w.add_embedding_length(64), w.add_block_count(2)
    w.add_feed_forward_length(96), w.add_head_count(2), w.add_head_count_kv(2)
    w.add_rope_dimension_count(32 if family == "llama" else 8)
    if family == "llama":
        w.add_layer_norm_rms_eps(1e-5), w.add_rope_freq_base(1e4)
    else:
        w.add_layer_norm_eps(1e-5)
    if family == "gptneox":
        w.add_parallel_residual(True)


def tensors(family, V):
    """Names and shapes [out, in]."""
    norms = {"attn_norm": (64,), "ffn_norm": (64,)}
    mats = {"attn_q": (64, 64), "attn_k": (64, 64), "attn_v": (64, 64), "attn_output": (64, 64),
            "ffn_gate": (96, 64), "ffn_up": (96, 64), "ffn_down": (64, 96)}
    if family == "gptneox":
        for name in ("attn_q", "attn_k", "attn_v", "ffn_gate"):
            del mats[name]
        mats["attn_qkv"] = (192, 64)
    all = {"token_embd.weight": (V, 64), "output_norm.weight": (64,), "output.weight": (V, 64)}
    for layer in range(2):
        all |= {f"blk.{layer}.{n}.weight": shape for n, shape in (norms | mats).items()}
    if family != "llama":
        all["output_norm.bias"] = (64,)
        all |= {f"blk.{layer}.{n}.bias": (64,) for layer in range(2) for n in norms}
    if family == "gptneox":
        all |= {f"blk.{layer}.{n}.bias": shape[:1] for layer in range(2)
                for n, shape in mats.items()}
    return all


def ggufs(scratch):
    """One for every architecture and vocabulary, with every type of block in it."""
    kinds = (gguf.GGMLQuantizationType.F32, gguf.GGMLQuantizationType.F16,
             gguf.GGMLQuantizationType.BF16, gguf.GGMLQuantizationType.Q8_0,
             gguf.GGMLQuantizationType.Q4_0, gguf.GGMLQuantizationType.Q4_1)
    numbers = numpy.random.default_rng(0)
    for n, (family, words) in enumerate((("llama", "llama"), ("llama", "llama-bpe"),
                                         ("stablelm", "gpt-2"), ("gptneox", "gpt-2"))):
        os.makedirs(os.path.join(scratch, f"gguf{n}"))
        path = os.path.join(scratch, f"gguf{n}", "model.gguf")
        w = gguf.GGUFWriter(path, family)
        keys(w, family)
        for i, (name, shape) in enumerate(tensors(family, vocabulary(w, words)).items()):
            kind = kinds[i % 6] if len(shape) == 2 else kinds[0]
            x = numbers.standard_normal(shape, dtype=numpy.float32) / 8
            w.add_tensor(name, gguf.quants.quantize(x, kind), raw_dtype=kind)
        w.write_header_to_file(), w.write_kv_data_to_file(), w.write_tensors_to_file()
        w.close()
        with open(path, "rb") as file:
            yield path, file.read(), [CONVERT, path, os.path.join(scratch, f"gguf{n}", "out")]


SOURCES = {"config": configs, "fields": fields, "chat": chats, "gguf": ggufs}


# ---- one run

def run(command, megabytes):
    """(exit status, or minus the signal; what was said)."""
    limit = f"ulimit -v {megabytes * 1024}; " if megabytes else ""
    done = subprocess.run(["sh", "-c", f'{limit}ulimit -c 0; ulimit -t {SECONDS}; exec "$@"', "sh",
                           *command], capture_output=True, timeout=600)
    return done.returncode, done.stderr.decode("utf-8", "replace").strip()


def runs(command, megabytes):
    fine = run(command, megabytes)[0] == 0
    shutil.rmtree(command[-1], ignore_errors=True)      # what convert has made
    return fine


def least_memory(command):
    """MB of address space that the unspoilt file needs, 0: more than 4 GB."""
    if not runs(command, 4096):
        return 0
    low, high = 0, 4096
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if runs(command, middle) else (middle, high)
    return high


# What counts as a place, beside a member of the unspoilt JSON by its name.
PLACE = {
    "config": r"\bbytes? \d+|tensor ",
    "fields": r"\bbytes? \d+|tensor ",
    "chat": r"\bbytes? \d+|chat template",
    "gguf": r"\bbytes? \d+|\bkeys? |tensors? |\b(general|tokenizer)\.\w+|tokens? \d+|merge \d+|"
            r"(llama|stablelm|gptneox)\.\w+|begin with the letters|GGUF version",
}


def verdict(kind, status, said, path, names):
    """None when all is well, else what is wrong."""
    folder, name = os.path.split(path)
    if status == 0:
        return None
    if status not in (2, 3):
        return f"status {status}"
    if not said.startswith("error: ") or not (folder in said or name in said or "tensor" in said):
        return "no file in the message"
    if re.search(PLACE[kind], said) or any(n in said for n in names):
        return None
    return "no place in the message"


def how_many(kind, sources):
    if kind != "fields":
        return EACH
    return len(sources) * len(ODD_VALUES) * max(len(MEMBER.findall(t)) for _, t, _ in sources)


def mutate(kind, text, r):
    for _ in range(r.choice((1, 1, 1, 2, 3))):
        if len(text) > 8 and (kind == "gguf" or MEMBER.search(text)):
            text = r.choice(MUTATIONS[kind])(text, r)
    return text


def one(kind, number, sources, bases, show):
    """(status, None or what is wrong)."""
    r = random.Random(f"{kind} {number}")
    path, text, command = sources[number % len(sources)]
    if kind == "fields":
        which, value = divmod(number // len(sources), len(ODD_VALUES))
        members = list(MEMBER.finditer(text))
        m = members[which % len(members)]
        spoilt = text[:m.start(2)] + ODD_VALUES[value] + text[m.end(2):]
    else:
        spoilt = mutate(kind, text, r)
    with open(path, "wb") as file:
        file.write(spoilt)
    base, files = bases[number % len(sources)], set(os.listdir(os.path.dirname(path)))
    status, said = run(command, base and base + MEMORY)
    names = re.findall(r'"(\w+)"\s*:', text.decode()) if kind != "gguf" else ()
    wrong = verdict(kind, status, said, path, names)
    left = set(os.listdir(os.path.dirname(path))) - files
    if status != 0 and left:
        wrong = f"left behind: {left}"
    shutil.rmtree(os.path.join(os.path.dirname(path), "out"), ignore_errors=True)
    if show:
        print(spoilt[:3000], " ".join(command), sep="\n")
    if show or wrong:
        print(f"{kind} {number}: {wrong or 'fine'}; status {status}: {said[:600]}", flush=True)
    return status, wrong


def thousand(kind, numbers):
    """[True or False] of each number; [False]: an unspoilt file was refused."""
    with tempfile.TemporaryDirectory() as scratch:
        sources, bases = list(SOURCES[kind](scratch)), []
        for path, text, command in sources:
            with open(path, "wb") as file:
                file.write(text)
            bases.append(least_memory(command))
            status, said = run(command, 0)
            if status != 0:
                print(f"{path}, unspoilt: status {status}: {said}")
                return [False]
            shutil.rmtree(command[-1], ignore_errors=True)
        results = [one(kind, n, sources, bases, bool(numbers))
                   for n in numbers or range(how_many(kind, sources))]
    bad = sum(wrong is not None for _, wrong in results)
    harmless = sum(status == 0 for status, _ in results)
    print(f"{kind}: {len(results)} files, {harmless} still usable, {bad} wrong; base memory "
          f"{min(bases)} to {max(bases)} MB", flush=True)
    return [wrong is None for _, wrong in results]


def main():
    numbers, results = [int(n) for n in sys.argv[2:3]], []
    for kind in sys.argv[1:2] or list(SOURCES):
        results += thousand(kind, numbers)
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return False in results


if __name__ == "__main__":
    sys.exit(main())

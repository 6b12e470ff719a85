"""The numbers of the running example, as transformers computes them.

Every line "//= expression -> values" of src/ and chapters/ is evaluated here by an
independent program, in float32 from the same file: hooks on the modules of
LlamaForCausalLM give what the engine calls norm1, q, rotated_q, … The values that
the essays show are compared as they are written there. Expressions that only the
engine can mean (dart) are counted as left to it.
"""
import glob
import math
import re
import sys

import torch
import transformers
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

FOLDER = "models/storyteller"
SENTENCE = "Once upon a time"


def running_example():
    """name -> nested lists or functions, as tests/essays/running_example.h has them."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(FOLDER)
    model = transformers.LlamaForCausalLM.from_pretrained(
        FOLDER, dtype=torch.float32, attn_implementation="eager").eval()
    ids = tokenizer(SENTENCE).input_ids
    seen = {}

    def after(name):
        return lambda module, args, out: seen.setdefault(name, []).append(
            (out[0] if isinstance(out, tuple) else out)[0])

    core = model.model
    core.embed_tokens.register_forward_hook(after("embedding"))
    core.norm.register_forward_hook(after("final_norm"))
    core.norm.register_forward_pre_hook(
        lambda module, args: seen.setdefault("last", []).append(args[0][0]))
    for layer in core.layers:
        a, m = layer.self_attn, layer.mlp
        for name, module in (("norm1", layer.input_layernorm), ("q", a.q_proj),
                             ("k", a.k_proj), ("v", a.v_proj), ("attention", a.o_proj),
                             ("norm2", layer.post_attention_layernorm),
                             ("gate", m.gate_proj), ("up", m.up_proj),
                             ("mlp", m.down_proj), ("block", layer)):
            module.register_forward_hook(after(name))
        a.o_proj.register_forward_pre_hook(
            lambda module, args: seen.setdefault("heads", []).append(args[0][0]))
        m.down_proj.register_forward_pre_hook(
            lambda module, args: seen.setdefault("hidden", []).append(args[0][0]))
    with torch.no_grad():
        out = model(torch.tensor([ids]), output_attentions=True)
        config, T = model.config, len(ids)
        D = config.hidden_size // config.num_attention_heads
        cos, sin = core.rotary_emb(seen["embedding"][0][None], torch.arange(T)[None])
        for l in range(config.num_hidden_layers):
            q = seen["q"][l].view(1, T, -1, D).transpose(1, 2)
            k = seen["k"][l].view(1, T, -1, D).transpose(1, 2)
            q, k = apply_rotary_pos_emb(q, k, cos, sin)
            for name, x in (("rotated_q", q), ("rotated_k", k)):
                seen.setdefault(name, []).append(x.transpose(1, 2).reshape(T, -1))
    seen["embedding"] = seen["embedding"][0]
    seen["final_norm"] = seen["final_norm"][0][-1]
    seen["logits"] = out.logits[0, -1]
    # Positions after t have weight 0 and are not in the engine's list.
    seen["weight"] = [[[a[0, h, t, :t + 1] for t in range(T)] for h in range(a.shape[1])]
                      for a in out.attentions]
    seen["frequency"] = core.rotary_emb.inv_freq
    seen["id"] = torch.tensor(ids)
    seen["token"] = tokenizer.convert_ids_to_tokens(ids)
    wishes = transformers.GenerationConfig.from_pretrained(FOLDER)
    scores = seen["logits"][None].double() / (wishes.temperature if wishes.do_sample else 1)
    if wishes.top_p is not None and wishes.top_p < 1:
        scores = transformers.TopPLogitsWarper(wishes.top_p)(None, scores)
    seen["p"] = torch.softmax(scores, -1)[0]
    return seen


def values(x):
    if isinstance(x, (int, float)):
        return [float(x)]
    return [float(v) for v in torch.as_tensor(x).double().reshape(-1)]


class Reader:
    """One expression, read from left to right."""
    functions = {
        "rms": lambda x: [math.sqrt(sum(v * v for v in x) / len(x))],
        "sum": lambda x: [math.fsum(x)],
        "max": lambda x: [max(x)],
        "softmax": lambda x: values(torch.softmax(torch.tensor(x, dtype=torch.float64), 0)),
        "silu": lambda x: values(torch.nn.functional.silu(torch.tensor(x))),
        "gelu": lambda x: values(torch.nn.functional.gelu(torch.tensor(x))),
        "exp": lambda x: [math.exp(v) for v in x],
    }

    def __init__(self, text, seen):
        self.text, self.seen = text.strip(), seen

    def take(self, pattern):
        found = re.match(r"\s*(" + pattern + ")", self.text)
        if found:
            self.text = self.text[found.end():]
        return found.group(1) if found else None

    def read(self):
        name = self.take(r"[a-z_][a-z_0-9]*")
        if name is None:
            return [float(self.take(r"[-+0-9.e]+"))]
        if name in self.functions:
            self.take(r"\(")
            arguments = self.read()
            while self.take(","):
                arguments += self.read()
            self.take(r"\)")
            return self.functions[name](arguments)
        x = self.seen[name]
        while (index := self.take(r"\[[0-9.]+\]")):
            first, _, last = index[1:-1].partition("..")
            x = x[int(first):int(last) + 1] if last else x[int(first)]
        return x if isinstance(x, str) else values(x)


def half_of_last_digit(text):
    mantissa, _, exponent = text.lower().partition("e")
    after = len(mantissa.partition(".")[2])
    return 0.5 * 10.0 ** (int(exponent or 0) - after)


def holds(got, written):
    if isinstance(got, str):
        return got == written
    words = written.split()
    # torch adds in other orders: a hair more than half of the last digit.
    return len(words) == len(got) and all(
        abs(g - float(w)) <= half_of_last_digit(w) + 1e-6 + 2e-5 * abs(g)
        for g, w in zip(got, words))


def main():
    seen, passed, failed, left = running_example(), 0, 0, 0
    for path in sorted(glob.glob("src/*/*.[ch]") + glob.glob("chapters/**/*.[ch]", recursive=True)):
        for number, line in enumerate(open(path, encoding="utf-8"), 1):
            if "//= " not in line or '"//= ' in line or "expression -> value" in line:
                continue
            expression, _, written = line.split("//= ", 1)[1].partition("->")
            written = written.split("  (")[0].strip()
            if re.search(r"\bdart\b", expression):
                left += 1
                continue
            got = Reader(expression, seen).read()
            if holds(got, written):
                passed += 1
            else:
                failed += 1
                print(f"{path}:{number}: {expression.strip()} is {got}, not {written}")
    print(f"{left} left to the engine (its own random numbers)")
    if passed < 15:
        print(f"only {passed} lines were found")
        failed += 1
    print(f"{passed} passed, {failed} failed")
    return failed > 0


sys.exit(main())

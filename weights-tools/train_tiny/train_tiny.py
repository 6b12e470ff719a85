"""train_tiny.py - make a tiny language model from a folder of plain text

      corpus/*.txt ──► stories ──► byte-level BPE ──► one long row of ids
                          │          2048 tokens              │
              held-out books                          24 × 256 ids a step,
              (never trained on)                      cut at random
                          │                                   │
                          ▼                                   ▼
                 loss per token  ◄── evaluate ──── AdamW on a small transformer
                                                              │
                                            checkpoint.pt (resume), model/ (ship)

This is the recipe behind models/storyteller. The engine never needs it: it is
here so that a class can make a model of its own texts. It uses PyTorch and
transformers (see README.md beside this file for the versions and for times).

What it promises:
- Run it again with the same --out and it goes on where it stopped: weights,
  optimizer, step and random state are in checkpoint.pt, written beside and
  renamed, so that a power cut loses minutes and never the file.
- A file named `pause` in --out makes it wait between two steps, for as long as
  the file is there: time something else meanwhile.
- The last step writes --out/model in Hugging Face layout, and prints the
  held-out loss by the definition in models/README.md.
"""

import argparse
import json
import math
import os
import pathlib
import time

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (GPTNeoXConfig, GPTNeoXForCausalLM, LlamaConfig, LlamaForCausalLM,
                          StableLmConfig, StableLmForCausalLM, AutoModelForCausalLM)

END = "<|endoftext|>"          # BOS and EOS in one: stands between two stories
SEPARATOR = "<|story|>"        # a line of its own in the corpus files
CONTEXT = 256                  # ids in one training row
ROWS = 24                      # rows in one step


def read_stories(path):
    """The stories of one book: cut at separator lines, one paragraph a line (the
    blank lines between paragraphs say nothing and would cost a token each)."""
    stories = []
    for story in path.read_text(encoding="utf-8").split(SEPARATOR):
        lines = [line.strip() for line in story.splitlines() if line.strip()]
        if lines:
            stories.append("\n".join(lines))
    return stories


def split_books(corpus, held_out):
    """(stories to learn, stories to judge by); a book is held out when its
    file name contains one of the given words."""
    learn, judge = [], []
    for path in sorted(pathlib.Path(corpus).glob("*.txt")):
        out = any(word in path.name for word in held_out)
        (judge if out else learn).extend(read_stories(path))
    if not learn:
        raise SystemExit(f"error: no *.txt to learn from in {corpus}")
    return learn, judge


def train_tokenizer(stories, size):
    """A byte-level BPE: every byte has a token, so every text can be written."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(stories, trainers.BpeTrainer(
        vocab_size=size, special_tokens=[END], show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())))
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{END} $A", pair=f"{END} $A {END} $B:1", special_tokens=[(END, 0)])
    return tokenizer


def build_model(arguments, vocabulary):
    """A transformer of one of the three architectures that the engine knows."""
    common = dict(vocab_size=vocabulary, hidden_size=arguments.width,
                  num_hidden_layers=arguments.layers, num_attention_heads=arguments.heads,
                  intermediate_size=arguments.feed_forward, max_position_embeddings=CONTEXT,
                  bos_token_id=0, eos_token_id=0)
    if arguments.architecture == "llama":
        return LlamaForCausalLM(LlamaConfig(
            num_key_value_heads=arguments.kv_heads, rms_norm_eps=1e-5,
            tie_word_embeddings=True, **common))
    if arguments.architecture == "stablelm":
        return StableLmForCausalLM(StableLmConfig(
            num_key_value_heads=arguments.kv_heads, use_qkv_bias=True,
            tie_word_embeddings=False, **common))
    return GPTNeoXForCausalLM(GPTNeoXConfig(tie_word_embeddings=False, **common))


@torch.no_grad()
def evaluate(model, tokenizer, stories):
    """Mean nats per token: each story by itself, in windows of CONTEXT - 1 ids
    behind BOS, every id scored once, float32 (models/README.md)."""
    model.eval()
    total, count = 0.0, 0
    for story in stories:
        ids = tokenizer.encode(story, add_special_tokens=False).ids
        windows = [ids[i:i + CONTEXT - 1] for i in range(0, len(ids), CONTEXT - 1)]
        for window in windows:
            x = torch.tensor([[0] + window])
            logits = model(input_ids=x).logits[0, :-1]
            total += torch.nn.functional.cross_entropy(
                logits.float(), x[0, 1:], reduction="sum").item()
            count += len(window)
    model.train()
    return total / max(count, 1), count


def learning_rate(step, arguments):
    """60 steps up, then a cosine down to 5 %."""
    if step < arguments.warm_up:
        return arguments.rate * (step + 1) / arguments.warm_up
    done = (step - arguments.warm_up) / max(1, arguments.steps - arguments.warm_up)
    return arguments.rate * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * done)))


def save_checkpoint(path, model, optimizer, generator, step):
    beside = path.with_suffix(".part")
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(),
                "random": generator.get_state(), "step": step}, beside)
    os.replace(beside, path)


def export(model, tokenizer, folder, dtype):
    """Hugging Face layout: what the engine and every other program reads."""
    model = model.to(getattr(torch, dtype))
    model.generation_config.update(do_sample=True, temperature=0.8, top_p=0.95)
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    (folder / "tokenizer_config.json").write_text(json.dumps(
        {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": END, "eos_token": END,
         "model_max_length": CONTEXT, "clean_up_tokenization_spaces": False}, indent=1))


def train(arguments):
    out = pathlib.Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    generator = torch.Generator().manual_seed(arguments.seed)
    learn, judge = split_books(arguments.corpus, arguments.held_out)

    # One tokenizer: given, kept from an earlier run, or learned from the text.
    kept = out / "tokenizer.json"
    if arguments.tokenizer:
        tokenizer = Tokenizer.from_file(arguments.tokenizer)
    elif kept.exists():
        tokenizer = Tokenizer.from_file(str(kept))
    else:
        tokenizer = train_tokenizer(learn, arguments.vocabulary)
    tokenizer.save(str(kept), pretty=False)

    # One long row of ids: END story END story …
    row = [i for s in learn for i in [0] + tokenizer.encode(s, add_special_tokens=False).ids]
    row = torch.tensor(row)
    print(f"{len(learn)} stories, {len(row):,} ids; {len(judge)} stories held out", flush=True)

    if arguments.start:
        model = AutoModelForCausalLM.from_pretrained(arguments.start, dtype=torch.float32)
    else:
        model = build_model(arguments, tokenizer.get_vocab_size())
    # Weight decay pulls matrices towards zero; norms and biases are left alone.
    groups = [{"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": 0.1},
              {"params": [p for p in model.parameters() if p.dim() <= 1], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=arguments.rate, betas=(0.9, 0.95))
    step, checkpoint = 0, out / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        generator.set_state(state["random"])
        step = state["step"]
        print(f"going on from step {step}", flush=True)

    saved = shown = time.monotonic()
    while step < arguments.steps:
        while (out / "pause").exists():
            time.sleep(1)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, arguments)
        starts = torch.randint(0, len(row) - CONTEXT - 1, (ROWS,), generator=generator)
        x = torch.stack([row[s:s + CONTEXT + 1] for s in starts])
        with torch.autocast("cpu", torch.bfloat16, enabled=arguments.fast):
            logits = model(input_ids=x[:, :-1]).logits
        loss = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), x[:, 1:].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1

        now = time.monotonic()
        if step % 20 == 0:
            print(f"step {step:6d}  loss {loss.item():.4f}  {20 / (now - shown):.2f} steps/s",
                  flush=True)
            shown = now
        if now - saved > 120 or step == arguments.steps:
            save_checkpoint(checkpoint, model, optimizer, generator, step)
            saved = now
        if judge and arguments.look and step % arguments.look == 0:
            print("held out {:.4f} over {:,} ids".format(*evaluate(model, tokenizer, judge)),
                  flush=True)

    export(model, tokenizer, out / "model", arguments.dtype)
    if judge:
        shipped = AutoModelForCausalLM.from_pretrained(out / "model", dtype=torch.float32)
        print("held out, as shipped: {:.4f} nats per token over {:,} ids".format(
            *evaluate(shipped, tokenizer, judge)))
    print(f"ids seen in this run: {step * ROWS * CONTEXT:,}; the model is in {out / 'model'}")


def parse():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--corpus", required=True, help="folder of .txt files")
    p.add_argument("--out", required=True, help="folder for checkpoint and model")
    p.add_argument("--held-out", nargs="*", default=[], help="words in names of books to hold out")
    p.add_argument("--tokenizer", help="tokenizer.json to use instead of learning one")
    p.add_argument("--start", help="model folder to begin from instead of random weights")
    p.add_argument("--architecture", choices=["llama", "stablelm", "gpt_neox"], default="llama")
    p.add_argument("--vocabulary", type=int, default=2048)
    p.add_argument("--width", type=int, default=192)
    p.add_argument("--layers", type=int, default=6)
    p.add_argument("--heads", type=int, default=6)
    p.add_argument("--kv-heads", type=int, default=2)
    p.add_argument("--feed-forward", type=int, default=512)
    p.add_argument("--steps", type=int, default=3000)
    p.add_argument("--rate", type=float, default=2e-3)
    p.add_argument("--warm-up", type=int, default=60)
    p.add_argument("--dtype", choices=["bfloat16", "float16", "float32"], default="bfloat16")
    p.add_argument("--fast", action="store_true", help="bfloat16 products while training")
    p.add_argument("--look", type=int, default=0, help="judge every so many steps")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--seed", type=int, default=1)
    return p.parse_args()


if __name__ == "__main__":
    train(parse())

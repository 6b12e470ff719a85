"""chat_templates.py - conversations through apply_chat_template and through ours

    seeded random         ┌──► transformers: Jinja ──► text ─► tokenizers ─► ids ──┐
    conversations ────────┤                                                        │
                          └──► chat_tool: the table ─► text ─► our tokenizer ids ──┴► equal?

    a known template, ────┬──► chat_tool: refused, or taken ──┐
    broken at random      └──► transformers' own text ────────┴──► taken only if equal

    python3 tests/oracle/chat_templates.py

First: CONVERSATIONS (300) for each folder of FOLDERS, which are real ones from
$BILLION_DATA/models and $SMOLLM2, and their tokenizers with other templates: those of
StableLM 2 as they are commonly spelled, the spellings of ChatML, a template by name.
The text is what the folder's own tokenizer makes of it in transformers; Llama 3 is
given date_string, as its template else says today's date. The ids are those of the
folder's tokenizer.json in `tokenizers`, nothing added (transformers 5 builds its own
for TinyLlama).

Second: SPELLINGS (500) random changes of each known template. One that is taken
must write the same as Jinja for a dozen conversations. One that Jinja cannot run is
counted only: no model has it.

Environment: LIB, the library; CC; CFLAGS; BILLION_DATA; SMOLLM2.
"""

import json
import os
import pathlib
import random
import shlex
import subprocess
import sys
import tempfile

import jinja2
import tokenizers
import transformers

CONVERSATIONS = int(os.environ.get("CONVERSATIONS", "300"))
SPELLINGS = int(os.environ.get("SPELLINGS", "500"))
SHOWN = 5                       # differences of one kind that are printed
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MODELS = pathlib.Path(os.environ.get("BILLION_DATA", "/nowhere")) / "models"
SMOLLM2 = pathlib.Path(os.environ.get("SMOLLM2", "/nowhere"))
DATE = "26 Jul 2024"            # what Llama 3's template says when nobody knows

PLAIN = ("{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + "
         "message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"
         "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")
LINES = """{% if not add_generation_prompt is defined %}
    {% set add_generation_prompt = false %}
{% endif %}
{%- for message in messages %}
    {{- "<|im_start|>" + message.role + "\\n" }}
    {#- whatever was said #}
    {{- message.content }}<|im_end|>
{% endfor %}
{%- if add_generation_prompt -%}
    <|im_start|>assistant
{% endif %}
"""
DEFAULT = PLAIN.replace(
    "messages %}{{'", "messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\\nIt\\'s \"you\", {{ \\\\ }}\\t.\\n\\n\u4f60\u597d<|im_end|>\\n' }}"
    "{% endif %}{{'", 1)
ROLES = "".join(
    "{% " + ("if" if role == "user" else "elif") + " message['role'] == '" + role
    + "' %}\n{{ '<|" + role + "|>\n' + message['content'] + eos_token }}\n"
    for role in ("user", "system", "assistant"))
ZEPHYR = ("{% for message in messages %}\n" + ROLES + "{% endif %}\n"
          "{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n"
          "{% endif %}\n{% endfor %}")
SHORT = ("{% for message in messages %}{{ '<|' + message['role'] + '|>\\n' + "
         "message['content'] + '<|endoftext|>' + '\\n' }}{% endfor %}"
         "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}")


def build_tool(folder):
    """chat_tool, linked with the library under test."""
    library = os.environ.get("LIB", str(ROOT / "build" / "libbillion.a"))
    tool = os.path.join(folder, "chat_tool")
    subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-O2", "-D_GNU_SOURCE", "-pthread",
                    *shlex.split(os.environ.get("CFLAGS", "")), f"-I{ROOT}/src",
                    "-o", tool, str(HERE / "chat_tool.c"), library, "-lm"], check=True)
    return tool


def ask(tool, folder, name, lines):
    """The tool's answers, one per line."""
    command = [tool, str(folder)] + ([name] if name else [])
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    out = subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout
    answers = [json.loads(line) for line in out.decode().split("\n") if line]
    assert len(answers) == len(lines), "an answer is missing"
    return answers


# --- random conversations ---------------------------------------------------

# White space of every kind (str.strip's, and three that look like it), and what a
# template or a tokenizer could stumble over.
BLANKS = [" ", "  ", "\n", "\n\n", "\t", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e",
          "\x1f", "\x85", "\xa0", "\u1680", "\u2000", "\u2009", "\u200a", "\u2028", "\u2029",
          "\u202f", "\u205f", "\u3000", "\u200b", "\ufeff", "\u180e"]
PARTS = ["Hi", "What is 2 + 2?", "The capital of France is Paris.", "caf\u00e9", "\u4f60\u597d",
         "\U0001f999", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u05e9\u05dc\u05d5\u05dd",
         "\u0928\u092e\u0938\u094d\u0924\u0947", "e\u0301", "1234567890", "x" * 70,
         "<|im_start|>", "<|im_end|>", "<|im_end|", "<|user|>", "<|assistant|>\n", "<|eot_id|>",
         "<|start_header_id|>user<|end_header_id|>\n\n", "<|begin_of_text|>", "</s>", "<s>",
         "<|endoftext|>", "{{ bos_token }}", "{% endfor %}", "{# no #}", "{", "}}", "'", "\"",
         "\\n", "\\", "\x01", "\x02", "\x03", "\x7f", "def f(x):\n    return {'a': x}\n", "- a\n- b"]


def content(r):
    text = "".join(r.choice(BLANKS if r.random() < 0.4 else PARTS)
                   for _ in range(r.choice([0, 1, 1, 2, 3, 5, 8])))
    return r.choice(BLANKS) + text + r.choice(BLANKS) if r.random() < 0.4 else text


def conversation(r):
    turns = [["system", content(r)]] if r.random() < 0.4 else []
    for i in range(r.choice([1, 1, 1, 2, 3, 5, 9])):
        turns.append([["user", "assistant"][i % 2], content(r)])
    if r.random() < 0.15:           # also in orders that nobody meant
        turns.append([r.choice(["system", "user", "assistant"]), content(r)])
        r.shuffle(turns)
    return turns


def render(tokenizer, turns, **more):
    return tokenizer.apply_chat_template(
        [{"role": role, "content": text} for role, text in turns], tokenize=False,
        add_generation_prompt=True, date_string=DATE, **more)


# --- folders ----------------------------------------------------------------

def made(scratch, name, tokenizer, config, jinja=None):
    """A folder with that tokenizer.json and these files."""
    folder = pathlib.Path(scratch) / name
    folder.mkdir()
    (folder / "tokenizer.json").symlink_to(tokenizer.resolve())
    config = {"tokenizer_class": "PreTrainedTokenizerFast", **config}
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    if jinja is not None:
        (folder / "chat_template.jinja").write_text(jinja, encoding="utf-8")
    return folder


def folders(scratch):
    """(name, folder, --template or None, the format that must be seen)"""
    tiny, llama = MODELS / "TinyLlama-1.1B-Chat-v1.0", MODELS / "Llama-3.2-1B-Instruct"
    stable, neox = MODELS / "stablelm-2-1_6b", MODELS / "pythia-1b"
    story = ROOT / "models" / "storyteller" / "tokenizer.json"
    end = "<|endoftext|>"

    yield "TinyLlama", tiny, None, "zephyr"
    yield "Llama 3.2", llama, None, "llama3"
    yield "SmolLM2", SMOLLM2, None, "chatml"
    if (stable / "tokenizer.json").exists():
        file = stable / "tokenizer.json"
        yield "StableLM 2 zephyr", made(scratch, "a", file, {
            "chat_template": ZEPHYR, "eos_token": end}), None, "zephyr"
        yield "StableLM 2 zephyr, short", made(scratch, "b", file, {
            "chat_template": SHORT}), None, "stablelm-zephyr"
        yield "StableLM 2 chat", made(scratch, "c", file, {
            "chat_template": PLAIN, "eos_token": "<|im_end|>"}), None, "chatml"
        yield "--template stablelm-zephyr", made(scratch, "d", file, {
            "chat_template": SHORT}), "stablelm-zephyr", "stablelm-zephyr"
    if (neox / "tokenizer.json").exists():
        file = neox / "tokenizer.json"
        yield "Pythia, --template zephyr", made(scratch, "e", file, {
            "chat_template": ZEPHYR, "eos_token": {"content": end, "__type": "AddedToken"}}), \
            "zephyr", "zephyr"
        yield "Pythia, --template chatml", made(scratch, "f", file, {
            "chat_template": PLAIN}), "chatml", "chatml"
    yield "storyteller, a default", made(scratch, "g", story, {
        "chat_template": DEFAULT}), None, "chatml"
    yield "storyteller, many lines", made(scratch, "h", story, {
        "chat_template": LINES}), None, "chatml"
    yield "storyteller, a list", made(scratch, "i", story, {"chat_template": [
        {"name": "tool_use", "template": "no"},
        {"name": "default", "template": PLAIN}]}), None, "chatml"
    yield "storyteller, chat_template.jinja", made(scratch, "j", story, {
        "chat_template": PLAIN, "eos_token": end}, ZEPHYR), None, "zephyr"


def judge(tool, folder, name, want):
    """(passed, failed) of one folder."""
    r = random.Random(f"{folder.name} {name}")
    talks = [conversation(r) for _ in range(CONVERSATIONS)]
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    file = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    # Where the vocabulary has a gap the package numbers added tokens anew.
    added = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["added_tokens"]
    moved = {file.token_to_id(token["content"]): token["id"] for token in added}
    passed, wrong = 0, []
    for turns, ours in zip(talks, ask(tool, folder, name, [{"turns": t} for t in talks])):
        text = render(tokenizer, turns)
        ids = [moved.get(i, i) for i in file.encode(text, add_special_tokens=False).ids]
        if ours == {"format": want, "text": text, "ids": ids}:
            passed += 1
        else:
            wrong.append((turns, ours, text, ids))
    for turns, ours, text, ids in wrong[:SHOWN]:
        print(f"  FAILED {turns!r}\n    ours   {ours!r}\n    theirs {text!r}\n    {ids}")
    return passed, len(wrong)


# --- random spellings -------------------------------------------------------

SWAPS = [("{%", "{%-"), ("{%-", "{%"), ("{{", "{{-"), ("{{-", "{{"), ("%}", "-%}"), ("-%}", "%}"),
         ("}}", "-}}"), ("-}}", "}}"), ("{%", "{%+"), ("%}", "+%}"), ("['role']", ".role"),
         ("['content']", ".content"), (".role", "['role']"), ("['", "[ \""), ("']", "\" ]"),
         ("'", "\""), ("\"", "'"), (" + ", " }}{{ "), (" + ", " ~ "), ("\\n", "\n"), ("\n", "\\n"),
         ("}}", "+ ''}}"), ("{{ ", "{{ '' + "), ("%}{", "%}\n{"), ("}}{", "}}\n{"), ("%}{", "%} {"),
         ("%}\n", "%}"), ("}}\n", "}}"), ("{%", "{# x #}{%"), ("{%", "{#- x -#}{%"),
         ("%}", "%}\n{# x #}\n"), ("{{", "\n    {{"), ("{%", "\n    {%"), ("{{", "{{\n"),
         ("\n", "\r\n"), ("user", "User"), (" | trim", ""), ("|", ""), (" ", ""), (" ", "  "),
         ("{% if", "{% if not"), ("loop.last and", ""), ("eos_token", "bos_token"), ("==", "!=")]


def misspelt(r, template):
    """One to three random changes; mostly such as do not matter."""
    for _ in range(r.choice([1, 1, 2, 3])):
        if r.random() < 0.2:
            at = r.randrange(len(template))
            cut = at + r.choice([0, 0, 1, 2])
            template = template[:at] + r.choice(["", " ", "\n", "-", "+", "'", "x", "{", "}", "\\",
                                                 "(", "\t"]) + template[cut:]
            continue
        old, new = r.choice(SWAPS)
        places = [i for i in range(len(template)) if template.startswith(old, i)]
        if places and r.random() < 0.3:
            template = template.replace(old, new)
        elif places:
            at = r.choice(places)
            template = template[:at] + new + template[at + len(old):]
    return template


def judge_spellings(tool, folder, name, known):
    """(passed, failed): what is taken writes the same."""
    r = random.Random(name)
    talks = [[["user", " Hi\n"]], [["system", " s "], ["user", ""], ["assistant", "a\t"],
                                   ["user", "u"]], [["assistant", "\\n"], ["system", "'x'"]]]
    talks += [conversation(r) for _ in range(9)]
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    sources = [known] + [misspelt(r, known) for _ in range(SPELLINGS)]
    lines = [{"template": source, "bos": "<s>", "eos": "</s>", "turns": turns}
             for source in sources for turns in talks]
    answers = ask(tool, folder, None, lines)
    taken = failed = refused = 0
    for i, source in enumerate(sources):
        ours = answers[i * len(talks):(i + 1) * len(talks)]
        if "text" not in ours[0]:
            continue
        taken += 1
        try:
            theirs = [render(tokenizer, turns, chat_template=source, bos_token="<s>",
                             eos_token="</s>") for turns in talks]
        except (jinja2.TemplateSyntaxError, TypeError):      # 'a' + +x is a TypeError
            refused += 1
            continue
        if [a.get("text") for a in ours] != theirs:
            failed += 1
            if failed <= SHOWN:
                print(f"  FAILED: taken, but writes something else\n    {source!r}\n"
                      f"    ours   {ours[0]!r}\n    theirs {theirs[0]!r}")
    changed = len(set(sources))
    print(f"{name}: of {changed} spellings {taken} are taken, {failed} wrongly; Jinja cannot "
          f"run {refused} of these", flush=True)
    # A reader that takes nothing is always right: some changes do not matter.
    return len(sources) - failed, failed + (taken < len(sources) // 20)


def main():
    passed = failed = skipped = 0
    with tempfile.TemporaryDirectory() as scratch:
        tool = build_tool(scratch)
        for name, folder, template, want in folders(scratch):
            if not (folder / "tokenizer_config.json").exists():
                print(f"skipped: {name}: BILLION_DATA or SMOLLM2 has no such folder")
                skipped += 1
                continue
            p, f = judge(tool, folder, template, want)
            print(f"{name}: {p} equal, {f} different", flush=True)
            passed, failed = passed + p, failed + f
        known = {"PLAIN": PLAIN, "LINES": LINES, "DEFAULT": DEFAULT, "ZEPHYR": ZEPHYR,
                 "SHORT": SHORT}
        llama = MODELS / "Llama-3.2-1B-Instruct" / "tokenizer_config.json"
        if llama.exists():
            known["LLAMA3"] = json.loads(llama.read_text(encoding="utf-8"))["chat_template"]
        for name, source in known.items():
            p, f = judge_spellings(tool, ROOT / "models" / "storyteller", name, source)
            passed, failed = passed + p, failed + f
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""tokenizers_random.py - random texts and ids through `tokenizers` and through ours

    seeded random texts ──┬──► tokenizers (Rust) ──► ids ──┐
                          └──► tok_tool (ours)  ───► ids ──┴──► equal?

    random ids ───────────┬──► tokenizers.decode ──► text ─┐
                          └──► tok_tool, and as a stream ──┴──► equal?

    python3 tests/oracle/tokenizers_random.py [tokenizer.json …]

For every tokenizer.json in $BILLION_DATA/models, models/ and $SMOLLM2 (or those
given): TEXTS (20000) texts without and with BOS, DECODES (3000) lists of ids with
special tokens left out and not. Environment: LIB, the library; CC; CFLAGS.

Two differences are ours on purpose. They are counted and listed, not failed:
- The package's tables for NFC are older than Unicode 16: it leaves some
  combining marks in the wrong order. Excused is a text whose NFC by the package
  differs from unicodedata2's, if our ids are those that the package gives to
  unicodedata2's NFC.
- An added token keeps the id that the file gives it. The package gives it the
  next free number when the vocabulary has a gap (StableLM 2: 100256 for 100257). Its
  ids are carried over by the tokens' content before they are compared.
"""

import glob
import json
import os
import pathlib
import random
import shlex
import struct
import subprocess
import sys
import tempfile

import tokenizers
import unicodedata2

TEXTS = int(os.environ.get("TEXTS", "20000"))
DECODES = int(os.environ.get("DECODES", "3000"))
SHOWN = 5                       # differences of one kind that are printed
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def build_tool(folder):
    """tok_tool, linked with the library under test."""
    library = os.environ.get("LIB", str(ROOT / "build" / "libbillion.a"))
    tool = os.path.join(folder, "tok_tool")
    subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-O2", "-D_GNU_SOURCE",
                    *shlex.split(os.environ.get("CFLAGS", "")), f"-I{ROOT}/src",
                    "-o", tool, str(HERE / "tok_tool.c"), library, "-lm"], check=True)
    return tool


# --- random texts -----------------------------------------------------------

WORDS = """the of and Once upon a time there was 's 'S 't 're 'VE 'll 'd 'M I'm don't we'LL
it'\u017f caf\u00e9 nai\u0308ve Stra\u00dfe \u01c4 \ufb01n \u4f60\u597d \u4e16\u754c \u3053\u3093\u306b\u3061\u306f
\ud55c\uad6d\uc5b4
\u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u0928\u092e\u0938\u094d\u0924\u0947
\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 \u05e9\u05b8\u05dc\u05d5\u05b9\u05dd
\u041f\u0440\u0438\u0432\u0435\u0442
1 12 123 1234 2024 3.14 1,000,000 \u0663\u0664 \u00bd \u00b2 \u2167 \u096a\u0968
int main(void) {return 0;} http://x.y/z?q=1&r=2 a_b
<0x41> <0xE3> \u2581the \u2581 \u0120the \u010a <s </s <|im_ <|endoftext <| |>
""".split()
EMOJI = ["\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
         "\U0001f44d\U0001f3fd", "\U0001f1e9\U0001f1ea", "\u2764\ufe0f", "1\ufe0f\u20e3",
         "\U0001f636\u200d\U0001f32b\ufe0f", "\U0001f999"]
SPACES = [" ", "\n", "\t", "\r", "\r\n", "\u00a0", "\u3000", "\u2028", "\u0085", "\u200b",
          "\u1680", "\u2003", "\x0b", "\x0c", "\x1c", "\ufeff"]
MARKS = [chr(c) for c in range(0x300, 0x370)] + [chr(c) for c in (
    0x5b0, 0x64b, 0x653, 0x93c, 0x94d, 0xe38, 0x1dc4, 0x20d0, 0x3099, 0x302a, 0x1d165, 0x1e947,
    0x0f71, 0x0f72, 0x0f80, 0x1ab0, 0x08d3, 0x10f46)]


def code_point(r):
    """Any code point that is a character: every plane, the first ones more often."""
    while True:
        c = r.choice((r.randrange(0x80), r.randrange(0x800), r.randrange(0x3000),
                      r.randrange(0x10000), r.randrange(0x20000), r.randrange(0x110000),
                      0xac00 + r.randrange(11172), 0x1100 + r.randrange(256)))
        if not 0xd800 <= c <= 0xdfff:
            return chr(c)


def text_part(r, added):
    kind = r.randrange(17)
    if kind <= 2:
        return r.choice(("", " ")) + r.choice(WORDS)
    if kind == 3:
        return " " * r.choice((1, 1, 2, 3, 4, 7, 8, 16, 23, 24, 25, 31, 50, 80))
    if kind == 4:
        return "".join(r.choice(SPACES) for _ in range(r.randint(1, 6)))
    if kind == 5:
        return "".join(chr(r.randrange(32)) for _ in range(r.randint(1, 4)))
    if kind == 6:
        return r.choice("eaoAu\u01d5\u1e0b\uac00\u1100 x") + "".join(
            r.choice(MARKS) for _ in range(r.randint(1, 5)))
    if kind == 7:
        return r.choice(EMOJI)
    if kind == 8:
        word = r.choice(added) if added else "x"
        return r.choice((word, word, " " + word + " ", word[:-1], word + word))
    if kind == 9:
        return "".join(chr(r.randrange(0x20, 0x7f)) for _ in range(r.randint(1, 12)))
    if kind == 10:
        return r.choice("a.,-=0\u00e9\u4e00#'") * r.randint(1, 40)
    if kind == 11:      # blanks as SentencePiece writes them, and where words would be cut
        return "".join(r.choice("\u2581\u2581  aeT.\u00e9\U0001f600") for _ in range(r.randint(2, 12)))
    if kind == 12:      # contractions, in any case and with the old s
        return "".join(r.choice(("", " ", "I", "he", "\u4e00", "1")) + r.choice("'\u2019")
                       + r.choice(("s", "S", "\u017f", "t", "D", "m", "re", "rE", "VE", "ll", "lL",
                                   "l", "r", "\u017fs", "k")) for _ in range(r.randint(1, 4)))
    if kind == 13:      # a very long word, now and then
        letters = r.choice(("abcdeghilmnorstuy", "\u0430\u0435\u0438\u043d\u043e\u0442",
                            "e\u0301a\u0308", "\u4e00\u7684\u662f", "ACGT", "0123456789", "-=*"))
        return "".join(r.choice(letters) for _ in range(r.choice((20, 40, 40, 300))))
    if kind == 14:      # scripts next to each other
        return "".join(r.choice(WORDS)[:r.randint(1, 3)] for _ in range(r.randint(2, 6)))
    return "".join(code_point(r) for _ in range(r.randint(1, 8)))


def text(r, added):
    """Some parts; one in twenty is long and says the same few things again and again."""
    if r.randrange(20) == 0:
        few = [text_part(r, added) for _ in range(r.choice((5, 20, 60)))]
        return "".join(r.choice(few) for _ in range(r.choice((60, 200))))
    return "".join(text_part(r, added) for _ in range(r.choice((1, 1, 2, 3, 5, 8, 13))))


def texts_for(name, added):
    """The same for the same name; the first ones are the corners."""
    r = random.Random("texts of " + name)
    texts = ["", " ", "  ", "\n", "\0", "\0\0 a", "\U0010ffff", " " * 3000, "a" * 3000,
             "\u00e9" * 1000, "e\u0301" * 1000, "\n" * 1000, "0" * 1000] + added
    while len(texts) < TEXTS:
        texts.append(text(r, added))
    return texts[:TEXTS]


def ids_for(name, size, bytes_like):
    """Lists of ids, those that spell single bytes more often, and a few that are none."""
    r = random.Random("ids of " + name)
    return [[r.choice((r.randrange(size), r.choice(bytes_like), r.choice(bytes_like),
                       r.randrange(min(300, size)), size + r.randrange(3)))
             for _ in range(r.choice((0, 1, 2, 5, 20)))] for _ in range(DECODES)]


# --- the two sides -------------------------------------------------------------

def ask(tool, path, questions):
    """All questions at once; an answer is a list of ids or a text."""
    data = bytearray()
    for kind, value in questions:
        payload = value.encode() if kind in "ES" else struct.pack(f"={len(value)}i", *value)
        data += kind.encode() + struct.pack("=I", len(payload) if kind in "ES" else len(value))
        data += payload
    out = subprocess.run([tool, path], input=bytes(data), stdout=subprocess.PIPE, check=True).stdout
    at, answers = 0, []
    for kind, _ in questions:
        n = struct.unpack_from("=I", out, at)[0]
        at += 4
        if kind in "ES":
            answers.append(list(struct.unpack_from(f"={n}i", out, at)))
            at += 4 * n
        else:
            answers.append(out[at:at + n].decode())
            at += n
    return answers


class Judge:
    """The package's tokenizer, its ids carried over to the file's."""

    def __init__(self, path, file):
        self.tokenizer = tokenizers.Tokenizer.from_file(path)
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.to_file = {self.tokenizer.token_to_id(t["content"]): t["id"]
                        for t in file.get("added_tokens", [])}
        self.moved = {a: b for a, b in self.to_file.items() if a != b}
        self.to_package = {b: a for a, b in self.to_file.items()}
        # An id of the package that no token of the file has: never handed to it.
        self.none = 1 << 30
        self.nfc = "NFC" in json.dumps(file.get("normalizer"))
        if self.nfc:                    # its only step in the files here
            self.without = tokenizers.Tokenizer.from_str(
                json.dumps({**file, "normalizer": None, "truncation": None, "padding": None}))

    def encode(self, texts, special):
        return [[self.moved.get(i, i) for i in e.ids]
                for e in self.tokenizer.encode_batch(texts, add_special_tokens=special)]

    def decode(self, ids, skip):
        back = [self.to_package.get(i, self.none if i in self.moved else i) for i in ids]
        return self.tokenizer.decode(back, skip_special_tokens=skip)

    def nfc_is_old(self, text):
        return self.nfc and (tokenizers.normalizers.NFC().normalize_str(text)
                             != unicodedata2.normalize("NFC", text))

    def encode_right_nfc(self, text, special):
        e = self.without.encode(unicodedata2.normalize("NFC", text), add_special_tokens=special)
        return [self.moved.get(i, i) for i in e.ids]


def compare(tool, path, name):
    """(passed, failed, excused) for one tokenizer.json."""
    with open(path, encoding="utf-8") as f:
        file = json.load(f)
    judge = Judge(path, file)
    texts = texts_for(name, [t["content"] for t in file.get("added_tokens", [])])
    vocabulary = file["model"]["vocab"]
    size = 1 + max([*vocabulary.values(), *(t["id"] for t in file.get("added_tokens", []))])
    short = sorted(i for t, i in vocabulary.items() if len(t) == 1 or t.startswith("<0x"))
    lists = ids_for(name, size, short or [0])

    questions = ([("E", t) for t in texts] + [("S", t) for t in texts]
                 + [("D", i) for i in lists] + [("K", i) for i in lists])
    ours = ask(tool, path, questions)
    theirs = (judge.encode(texts, False) + judge.encode(texts, True)
              + [judge.decode(i, False) for i in lists] + [judge.decode(i, True) for i in lists])

    failed, excused = [], []
    for question, a, b in zip(questions, ours, theirs, strict=True):
        if a != b:
            old = (question[0] in "ES" and judge.nfc_is_old(question[1])
                   and a == judge.encode_right_nfc(question[1], question[0] == "S"))
            (excused if old else failed).append((question, a, b))
    for question, a, b in failed[:SHOWN]:
        print(f"  FAILED {question!r}\n    ours   {a!r}\n    theirs {b!r}")
    if excused:
        marks = sorted({c for q, _, _ in excused for c in q[1] if unicodedata2.combining(c)
                        and judge.nfc_is_old("a" + c + "\u0334") | judge.nfc_is_old("a\u0315" + c)
                        | judge.nfc_is_old("a\u0301" + c)})
        print(f"  excused, old NFC: {len(excused)}, with {len(marks)} marks: "
              + " ".join(f"U+{ord(c):04X}" for c in marks))
    if judge.moved:
        first = min(judge.moved)
        print(f"  carried over: {len(judge.moved)} added tokens, the package's "
              f"{first} is the file's {judge.moved[first]}")
    return len(questions) - len(failed) - len(excused), len(failed), len(excused)


def find_files():
    if len(sys.argv) > 1:
        return sys.argv[1:]
    data = os.environ.get("BILLION_DATA")
    files = sorted(glob.glob(f"{data}/models/*/tokenizer.json")) if data else []
    files += sorted(glob.glob(f"{ROOT}/models/*/tokenizer.json"))
    if os.environ.get("SMOLLM2"):
        files.append(os.path.join(os.environ["SMOLLM2"], "tokenizer.json"))
    return files


def main():
    passed = failed = excused = skipped = 0
    seen = {}
    for variable in ("BILLION_DATA", "SMOLLM2"):
        if not os.environ.get(variable) and len(sys.argv) < 2:
            print(f"skipped: {variable} names no folder")
            skipped += 1
    with tempfile.TemporaryDirectory() as scratch:
        tool = build_tool(scratch)
        for path in find_files():
            name = os.path.basename(os.path.dirname(path))
            content = pathlib.Path(path).read_bytes()
            if content in seen:
                print(f"{name}: the same file as {seen[content]}")
                continue
            seen[content] = name
            p, f, e = compare(tool, path, name)
            print(f"{name}: {p} equal, {f} different, {e} excused", flush=True)
            passed, failed, excused = passed + p, failed + f, excused + e
    print(f"{excused} excused")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())

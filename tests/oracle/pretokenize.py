"""pretokenize.py - where texts are cut, by `tokenizers` and by ours

    every code point ──┬──► Split on \\p{L}, \\p{N}, \\s; Digits ──┐
                       └──► unicode_class, unicode_is_digit ────┴──► equal?
    random texts ──────┬──► Split, ByteLevel (Rust, Oniguruma) ──┐
                       └──► pretokenize.c ───────────────────────┴──► equal?
    random texts ──────┬──► unicodedata2.normalize("NFC") ───────┐
                       └──► normalize.c ─────────────────────────┴──► equal?

    python3 tests/oracle/pretokenize.py

Each known spelling of a split pattern is asked with TEXTS (20000) texts of its own;
GPT-2's also as the one built into ByteLevel. Environment: LIB, the library; CC;
CFLAGS. tokenizers_random.py asks whole tokenizers; here each part stands alone.
"""

import os
import pathlib
import random
import shlex
import struct
import subprocess
import sys
import tempfile

from tokenizers import Regex, pre_tokenizers

TEXTS = int(os.environ.get("TEXTS", "20000"))
SHOWN = 5                       # differences that are printed
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
          r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
CL100K = (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}"
          r"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace("{1,3}", "")
PATTERNS = {
    "GPT-2": GPT2,
    "Llama 3": LLAMA3,
    "Llama 3 with real CR and LF": LLAMA3.replace(r"\r", "\r").replace(r"\n", "\n"),
    "cl100k, possessive": CL100K,
    "Qwen 2, StableLM 2": QWEN2,
    "Qwen 2 with real CR and LF": QWEN2.replace(r"\r", "\r").replace(r"\n", "\n"),
}

counts = {"passed": 0, "failed": 0, "skipped": 0}


def build_tool(folder):
    """split_tool, linked with the library under test."""
    library = os.environ.get("LIB", str(ROOT / "build" / "libbillion.a"))
    tool = os.path.join(folder, "split_tool")
    subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-O2", "-D_GNU_SOURCE",
                    *shlex.split(os.environ.get("CFLAGS", "")), f"-I{ROOT}/src",
                    "-o", tool, str(HERE / "split_tool.c"), library, "-lm"], check=True)
    return tool


def report(what, differences, asked):
    """One check: nothing may differ, and something must have been asked."""
    fine = not differences and asked > 0
    counts["passed" if fine else "failed"] += 1
    print(f"{'ok  ' if fine else 'FAIL'} {what}: {asked} asked, {len(differences)} differ")
    for difference in differences[:SHOWN]:
        print("     ", ascii(difference))


# --- code points ----------------------------------------------------------------

def chosen(pre_tokenizer, beside):
    """The code points that pre_tokenizer makes a piece of, each beside a neutral one."""
    found = set()
    for block in range(0, 0x110000, 4096):
        points = [c for c in range(block, block + 4096) if not 0xd800 <= c <= 0xdfff]
        text = "".join(beside + chr(c) for c in points)
        for _, (begin, end) in pre_tokenizer.pre_tokenize_str(text):
            if begin % 2 == 1 and end == begin + 1:
                found.add(points[begin // 2])
    return found


def check_classes(tool):
    ours = subprocess.run([tool, "classes"], stdout=subprocess.PIPE, check=True).stdout

    def matches(regex):
        return pre_tokenizers.Split(Regex(regex), "removed", invert=True)

    for what, reference, mine in (
            (r"\p{L}", chosen(matches(r"\p{L}"), "!"), lambda b: b & 3 == 1),
            (r"\p{N}", chosen(matches(r"\p{N}"), "!"), lambda b: b & 3 == 2),
            (r"\s", chosen(matches(r"\s"), "!"), lambda b: b & 3 == 3),
            ("Digits", chosen(pre_tokenizers.Digits(individual_digits=True), "!"),
             lambda b: b & 4 != 0)):
        got = {c for c in range(0x110000) if mine(ours[c])}
        report("code points of " + what, [hex(c) for c in sorted(got ^ reference)],
               len(reference))


# --- texts ------------------------------------------------------------------------

PARTS = ("'s 't 're 've 'm 'll 'd 'S 'T 'RE 'Ve 'M 'lL 'D '\u017f 'x ' '' a Z ab \u00e9 \u017f \u212a "
         "\u4e2d \ud55c \u0639 0 7 12 345 6789 \u0663 \u216b \u00bd ! . ( -- \u20ac \u0301 \u0308 \u200b "
         "\u200d \u180e \ufeff \U0001f600 \U00011de0 \U0010ffff").split(" ") + [
             " ", " ", "  ", "   ", "\n", "\n", "\r", "\r\n", "\t", "\v", "\f", "\x1c", "\x1f", "\x00",
             "\u0085", "\u00a0", "\u1680", "\u2003", "\u2028", "\u2029", "\u202f", "\u3000"]


def code_point(r):
    """Any character: every plane, the first ones more often."""
    while True:
        c = r.randrange(r.choice((0x80, 0x100, 0x800, 0x3100, 0x10000, 0x20000, 0x110000)))
        if not 0xd800 <= c <= 0xdfff:
            return chr(c)


def texts_for(name):
    """The same for the same name; the first ones are the corners."""
    r = random.Random(name)
    texts = ["", " ", "'", " " * 5000, "a" * 5000, "\n" * 5000, "1" * 5000, "\u3000" * 500 + "x",
             "\u0301" * 5000, "e\u0301" * 1000] + PARTS
    while len(texts) < TEXTS:
        known = r.choice((0.0, 0.5, 0.9, 1.0))
        texts.append("".join(r.choice(PARTS) if r.random() < known else code_point(r)
                             for _ in range(r.choice((1, 2, 3, 5, 8, 13, 21, 34)))))
    return texts


def ask(tool, arguments, texts):
    """The raw answers to all texts at once."""
    data = b"".join(struct.pack("=I", len(b)) + b for b in (t.encode() for t in texts))
    return subprocess.run([tool, *arguments], input=data, stdout=subprocess.PIPE, check=True).stdout


def our_pieces(tool, regex, texts):
    answer, at = ask(tool, ["split", regex], texts), 0
    for text in texts:
        count = struct.unpack_from("=I", answer, at)[0]
        lengths = struct.unpack_from(f"={count}I", answer, at + 4)
        at += 4 + 4 * count
        data, begin, pieces = text.encode(), 0, []
        for length in lengths:
            pieces.append(data[begin:begin + length].decode())
            begin += length
        yield pieces


def check_pattern(tool, name, regex):
    """Isolated is what Llama 3's file asks for, removed and inverted StableLM 2's."""
    judges = {"isolated": pre_tokenizers.Split(Regex(regex), "isolated"),
              "removed, inverted": pre_tokenizers.Split(Regex(regex), "removed", invert=True)}
    if regex == GPT2:
        judges["ByteLevel"] = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    texts = texts_for(name)
    ours = list(our_pieces(tool, regex, texts))
    for judge, pre_tokenizer in judges.items():
        differences = []
        for text, pieces in zip(texts, ours):
            want = [text[begin:end] for _, (begin, end) in pre_tokenizer.pre_tokenize_str(text)]
            if pieces != want:
                differences.append((text, pieces, want))
        report(f"{name}, {judge}", differences, len(texts))


def check_nfc(tool):
    try:
        import unicodedata2
    except ImportError:
        counts["skipped"] += 1
        print("skipped: NFC (no unicodedata2)")
        return
    r = random.Random("NFC")
    database = [chr(c) for c in range(0x110000) if not 0xd800 <= c <= 0xdfff]
    marks = [c for c in database if unicodedata2.combining(c)]
    whole = [c for c in database if unicodedata2.decomposition(c)]
    parts = [p for c in whole if not unicodedata2.decomposition(c).startswith("<")
             for p in unicodedata2.normalize("NFD", c)]
    jamo = [chr(c) for c in range(0x1100, 0x1200)]
    syllables = [chr(c) for c in range(0xac00, 0xd7a4)]
    kinds = (marks, marks, whole, parts, parts, jamo, syllables, "aeosx \n", PARTS[:-22])
    texts = texts_for("NFC texts")[:TEXTS // 2]
    while len(texts) < TEXTS:
        texts.append("".join(r.choice(r.choice(kinds)) for _ in range(r.randint(1, 12))))
    answer, at, differences = ask(tool, ["nfc"], texts), 0, []
    for text in texts:
        length = struct.unpack_from("=I", answer, at)[0]
        got = answer[at + 4:at + 4 + length].decode()
        at += 4 + length
        want = unicodedata2.normalize("NFC", text)
        if got != want:
            differences.append((text, got, want))
    report("NFC, Unicode " + unicodedata2.unidata_version, differences, len(texts))


def main():
    with tempfile.TemporaryDirectory() as folder:
        tool = build_tool(folder)
        check_classes(tool)
        for name, regex in PATTERNS.items():
            check_pattern(tool, name, regex)
        check_nfc(tool)
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
    sys.exit(1 if counts["failed"] else 0)


main()

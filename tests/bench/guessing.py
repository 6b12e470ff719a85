"""guessing.py - what a draft brings, in pairs

    python3 tests/bench/guessing.py MODEL [-n 100] [--random] [--temperature 0] [--k 2,4,auto]
                                       [DRAFT…]                    (RUN=build/run)

Ten prompts are written on plainly, then with each draft and K; plain again
before each, so that both see the same machine. What is compared is tokens per second of
writing, as --json reports them; shown is the median of the ten ratios, and the smallest
and largest. With --random the prompts are words of random letters, and a high temperature
makes what follows as random: where nothing can be guessed, how much is lost? A table of
times proves nothing when other programs run.
"""

import argparse
import pathlib
import random
import statistics
import string
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracle"))
from acceptance import BEGINNINGS, QUESTIONS, answer


def random_prompts():
    """Ten texts of thirty words that nobody has ever said."""
    dice = random.Random(7)
    words = lambda: "".join(dice.choices(string.ascii_lowercase, k=dice.randint(2, 9)))
    return [(" ".join(words() for _ in range(30)), False) for _ in range(10)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("-n", type=int, default=100)
    parser.add_argument("--random", action="store_true")
    parser.add_argument("--temperature", type=float, default=0)
    parser.add_argument("--k", default="2,4,auto")
    parser.add_argument("drafts", nargs="*", default=["int4", "ngram"])
    o = parser.parse_intermixed_args()
    prompts = [(p, True) for p in QUESTIONS] + [(p, False) for p in BEGINNINGS]
    if o.random:
        prompts = random_prompts()
    for draft in o.drafts:
        for k in o.k.split(","):
            ratios, accepted, proposed = [], 0, 0
            for prompt, chat in prompts:
                plain = answer("generate", o.model, prompt, chat, o.temperature, o.n)
                got = answer("speculative", o.model, prompt, chat, o.temperature, o.n,
                             "--draft", draft, "--k", k)
                if o.temperature == 0 and got["ids"] != plain["ids"]:
                    print(f"NOT THE SAME TEXT: {draft} {k} {prompt!r}")
                ratios.append(got["tokens_per_second"] / plain["tokens_per_second"])
                accepted, proposed = accepted + got["accepted"], proposed + got["proposed"]
            print(f"{draft:6} K {k:4}  {statistics.median(ratios):5.2f} x   from {min(ratios):.2f} to "
                  f"{max(ratios):.2f}   {accepted} of {proposed} accepted", flush=True)


if __name__ == "__main__":
    main()

"""guessing.py - what a draft brings on ordinary prompts, in pairs

    python3 tests/bench/guessing.py MODEL [TOKENS [DRAFT…]]     (RUN=build/run)

Ten prompts are written at temperature 0: plainly, then with each draft and K (2, 4,
auto); plain again before each, so that both see the same machine. What is compared is
tokens per second of writing, as --json reports them; shown is the median of the ten
ratios, and the smallest and largest. A table of times proves nothing when other programs run.
"""

import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracle"))
from acceptance import BEGINNINGS, QUESTIONS, answer


def main():
    model = sys.argv[1]
    tokens = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    drafts = sys.argv[3:] or ["int4", "ngram"]
    prompts = [(p, True) for p in QUESTIONS] + [(p, False) for p in BEGINNINGS]
    for draft in drafts:
        for k in ("2", "4", "auto"):
            ratios, accepted, proposed = [], 0, 0
            for prompt, chat in prompts:
                plain = answer("generate", model, prompt, chat, 0, tokens)
                got = answer("speculative", model, prompt, chat, 0, tokens, "--draft", draft, "--k", k)
                if got["ids"] != plain["ids"]:
                    print(f"NOT THE SAME TEXT: {draft} {k} {prompt!r}")
                ratios.append(got["tokens_per_second"] / plain["tokens_per_second"])
                accepted, proposed = accepted + got["accepted"], proposed + got["proposed"]
            print(f"{draft:6} K {k:4}  {statistics.median(ratios):5.2f} x   from {min(ratios):.2f} to "
                  f"{max(ratios):.2f}   {accepted} of {proposed} accepted", flush=True)


if __name__ == "__main__":
    main()

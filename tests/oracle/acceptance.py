"""acceptance.py - how often guesses stand on a real model, counted from the rounds

    SMOLLM2=folder RUN=./run python3 tests/oracle/acceptance.py [TOKENS]

Ten prompts, at temperature 0 and 0.8, each written plainly and with guesses of an int4
copy, an int8 copy and the text itself (ngram). What must hold:

1. at temperature 0 the ids are those of plain decoding;
2. every guess's verdict follows from its q, p and u;
3. the ids of the rounds are the answer, and `accepted` and `proposed` are what the
   verdicts add up to.

The rates are printed, not judged. Nothing but Python's own library is used.
"""

import json
import os
import subprocess
import sys

K = 4
DRAFTS = ["int4", "int8", "ngram"]
QUESTIONS = [
    "What is the capital of France? Explain in one sentence.",
    "Write a short poem about the sea.",
    "How do I boil an egg?",
    "Name five animals that live in the desert.",
    "Repeat these words three times: red apple, green pear, blue plum.",
]
BEGINNINGS = [
    "Once upon a time there was a fox who",
    "The three laws of thermodynamics are",
    "def fibonacci(n):\n",
    "In 1969, the first people on the Moon",
    "1, 1, 2, 3, 5, 8, 13,",
]


def answer(word, model, prompt, chat, temperature, tokens, *more):
    words = [os.environ.get("RUN", "./run"), word, "--model", model, "--json", "-n", str(tokens),
             "--temperature", str(temperature), "--seed", "1", *more]
    words += (["--chat"] if chat else []) + ["--prompt", prompt]
    done = subprocess.run(words, capture_output=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(words)} exited {done.returncode}: {done.stderr.decode()}")
    return json.loads(done.stdout)


def faults(got, plain, temperature):
    """What does not hold, in words."""
    wrong, emitted, accepted, proposed = [], [], 0, 0
    for r in got["rounds"]:
        stands = True
        for q, p, u, verdict in zip(r["q"], r["p"], r["u"], r["verdicts"], strict=True):
            keeps = u * q < p
            says = {"accepted": stands and keeps, "rejected": stands and not keeps,
                    "unread": not stands, "cut": stands and keeps}[verdict]
            if not says:
                wrong.append(f"a guess with q {q}, p {p}, u {u} is {verdict}")
            stands = stands and keeps
        kept = r["verdicts"].count("accepted")
        if kept != r["accepted"] or r["emitted"][:kept] != r["draft"][:kept]:
            wrong.append("a round's accepted ids are not what it emitted first")
        emitted += r["emitted"]
        accepted += kept
        proposed += len(r["draft"])
    if (accepted, proposed) != (got["accepted"], got["proposed"]):
        wrong.append(f"{got['accepted']} of {got['proposed']} accepted, counted {accepted} of "
                     f"{proposed}")
    if emitted != got["ids"]:
        wrong.append("the rounds do not add up to the answer")
    if temperature == 0 and got["ids"] != plain["ids"]:
        wrong.append("greedy ids are not those of plain decoding")
    return wrong


def main():
    model = os.environ.get("SMOLLM2")
    if model is None:
        print("SMOLLM2 names no folder (tests/real_model.sh makes one)")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    tokens = int(sys.argv[1]) if len(sys.argv) > 1 else 64
    prompts = [(p, True) for p in QUESTIONS] + [(p, False) for p in BEGINNINGS]
    passed = failed = 0
    print(f"{'draft':6} {'temperature':>11} {'accepted':>9} {'proposed':>9} {'share':>7} "
          f"{'of judged':>9} {'tokens a pass':>14}   K = {K}")
    for temperature in (0, 0.8):
        plain = {p: answer("generate", model, p, chat, temperature, tokens) for p, chat in prompts}
        for draft in DRAFTS:
            accepted = proposed = judged = ids = passes = 0
            for prompt, chat in prompts:
                got = answer("speculative", model, prompt, chat, temperature, tokens, "--draft", draft,
                             "--k", str(K))
                wrong = faults(got, plain[prompt], temperature)
                for what in wrong:
                    print(f"FAILED: {draft}, temperature {temperature}, {prompt!r}: {what}")
                passed, failed = passed + (not wrong), failed + bool(wrong)
                accepted, proposed = accepted + got["accepted"], proposed + got["proposed"]
                judged += sum(v != "unread" for r in got["rounds"] for v in r["verdicts"])
                ids, passes = ids + len(got["ids"]), passes + got["passes"]
            print(f"{draft:6} {temperature:>11} {accepted:>9} {proposed:>9} "
                  f"{100 * accepted / max(proposed, 1):>6.1f}% {100 * accepted / max(judged, 1):>8.1f}% "
                  f"{ids / passes:>14.2f}", flush=True)
    print("These weights were published in 4 bits and lie on that grid already: what int4 shows "
          "here is an upper bound for models that were not.")
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())

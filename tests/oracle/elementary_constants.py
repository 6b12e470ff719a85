"""The constants of src/numbers/elementary.[ch] and trigonometry.c, computed again.

Everything is worked out with 60 digits (mpmath), and looked up in the sources:

  - ln 2 and pi/2 in two words: the first 42 (33) bits, and a double for the rest;
  - P of equation (10): e^(x^2) (1 - erf x) on [1/2, 4], as the polynomial in
    u = (x - 2)/(x + 2) that meets it at the eleven Chebyshev nodes;
  - the errors that the essays promise: what the first term left out is worth.

Needs mpmath (which PyTorch brings along). Last line: N passed, N failed.
"""
import os
import re
import sys

from mpmath import (cos, erf, erfc, exp, factorial, floor, frexp, ldexp, log,
                    lu_solve, matrix, mp, mpf, pi, sqrt)

mp.dps = 60
SRC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "src",
                   "numbers")
TEXT = "".join(open(os.path.join(SRC, name), encoding="utf-8").read()
               for name in ("elementary.h", "elementary.c", "trigonometry.c"))
results = []


def check(what, ok):
    results.append(bool(ok))
    print("ok  " if ok else "FAIL", what)


def constant(name):
    """The number behind #define NAME."""
    word = re.search(r"#define\s+%s\s+(\S+)" % name, TEXT).group(1)
    return float.fromhex(word) if word.startswith("0x") else float(word)


def first_bits(value, bits):
    mantissa, exponent = frexp(value)
    return ldexp(floor(mantissa * 2**bits), exponent - bits)


def two_words(name, value, bits):
    high = first_bits(value, bits)
    check(name + "_HIGH", mpf(constant(name + "_HIGH")) == high)
    check(name + "_LOW", constant(name + "_LOW") == float(value - high))


def polynomial():
    """P by interpolation, and the largest error of equation (10)."""
    low, high = mpf(-3) / 5, mpf(1) / 3             # u at x = 1/2 and x = 4
    nodes = [(low + high) / 2
             + (high - low) / 2 * cos(pi * (2 * i + 1) / 22) for i in range(11)]
    place = [2 * (1 + u) / (1 - u) for u in nodes]
    powers = matrix(11, 11)
    for i, u in enumerate(nodes):
        for j in range(11):
            powers[i, j] = u**j
    wanted = matrix([exp(x * x) * erfc(x) for x in place])
    return [float(c) for c in lu_solve(powers, wanted)]


def error_of(coefficients):
    worst = mpf(0)
    for i in range(2001):
        x = mpf(1) / 2 + mpf(7) / 2 * i / 2000
        u = (x - 2) / (x + 2)
        p = sum(c * u**j for j, c in enumerate(coefficients))
        worst = max(worst, abs(1 - exp(-x * x) * p - erf(x)) / erf(x))
    return worst


two_words("LN_2", log(2), 42)
two_words("HALF_PI", pi / 2, 33)
for name, value in (("LOG2_E", 1 / log(2)), ("LN_2", log(2)), ("ROOT_2", sqrt(2)),
                    ("TWO_OVER_ROOT_PI", 2 / sqrt(pi)), ("TWO_PI", 2 * pi),
                    ("TWO_OVER_PI", 2 / pi)):
    check(name, constant(name) == float(value))

found = [float(word) for word in
         re.search(r"P\[\] = \{(.*?)\}", TEXT, re.S).group(1).split(",")
         if word.strip()]
check("P's eleven coefficients", found == polynomial())
check("error of (10) below 2^-39", error_of(found) < mpf(2)**-39)

r = log(2) / 2
check("e^r, ten terms: 2^-36.8", r**10 / factorial(10) < mpf(2)**-36.7)
check("e^r, fourteen terms: 2^-57", r**14 / factorial(14) < mpf(2)**-57)
s = (sqrt(2) - 1) / (sqrt(2) + 1)
check("log, eleven terms: 2^-60", s**22 / 23 < mpf(2)**-60)
check("erf near zero: 2^-35", mpf("0.25")**8 / (17 * factorial(8)) < mpf(2)**-35)
r = pi / 4
check("sine: 2^-36", r**12 / factorial(13) < mpf(2)**-36)
check("cosine: 2^-36", r**14 / factorial(14) * sqrt(2) < mpf(2)**-36)

print("%d passed, %d failed" % (results.count(True), results.count(False)))
sys.exit(0 if all(results) else 1)

"""quant_formats.py - blocks of a few bits: the formats' own programs as judges

    rows of every kind ──┬── gguf.quants.quantize, or bitsandbytes ──► bytes
                         └── quantize narrow FORMAT ────────────────► the same bytes?
    blocks of any bytes ─┬── gguf.quants.dequantize, or bitsandbytes ──► float32
                         └── quantize widen FORMAT ───────────────────► the same bits?

    LIB=build/libbillion.a python3 tests/oracle/quant_formats.py

Q8_0, Q4_0 and Q4_1 are asked of the gguf package, NF4 of bitsandbytes (its operators for
the CPU) and of its published table, read with numpy. The rows: Gaussian, heavy-tailed
(Student, 4 degrees of freedom), rounded so that ties are frequent, one-sided, with zeros
of both signs, denormal, and so large or small that a scale or its inverse overflows.

Where the packages leave room, the format's reference does not, and it is followed here:
ggml starts its search at +0 and keeps the first of equals, numpy's min and argmax may
return a zero of the other sign. Which NaN comes of 0 times infinity is not compared.

Environment: LIB, its folder must hold tools/quantize or the Makefile makes it;
NUMBERS (65536) in each kind of row.
"""

import os
import pathlib
import subprocess
import sys
import warnings
from statistics import NormalDist

import gguf
import numpy
import torch
from gguf import GGMLQuantizationType as Type

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("LIB", ROOT / "build" / "libbillion.a")).absolute().parent
TOOL = BUILD / "tools" / "quantize"
NUMBERS = int(os.environ.get("NUMBERS", "65536")) // 64 * 64
GGML = {"Q8_0": Type.Q8_0, "Q4_0": Type.Q4_0, "Q4_1": Type.Q4_1}
BYTES = {"Q8_0": 34, "Q4_0": 18, "Q4_1": 20, "NF4": 36}
CODES = numpy.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0], numpy.float32)

warnings.filterwarnings("ignore", category=RuntimeWarning)      # 1/0 and inf - inf, wanted
counts = {"passed": 0, "failed": 0}


def check(what, fine, detail=""):
    counts["passed" if fine else "failed"] += 1
    print(f"{'ok  ' if fine else 'FAILED:'} {what}{'' if fine else f': {detail}'}")


def tool(way, name, data):
    done = subprocess.run([TOOL, way, name], input=data.tobytes(), capture_output=True)
    if done.returncode != 0:
        print(done.stderr.decode())
    return numpy.frombuffer(done.stdout, numpy.uint8 if way == "narrow" else numpy.float32)


def halves(r):
    """Odd halves in blocks whose largest is 127: d is 1."""
    x = r.integers(-127, 127, NUMBERS) + 0.5
    x[::32] = 127
    return x


def rows():
    """Kind -> float32 [NUMBERS]."""
    r = numpy.random.default_rng(6)
    gauss = lambda: r.standard_normal(NUMBERS)
    kinds = {
        "Gaussian": 0.02 * gauss(),
        "heavy-tailed": 0.02 * r.standard_t(4, NUMBERS),
        "a scale of its own for each block": gauss() * numpy.repeat(
            10.0 ** r.uniform(-37, 37, NUMBERS // 32), 32),
        "all sizes in one block": gauss() * 10.0 ** r.uniform(-40, 4, NUMBERS),
        "positive": abs(gauss()),
        "negative": -abs(gauss()) - 3,
        "integers, with many ties": r.integers(-16, 17, NUMBERS) / 2,
        "half-way between codes of Q8_0": halves(r),
        "few values": r.choice([-1, -0.5, -0.0, 0.0, 0.5, 1], NUMBERS),
        "some zero": gauss() * r.integers(0, 2, NUMBERS),
        "nearly all zero": gauss() * (r.random(NUMBERS) < 0.01),
        "denormal": gauss() * 1e-40,
        "around the smallest inverse": gauss() * 10.0 ** numpy.repeat(
            r.uniform(-39, -36, NUMBERS // 32), 32),
        "huge": numpy.clip(gauss() * 2e38, -3.4e38, 3.4e38),
        "a scale near the end of f16": gauss() * numpy.repeat(
            10.0 ** r.uniform(4, 7, NUMBERS // 32), 32),
        "zero": numpy.zeros(NUMBERS),
        "minus zero": -numpy.zeros(NUMBERS),
        "one number, again and again": numpy.repeat(gauss()[:NUMBERS // 64], 64),
    }
    kinds = {kind: x.astype(numpy.float32) for kind, x in kinds.items()}
    bits = r.integers(0, 2**32, NUMBERS, dtype=numpy.uint32)
    bits[(bits & 0x7F800000) == 0x7F800000] &= 0xBFFFFFFF       # no inf, no NaN
    kinds["any bits"] = bits.view(numpy.float32)
    middles = ((CODES[1:] + CODES[:-1]) / 2).astype(numpy.float32)
    near = numpy.concatenate([numpy.nextafter(middles, numpy.float32(-2)), middles,
                              numpy.nextafter(middles, numpy.float32(2))])
    kinds["at the middles of NF4"] = r.choice(near, NUMBERS)
    kinds["at the middles of NF4"][::64] = 1
    return kinds


def one_sign(name, x):
    """Zeros that numpy may mix up, as the reference takes them: see above."""
    x = x.reshape(-1, 32).copy()
    for block in x:
        zeros = block[block == 0]
        if name == "Q4_0" and len(zeros) == 32:
            block[:] = 0
        elif name == "Q4_1" and len(zeros):
            block[block == 0] = zeros[0]
    return x.reshape(-1)


def nf4_numpy(x):
    """The rule in words: absmax of 64, times its inverse, the codes whose upper middle
    lies below, first of two in the high half."""
    x = x.reshape(-1, 64)
    a = abs(x).max(axis=1)
    s = x * (numpy.float32(1) / numpy.maximum(a, numpy.float32(1e-38)))[:, None]
    middles = ((CODES[1:] + CODES[:-1]) / 2).astype(numpy.float32)
    q = (s[:, :, None] > middles).sum(axis=2).astype(numpy.uint8)
    return numpy.concatenate([a[:, None].view(numpy.uint8), q[:, ::2] << 4 | q[:, 1::2]],
                             axis=1).reshape(-1)


def nf4_package(x):
    q, a = torch.ops.bitsandbytes.quantize_4bit(torch.from_numpy(x), 64, "nf4", torch.uint8)
    return numpy.concatenate([a.numpy()[:, None].view(numpy.uint8),
                              q.numpy().reshape(-1, 32)], axis=1).reshape(-1)


def nf4_package_widens(blocks):
    blocks = blocks.reshape(-1, 36)
    a = torch.from_numpy(blocks[:, :4].copy().view(numpy.float32).reshape(-1))
    q = torch.from_numpy(blocks[:, 4:].copy().reshape(-1, 1))
    return torch.ops.bitsandbytes.dequantize_4bit(
        q, a, 64, "nf4", [64 * len(blocks)], torch.float32).numpy().reshape(-1)


def nf4_numpy_widens(blocks):
    blocks = blocks.reshape(-1, 36)
    a, q = blocks[:, :4].copy().view(numpy.float32), blocks[:, 4:]
    return (CODES[numpy.stack([q >> 4, q & 15], axis=2).reshape(-1, 64)] * a).reshape(-1)


def same_bits(what, got, want):
    nans = numpy.isnan(want)
    fine = got.shape == want.shape and (numpy.isnan(got) == nans).all() and (
        got[~nans].view(numpy.uint32) == want[~nans].view(numpy.uint32)).all()
    check(what, fine, "" if fine else f"{got[:4]} for {want[:4]}")


def same_bytes(what, name, got, want, x):
    fine = got.shape == want.shape and (got == want).all()
    detail = ""
    if not fine and got.shape == want.shape:
        b = numpy.flatnonzero((got != want).reshape(-1, BYTES[name]).any(axis=1))[0]
        size = 64 if name == "NF4" else 32
        detail = (f"block {b}: {got.reshape(-1, BYTES[name])[b].tobytes().hex()} for "
                  f"{want.reshape(-1, BYTES[name])[b].tobytes().hex()}, of "
                  f"{x.reshape(-1, size)[b].tolist()}")
    check(what, fine, detail)


def any_blocks(name):
    """Blocks that no quantizer wrote: all codes, all scales."""
    blocks = numpy.random.default_rng(7).integers(
        0, 256, (NUMBERS // 64, BYTES[name]), dtype=numpy.uint8)
    if name == "NF4":                       # finite a; what a NaN gives is not compared
        blocks[(blocks[:, 3] & 0x7F) == 0x7F, 3] &= 0xBF
    return blocks.reshape(-1)


def judges(name):
    """Who knows the format: (its name, how it narrows, how it widens)."""
    if name != "NF4":
        yield ("gguf", lambda x: gguf.quants.quantize(one_sign(name, x), GGML[name]),
               lambda blocks: gguf.quants.dequantize(blocks, GGML[name]))
        return
    yield "numpy", nf4_numpy, nf4_numpy_widens
    try:
        import bitsandbytes
    except ImportError:
        print("bitsandbytes is not here: NF4 by its published table alone")
        counts["skipped"] = counts.get("skipped", 0) + 1
        return
    code = bitsandbytes.functional.get_4bit_type("nf4", device="cpu")
    check("NF4: the table is that of bitsandbytes",
          (code.numpy().view(numpy.uint32) == CODES.view(numpy.uint32)).all(), code)
    yield "bitsandbytes", nf4_package, nf4_package_widens


def quantiles():
    """Equation (9) of quant.c with Python's own inverse of the Gaussian."""
    z, end = NormalDist().inv_cdf, 1 - (1 / 30 + 1 / 32) / 2
    shares = [0.5 - (end - 0.5) * k / 7 for k in range(7, 0, -1)]
    shares += [0.5 + (end - 0.5) * k / 8 for k in range(9)]
    off = max(abs(z(p) / z(end) - float(c)) for p, c in zip(shares, CODES))
    check("NF4: the table is made of quantiles", off < 3e-7, off)


def main():
    build = os.path.relpath(BUILD, ROOT)            # as make calls it, for its *.d
    subprocess.run(["make", "-s", f"BUILD={build}", f"{build}/tools/quantize"], cwd=ROOT,
                   check=True)
    quantiles()
    kinds = rows()
    for name in BYTES:
        for judge, narrow, widen in judges(name):
            for kind, x in kinds.items():
                blocks = narrow(x)
                same_bytes(f"{name}, {kind}: the bytes of {judge}", name,
                           tool("narrow", name, x), blocks, x)
                same_bits(f"{name}, {kind}: the numbers of {judge}",
                          tool("widen", name, blocks), widen(blocks))
            blocks = any_blocks(name)
            same_bits(f"{name}, any bytes: the numbers of {judge}",
                      tool("widen", name, blocks), widen(blocks))
    skipped = f", {counts['skipped']} skipped" if "skipped" in counts else ""
    print(f"{counts['passed']} passed, {counts['failed']} failed{skipped}")
    return counts["failed"] > 0


if __name__ == "__main__":
    sys.exit(main())

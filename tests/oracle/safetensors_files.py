"""safetensors_files.py - files of the safetensors package through ours, and back

    torch tensors ── safetensors.torch ──► file ── st_tool list ──► the same?
                                            │
                                            └── st_tool copy ──► file
                                                 ├── safetensors.torch ──► the same?
                                                 └── byte for byte the first file?
                                            │
                                            └── st_tool shard ──► shards and index
                                                 as the hub's package would cut them
    files with damage ──┬── the package refuses, or reads X
                        └── we refuse, or read X (we may refuse more, never less)
    a hub cache made by hand ──┬── huggingface_hub's answer
                               └── ours: the same

    python3 tests/oracle/safetensors_files.py

Environment: LIB, the library; CC; CFLAGS; DAMAGES (400) damaged files.
"""

import itertools
import json
import os
import pathlib
import random
import shlex
import struct
import subprocess
import sys
import tempfile

import safetensors
import safetensors.torch
import torch

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DAMAGES = int(os.environ.get("DAMAGES", "400"))
DTYPES = {name: getattr(torch, name) for name in (
    "bool", "uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16",
    "bfloat16", "float32", "float64", "complex64", "float8_e4m3fn", "float8_e5m2",
    "float8_e8m0fnu", "float8_e4m3fnuz", "float8_e5m2fnuz", "float4_e2m1fn_x2")
    if hasattr(torch, name)}
SHAPES = [(), (1,), (7,), (0,), (3, 0, 2), (2, 3), (1, 2, 1, 3, 2)]
NAMES = ["", "a.b.weight", "\u00e9\u20ac\U0001d11e", "tab\tquote\"back\\slash/\x01\x7f", "z" * 3000]

counts = {"passed": 0, "failed": 0}


def check(what, fine, detail=""):
    counts["passed" if fine else "failed"] += 1
    if not fine:
        print(f"FAILED: {what}: {detail}")


def build_tool(folder):
    """st_tool, linked with the libraries under test."""
    library = pathlib.Path(os.environ.get("LIB", ROOT / "build" / "libbillion.a"))
    tools = library.with_name("libtools.a")
    tool = os.path.join(folder, "st_tool")
    subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-O2", "-D_GNU_SOURCE",
                    *shlex.split(os.environ.get("CFLAGS", "")), f"-I{ROOT}/src",
                    f"-I{ROOT}", "-o", tool, str(HERE / "st_tool.c"), tools, library, "-lm"],
                   check=True)
    return tool


def run(tool, *arguments, **environment):
    return subprocess.run([tool, *map(str, arguments)], capture_output=True,
                          env={**os.environ, **environment})


def raw(tensor):
    """The tensor's bytes, whatever its dtype."""
    return bytes(tensor.contiguous().reshape(-1).view(torch.uint8).tolist()) if tensor.numel() \
        else b""


def random_tensor(dtype, shape, r):
    count = 1
    for size in shape:
        count *= size
    size = torch.empty(0, dtype=dtype).element_size()
    values = [r.randrange(2 if dtype == torch.bool else 256) for _ in range(count * size)]
    flat = torch.tensor(values, dtype=torch.uint8).view(dtype)
    return flat.reshape(shape) if count else torch.empty(shape, dtype=dtype)


def logical_shape(tensor):
    """What the file says: two packed 4-bit numbers count as two."""
    shape = list(tensor.shape)
    if str(tensor.dtype) == "torch.float4_e2m1fn_x2" and shape:
        shape[-1] *= 2
    return shape


def equal(listing, tensors):
    """Ours (parsed JSON of st_tool list) against a dict of torch tensors."""
    ours = {t["name"]: t for t in listing["tensors"]}
    if list(ours) != sorted(tensors, key=lambda name: name.encode()):
        return f"names {list(ours)}"
    for name, tensor in tensors.items():
        if ours[name]["shape"] != logical_shape(tensor):
            return f"{name!r}: shape {ours[name]['shape']}"
        if ours[name]["bytes"] != raw(tensor).hex():
            return f"{name!r}: bytes differ"
    return ""


def same_tensors(tool, folder, what, tensors, metadata):
    """There and back: their file through our reader; our file through theirs."""
    theirs, ours = os.path.join(folder, "theirs"), os.path.join(folder, "ours")
    safetensors.torch.save_file(tensors, theirs, metadata=metadata)
    answer = run(tool, "list", theirs)
    if answer.returncode != 0:
        check(what, False, answer.stderr.decode())
        return
    listing = json.loads(answer.stdout)
    check(f"{what}: read by us", not equal(listing, tensors), equal(listing, tensors))
    check(f"{what}: metadata", listing["metadata"] == (metadata or {}), listing["metadata"])
    answer = run(tool, "copy", theirs, ours)
    check(f"{what}: copied", answer.returncode == 0, answer.stderr.decode())
    back = safetensors.torch.load_file(ours)
    check(f"{what}: read by them", set(back) == set(tensors) and all(
        back[n].dtype == t.dtype and back[n].shape == t.shape and raw(back[n]) == raw(t)
        for n, t in tensors.items()))
    with safetensors.safe_open(ours, "pt") as file:
        check(f"{what}: their view of our metadata", (file.metadata() or {}) == (metadata or {}))
    if len(metadata or {}) < 2:         # several lines have no fixed order there
        check(f"{what}: the very bytes",
              pathlib.Path(theirs).read_bytes() == pathlib.Path(ours).read_bytes())


def whole_files(tool, folder, r):
    for name, dtype in DTYPES.items():
        packed = name == "float4_e2m1fn_x2"
        shapes = [s for s in SHAPES if s or not packed]
        same_tensors(tool, folder, name,
                     {f"t{i}": random_tensor(dtype, s, r) for i, s in enumerate(shapes)}, None)
    same_tensors(tool, folder, "names", {n: random_tensor(torch.float16, (2, 3), r)
                                         for n in NAMES}, {"format": "pt"})
    same_tensors(tool, folder, "metadata", {"a": torch.zeros(())}, {n: n for n in NAMES})
    same_tensors(tool, folder, "nothing", {}, None)
    same_tensors(tool, folder, "only metadata", {}, {"a": "b"})
    mixed = itertools.product(DTYPES.items(), SHAPES)
    same_tensors(tool, folder, "all at once", {f"{n}.{s}": random_tensor(d, s, r)
                                               for (n, d), s in mixed
                                               if s or n != "float4_e2m1fn_x2"}, {"x": "y"})


def unaligned(tool, folder):
    """Old writers did not pad: the data of a float stands at an odd address."""
    for spaces in range(8):
        header = b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}' + b" " * spaces
        path = os.path.join(folder, "odd")
        data = struct.pack("<ff", 1.5, -2)
        pathlib.Path(path).write_bytes(struct.pack("<Q", len(header)) + header + data)
        answer = run(tool, "list", path)
        check(f"{spaces} spaces behind the header", answer.returncode == 0 and not equal(
            json.loads(answer.stdout), safetensors.torch.load_file(path)), answer.stderr)


def shards(tool, folder, r):
    from huggingface_hub import save_torch_state_dict
    state = {f"layer.{i}.weight": random_tensor(torch.bfloat16, (10 + i, 10), r)
             for i in range(20)}
    path = os.path.join(folder, "sharded")
    os.mkdir(path)
    save_torch_state_dict(state, path, max_shard_size=1000)
    files = [n for n in os.listdir(path) if n.endswith(".safetensors")]
    answer = run(tool, "list", path)
    check(f"{len(files)} shards", len(files) > 1 and answer.returncode == 0
          and not equal(json.loads(answer.stdout), state), answer.stderr.decode())
    os.remove(os.path.join(path, sorted(files)[1]))
    answer = run(tool, "list", path)
    check("a shard is missing", answer.returncode == 3
          and sorted(files)[1].encode() in answer.stderr, answer.stderr.decode())


def our_shards(tool, folder, r):
    """The same tensors cut by us: the same index as the hub's own rule, read by both."""
    from huggingface_hub import split_torch_state_dict_into_shards
    state = {f"layer.{i:02}.weight": random_tensor(torch.float16, (r.randrange(1, 20), 10), r)
             for i in range(30)}
    whole = os.path.join(folder, "whole")
    safetensors.torch.save_file(state, whole)
    for most in (400, 777, 1000, 5000, 10 ** 6):
        path = pathlib.Path(folder, f"ours-{most}")
        path.mkdir()
        answer = run(tool, "shard", whole, path, most)
        want = split_torch_state_dict_into_shards(state, max_shard_size=most)
        names = sorted(file.name for file in path.glob("*.safetensors"))
        check(f"cut at {most}", answer.returncode == 0
              and names == sorted(want.filename_to_tensors), (answer, names))
        if want.is_sharded:
            index = json.loads((path / "model.safetensors.index.json").read_text())
            check(f"index at {most}", index["weight_map"] == want.tensor_to_filename
                  and index["metadata"]["total_size"] == want.metadata["total_size"], index)
        back = {}
        for name in names:
            back.update(safetensors.torch.load_file(path / name))
            with safetensors.safe_open(path / name, "pt") as file:
                check(f"{name}: metadata", file.metadata() == {"format": "pt"})
        check(f"{len(names)} of our shards", back.keys() == state.keys()
              and all(torch.equal(raw_bits(t), raw_bits(state[n])) for n, t in back.items()))
        answer = run(tool, "list", path)
        check(f"{len(names)} of our shards, by us", answer.returncode == 0
              and not equal(json.loads(answer.stdout), state), answer.stderr.decode())


def raw_bits(tensor):
    return tensor.reshape(-1).view(torch.uint8)


def damaged(good, r):
    """One or two small things changed, mostly in the header; the length follows."""
    n, = struct.unpack("<Q", good[:8])
    header, data = bytearray(good[8:8 + n]), good[8 + n:]
    for _ in range(r.randrange(1, 3)):
        at = r.randrange(len(header))
        kind = r.randrange(6)
        if kind == 0:
            header[at] = r.randrange(256)
        elif kind == 1:
            del header[at:at + r.randrange(1, 4)]
        elif kind == 2:
            header[at:at] = r.choice((b"0", b"1", b"-", b" ", b'"', b",", b"}", b"\\u0041", b"1e3"))
        elif kind == 3:
            digits = [i for i, c in enumerate(header) if chr(c).isdigit()]
            header[r.choice(digits)] = ord(r.choice("0123456789"))
        elif kind == 4:
            data = data[:-r.randrange(1, 9)] if r.random() < 0.5 else data + b"\0"
        else:
            a, b = sorted((at, min(len(header), at + r.randrange(1, 60))))
            header[b:b] = header[a:b]
        if not header:
            header = bytearray(b"{")
    length = len(header) + (r.choice((-1, 1, 2 ** 32, 2 ** 63)) if r.random() < 0.05 else 0)
    return struct.pack("<Q", length & (2 ** 64 - 1)) + bytes(header) + data


def damages(tool, folder, r):
    tensors = {"a": torch.arange(6.).reshape(2, 3), "b": torch.zeros((0, 4)),
               "c": torch.ones((), dtype=torch.int8)}
    good = safetensors.torch.save(tensors, {"k": "v"})
    path = os.path.join(folder, "damaged")
    read = stricter = worse = 0
    for _ in range(DAMAGES):
        bad = damaged(good, r)
        pathlib.Path(path).write_bytes(bad)
        try:
            theirs = safetensors.torch.load(bad)
        except Exception:               # the package has many kinds of them
            theirs = None
        answer = run(tool, "list", path)
        if answer.returncode == 0:
            read += 1
            if theirs is None or equal(json.loads(answer.stdout), theirs):
                worse += 1
                print("we read what they do not:", bad[:300])
        elif answer.returncode != 3 or not answer.stderr.startswith(b"error: "):
            worse += 1
            print("exit", answer.returncode, bad[:300], answer.stderr[:300])
        else:
            stricter += theirs is not None
    print(f"{DAMAGES} damaged files: both read {read}, we alone refuse {stricter}")
    check("damaged files", worse == 0 and read < DAMAGES)


def hub(tool, folder):
    import huggingface_hub
    cache = pathlib.Path(folder, "hub")
    for repository in ("models--org--name", "models--alone"):
        base = cache / repository
        commits = [c * 40 for c in "ab"]
        for revision, commit in zip(("main", "refs/pr/1"), commits):
            (base / "refs" / revision).parent.mkdir(parents=True, exist_ok=True)
            (base / "refs" / revision).write_text(commit)
            (base / "snapshots" / commit).mkdir(parents=True)
            (base / "snapshots" / commit / "config.json").write_text("{}")
    for name in ("org/name", "alone"):
        for revision in ("main", "refs/pr/1", "a" * 40, "b" * 40, "c" * 40, "dev"):
            try:
                want = huggingface_hub.snapshot_download(name, revision=revision, cache_dir=cache,
                                                         local_files_only=True)
            except Exception:
                want = ""
            answer = run(tool, "hub", f"{name}@{revision}", HF_HUB_CACHE=str(cache))
            check(f"hub {name}@{revision}", answer.stdout.decode().strip() == want,
                  (want, answer))
    variables = {"HF_HUB_CACHE": "/a", "HUGGINGFACE_HUB_CACHE": "/b", "HF_HOME": "~/c",
                 "XDG_CACHE_HOME": "/d"}
    for dropped in range(len(variables) + 1):
        settings = dict(list(variables.items())[dropped:])
        environment = {n: v for n, v in os.environ.items() if n not in variables}
        environment = {**environment, **settings, "HOME": "/home/someone"}
        want = subprocess.run([sys.executable, "-c", "from huggingface_hub import constants;"
                               "print(constants.HF_HUB_CACHE)"], capture_output=True, text=True,
                              env=environment).stdout
        got = subprocess.run([tool, "root"], capture_output=True, text=True, env=environment).stdout
        check(f"hub root with {list(settings)}", got == want, (got, want))


def main():
    r = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        tool = build_tool(folder)
        whole_files(tool, folder, r)
        unaligned(tool, folder)
        shards(tool, folder, r)
        our_shards(tool, folder, r)
        damages(tool, folder, r)
        hub(tool, folder)
    print(f"{len(DTYPES)} dtypes: {', '.join(DTYPES)}")
    print(f"{counts['passed']} passed, {counts['failed']} failed")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())

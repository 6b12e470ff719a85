"""The Hugging Face cache, as huggingface_hub itself understands it.

Caches are built in a scratch folder: with refs in folders, revisions without a name,
real files in place of links, leftovers of downloads, and datasets beside models. Then
two are asked the same question, the hub's own client and ./run:

    which folder does --model org/name@revision mean?   try_to_load_from_cache
    where is the cache, with these variables?           huggingface_hub.constants
    may a repository be called so?                      validate_repo_id
    which revisions are there at all?                   scan_cache_dir

RUN names the program (build/run).
"""
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

import huggingface_hub
from huggingface_hub.utils import HFValidationError, validate_repo_id

RUN = os.path.abspath(os.environ.get("RUN", "build/run"))
NAMES = ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "HOME")
TOKENIZER = os.path.abspath("models/storyteller/tokenizer.json")
failures = []
passed = 0


def check(right, *words):
    global passed
    if right:
        passed += 1
    else:
        failures.append(words)
        print("FAILED:", *words)


def environment(**variables):
    kept = {k: v for k, v in os.environ.items() if k not in NAMES}
    return {**kept, "HF_HUB_OFFLINE": "1", **variables}


def run(*words, **variables):
    return subprocess.run([RUN, *words], env=environment(**variables), text=True,
                          capture_output=True, cwd="/")


def commit(random_):
    return "".join(random_.choice("0123456789abcdef") for _ in range(40))


def make_cache(root, seed):
    """A cache of some repositories; returns {repository: [revision …]} to ask for."""
    r = random.Random(seed)
    asked = {}
    for repository in ("org/name", "gpt2", "Some_Org/a.b-c_1", "x/" + "y" * 96):
        folder = os.path.join(root, "models--" + repository.replace("/", "--"))
        revisions = ["main", "step3000", "v1.0", "refs/pr/1", "feature/a.b", "cut"]
        commits = [commit(r) for _ in range(4)]
        for revision in r.sample(revisions, r.randint(1, len(revisions))):
            path = os.path.join(folder, "refs", revision)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write("0123" if revision == "cut" else r.choice(commits))
        os.makedirs(os.path.join(folder, "blobs"), exist_ok=True)
        for i, one in enumerate(commits[:3]):
            snapshot = os.path.join(folder, "snapshots", one)
            os.makedirs(snapshot)
            blob = os.path.join(folder, "blobs", f"{i:040x}")
            shutil.copy(TOKENIZER, blob)
            if i == 1:
                shutil.copy(TOKENIZER, os.path.join(snapshot, "tokenizer.json"))
            else:
                os.symlink(f"../../blobs/{i:040x}", os.path.join(snapshot, "tokenizer.json"))
        os.makedirs(os.path.join(folder, ".no_exist", commits[0]), exist_ok=True)
        open(os.path.join(folder, ".no_exist", commits[0], "config.json"), "w").close()
        asked[repository] = revisions + commits + [commit(r), "nothing"]
    os.makedirs(os.path.join(root, "datasets--org--data", "refs"))
    os.makedirs(os.path.join(root, ".locks", "models--org--name"))
    return asked


def folders(scratch):
    """Every question to every cache: the same snapshot, or both say no."""
    for seed in range(6):
        root = os.path.join(scratch, f"cache{seed}")
        for repository, revisions in make_cache(root, seed).items():
            for revision in revisions:
                want = huggingface_hub.try_to_load_from_cache(
                    repository, "tokenizer.json", cache_dir=root, revision=revision)
                got = run("tokenize", "--model", f"{repository}@{revision}", "--text", "hi",
                          HF_HUB_CACHE=root, HOME="/")
                found = isinstance(want, str)
                check(got.returncode == 0 if found else got.returncode == 3,
                      repository, revision, want, got.returncode, got.stderr)
                check(found or "; download it with: " in got.stderr, got.stderr)


def lists(scratch):
    """./run models lists what scan_cache_dir finds, under the same folders."""
    for seed in range(6):
        root = os.path.join(scratch, f"cache{seed}")
        for folder, _, files in os.walk(root):  # the client's scan gives up on a ref
            for name in files:                  # whose commit is not there
                path = os.path.join(folder, name)
                snapshots = os.path.join(path[:path.find("/refs/")], "snapshots")
                if "/refs/" in path and open(path).read() not in os.listdir(snapshots):
                    os.remove(path)
        want = {}
        for repo in huggingface_hub.scan_cache_dir(root).repos:
            for revision in repo.revisions if repo.repo_type == "model" else ():
                for name in revision.refs or [revision.commit_hash]:
                    full = repo.repo_id if name == "main" else f"{repo.repo_id}@{name}"
                    want[full] = str(revision.snapshot_path)
        listed = json.loads(run("models", "--json", HF_HUB_CACHE=root, HOME="/").stdout)
        got = {m["name"]: m["folder"] for m in listed["models"]
               if m["folder"].startswith(root) and "/snapshots/" in m["folder"]}
        check(want and all(os.path.realpath(got.get(n, "")) == os.path.realpath(p)
                           for n, p in want.items()), seed, want, got)
        check(set(got) == set(want), seed, set(got) ^ set(want))


def roots(scratch):
    """The order of the variables, ~, $NAME: ask constants in a fresh interpreter."""
    values = {"HF_HUB_CACHE": "/hub/$USERX/x", "HUGGINGFACE_HUB_CACHE": "~/old",
              "HF_HOME": "/home-${USERX}/hf", "XDG_CACHE_HOME": "/xdg/$NOT_SET"}
    for n in range(len(values) + 1):
        for chosen in itertools.combinations(values, n):
            variables = {k: values[k] for k in chosen} | {"HOME": scratch, "USERX": "me"}
            want = subprocess.run(
                [sys.executable, "-c", "from huggingface_hub import constants;"
                 "print(constants.HF_HUB_CACHE)"], env=environment(**variables), text=True,
                capture_output=True, check=True).stdout.strip()
            said = run("tokenize", "--model", "org/none", "--text", "x", **variables).stderr
            check(f"(looked for {want}/models--org--none)" in said, chosen, want, said)


def names():
    """What a repository may be called: the rule, and names around its border."""
    r = random.Random(1)
    tried = ["a", "a/b", "a-b/c.d", "-a", "a-", "a/-b", "a/b.", "a..b", "a/b--c", "a.git",
             "a/b.git", "_a/b_", "a/b/c", "a//b", "/a", "a/", "x" * 96, "x" * 97,
             "o/" + "x" * 96, "o/" + "x" * 97, "9/9", ".a", "a/.b", "a.b/c"]
    tried += ["".join(r.choice("ab1._-/") for _ in range(r.randint(1, 8)))
              for _ in range(400)]
    for name in tried:
        try:
            validate_repo_id(name)
            want = True
        except HFValidationError:
            want = False
        got = run("tokenize", "--model", f"{name}@x", "--text", "x", HF_HUB_CACHE="/no",
                  HOME="/")
        if "/" not in name or name.startswith(("./", "../", "/")):
            continue                             # a short name or a path, not asked here
        valid = "not in the Hugging Face cache" in got.stderr
        check(valid == want or "neither a folder" in got.stderr, name, want, got.stderr)


def main():
    with tempfile.TemporaryDirectory() as scratch:
        folders(scratch)
        lists(scratch)
        roots(scratch)
    names()
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures or not passed else 0


if __name__ == "__main__":
    sys.exit(main())

"""download.py - weights-tools/download against a hub on this machine that fails in every way

    RUN=build/run python3 tests/oracle/download.py [CASE…]

Every case starts a server of its own (hub_server.py), runs the program, and looks at the
exit status, at what it said, and at every byte on the disk. After each run: the token
stands in no output, no file and no argument of curl, and only the hub got it. Where
huggingface_hub is installed it must read what we wrote, and we what it wrote.
"""

import atexit
import concurrent.futures
import importlib.util
import io
import json
import os
import pathlib
import pty
import random
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time

from hub_server import Hub, Repository, blob_id

PROGRAM = pathlib.Path(os.environ.get("RUN", "build/run")).resolve().parent \
    / "weights-tools" / "download"
TOKEN = "hf_secretsecretsecret"
CONFIG = b'{"architectures": ["LlamaForCausalLM"], "hidden_size": 8}\n'
TOKENIZER = b'{"version": "1.0"}' * 30
WEIGHTS = random.Random(1).randbytes(300_000)
MODEL = {"config.json": CONFIG, "generation_config.json": b"{}", "tokenizer.json": TOKENIZER,
         "tokenizer_config.json": b'{"a": 1}', "special_tokens_map.json": b'{"b": 2}',
         "model.safetensors": WEIGHTS, "README.md": b"# words", "pytorch_model.bin": b"pickle",
         "original/consolidated.00.pth": b"more", "onnx/model.onnx": b"other",
         ".gitattributes": b"*.bin lfs"}
NEEDED = {k: v for k, v in MODEL.items()
          if "/" not in k and k not in ("README.md", "pytorch_model.bin", ".gitattributes")}
NAME = "org/tiny-model"
CASES = {}


# A curl in front of curl, which writes down how it was called. Made before any thread
# starts: a file that is open for writing while another thread forks cannot be run.
SHIM = pathlib.Path(tempfile.mkdtemp(prefix="download-")) / "curl"
SHIM.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> "$CURL_LOG"\nexec {shutil.which("curl")} "$@"\n')
SHIM.chmod(0o755)
atexit.register(shutil.rmtree, SHIM.parent, ignore_errors=True)


class Skip(Exception):
    pass


def case(function):
    CASES[function.__name__] = function
    return function


class Run:
    """A server and a home; `download` runs the program there."""

    def __init__(self, files=None, **quirks):
        options = {k: quirks.pop(k) for k in ("gated", "private", "revisions")
                   if k in quirks}
        self.repository = Repository(MODEL if files is None else files, **options)
        self.hub = Hub({NAME: self.repository}, **quirks).start()
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="download-"))
        self.cache = self.home / "hub"
        self.folder = self.cache / "models--org--tiny-model"
        self.shim()

    def shim(self):
        """The curl in front of curl, in a folder of this home."""
        (self.home / "bin").mkdir()
        (self.home / "bin/curl").symlink_to(SHIM)

    def environment(self, **more):
        env = {"PATH": f"{self.home / 'bin'}:{os.environ['PATH']}", "HOME": str(self.home),
               "HF_HUB_CACHE": str(self.cache), "XDG_CACHE_HOME": str(self.home / "xdg"),
               "HF_ENDPOINT": self.hub.endpoint, "BILLION_GITHUB": self.hub.cdn,
               "no_proxy": "*", "CURL_LOG": str(self.home / "curl.log")}
        env.update({k: str(v) for k, v in more.items() if v is not None})
        return {k: v for k, v in env.items() if not (k in more and more[k] is None)}

    def start(self, *words, **more):
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                   "stderr": subprocess.PIPE}
        options.update(more.pop("popen", {}))
        return subprocess.Popen([PROGRAM, *words], env=self.environment(**more), **options)

    def download(self, *words, code=0, **more):
        process = self.start(*(words or (NAME,)), **more)
        out, err = (x.decode() if x else "" for x in process.communicate(timeout=100))
        self.said = out + err
        self.out, self.err = out, err
        assert process.returncode == code, f"exit {process.returncode}, not {code}: {self.said}"
        self.look_for_token()
        return self.said

    def look_for_token(self, token=TOKEN):
        assert token not in self.said, "the token was printed"
        for path in self.home.rglob("*"):
            if path.is_file() and path.name != "token":
                assert token.encode() not in path.read_bytes(), f"the token is in {path}"
        for _, _, path, headers in self.hub.requests("cdn"):
            assert "Authorization" not in headers, "the CDN got the token"

    def files(self, commit=None):
        folder = self.folder / "snapshots" / (commit or self.repository.commit)
        return {str(p.relative_to(folder)): p.read_bytes()
                for p in folder.rglob("*") if not p.is_dir()}

    def whole(self, files=NEEDED, revision="main"):
        """The cache is as the hub's own tools would leave it."""
        assert self.files() == files, f"{sorted(self.files())}"
        assert (self.folder / "refs" / revision).read_bytes() \
            == self.repository.commit.encode()
        blobs = {p.name: p.read_bytes() for p in (self.folder / "blobs").iterdir()}
        assert blobs == {self.repository.etag(f): c for f, c in files.items()}, blobs.keys()
        for path, content in files.items():
            link = self.folder / "snapshots" / self.repository.commit / path
            ups = "../" * (2 + path.count("/"))
            assert os.readlink(link) == f"{ups}blobs/{self.repository.etag(path)}"
        return self

    def nothing(self):
        """No snapshot, no ref, no blob."""
        left = [p for p in self.cache.rglob("*") if p.is_file()] if self.cache.exists() else []
        assert not [p for p in left if ".locks" not in p.parts], left

    def blob(self, path="model.safetensors"):
        return self.folder / "blobs" / self.repository.etag(path)

    def incomplete(self):
        return self.blob().with_name(self.blob().name + ".incomplete")

    def says(self, *parts):
        for part in parts:
            assert part in self.said, f"not said: {part!r} in {self.said}"
        return self

    def close(self):
        self.hub.stop()
        shutil.rmtree(self.home, ignore_errors=True)


def gets(run):
    return [h.get("Range") for _, _, _, h in run.hub.requests("cdn", "GET")]


# ---- what goes well

@case
def a_model_is_fetched():
    with_run(lambda r: (r.download(), r.whole(), r.says("every checksum is right", "to fetch",
                                                         "memory")))


@case
def twice_is_once():
    def body(r):
        r.download()
        n = len(r.hub.requests("cdn"))
        r.download()
        r.whole().says("all of it is here")
        assert len(r.hub.requests("cdn")) == n, "bytes were fetched again"
    with_run(body)


@case
def only_what_is_needed():
    def body(r):
        r.download()
        paths = [a[2] for a in r.hub.asked]
        assert not [p for p in paths if re.search("README|pytorch|onnx|original|gitattr", p)]
    with_run(body)


@case
def shards_and_their_index():
    files = {"config.json": CONFIG, "model.safetensors.index.json": b'{"weight_map": {}}',
             "model-00001-of-00002.safetensors": WEIGHTS[:5000],
             "model-00002-of-00002.safetensors": WEIGHTS[5000:9000]}
    with_run(lambda r: (r.download(), r.whole(files)), files)


@case
def a_revision():
    with_run(lambda r: (r.download(NAME + "@step3000"), r.whole(revision="step3000")),
             revisions=["step3000"])


@case
def a_revision_with_slashes():
    def body(r):
        r.download(NAME + "@refs/pr/1")
        r.whole(revision="refs/pr/1")
        assert any("/revision/refs%2Fpr%2F1" in a[2] for a in r.hub.asked)
    with_run(body, revisions=["refs/pr/1"])


@case
def a_commit_writes_no_ref():
    def body(r):
        r.download(f"{NAME}@{r.repository.commit}")
        assert r.files() == NEEDED and not (r.folder / "refs").exists()
    with_run(body)


@case
def several_words():
    def body(r):
        r.hub.repositories["org/other"] = Repository({"config.json": b"{}",
                                                      "model.safetensors": WEIGHTS[:1000]})
        r.download(NAME, "org/other", NAME)
        r.whole()
        assert (r.cache / "models--org--other/refs/main").exists()
    with_run(body)


@case
def a_mirror_below_a_path():
    with_run(lambda r: (r.download(), r.whole()), prefix="/mirror/of/hub")


@case
def a_mirror_with_a_slash_at_its_end():
    with_run(lambda r: (r.download(HF_ENDPOINT=r.hub.endpoint + "/"), r.whole()))


@case
def weak_etags():
    with_run(lambda r: (r.download(), r.whole()), weak=True)


@case
def no_length_is_said():
    with_run(lambda r: (r.download(), r.whole()), chunked=True)


@case
def a_cdn_that_sends_us_on():
    with_run(lambda r: (r.download(HF_TOKEN=TOKEN), r.whole()), cdn_redirect=True)


@case
def hf_home():
    def body(r):
        r.cache = r.home / "elsewhere/hub"
        r.folder = r.cache / "models--org--tiny-model"
        r.download(HF_HUB_CACHE=None, HF_HOME=r.home / "elsewhere")
        r.whole()
    with_run(body)


@case
def links_that_are_not_wanted():
    def body(r):
        r.download(HF_HUB_DISABLE_SYMLINKS="1")
        assert r.files() == NEEDED
        assert not any(p.is_symlink() for p in r.folder.rglob("*"))
        r.download(HF_HUB_DISABLE_SYMLINKS="1")
        r.says("all of it is here")
    with_run(body)


@case
def json_tells_what_was_done():
    def body(r):
        r.download(NAME, "--json")
        told = json.loads(r.out)["downloads"][0]
        assert told["commit"] == r.repository.commit and told["name"] == NAME
        assert {f["file"]: f["bytes"] for f in told["files"]} \
            == {k: len(v) for k, v in NEEDED.items()}
        assert pathlib.Path(told["folder"]).is_dir() and all(f["fetched"]
                                                             for f in told["files"])
    with_run(body)


@case
def the_list():
    def body(r):
        process = r.start()
        out = process.communicate()[0].decode()
        assert process.returncode == 0 and "tinyllama" in out and "gated" in out
        process = r.start("--json")
        names = [a["name"] for a in json.loads(process.communicate()[0])["available"]]
        assert {"tinyllama", "llama3.2-1b", "stablelm-1.6b", "pythia-1b", "smollm2-135m", "mmlu",
                "humaneval"} <= set(names)
        assert not r.hub.asked
    with_run(body)


# ---- the token

@case
def a_gated_model_with_a_token():
    def body(r):
        r.download(HF_TOKEN=TOKEN)
        r.whole()
        assert all(a[3].get("Authorization") == f"Bearer {TOKEN}"
                   for a in r.hub.requests("hub"))
        log = (r.home / "curl.log").read_text()
        assert set(log.split("\n")) == {"-q --config -", ""}, log
    with_run(body, gated=True)


@case
def a_token_from_its_file():
    def body(r):
        (r.home / "hf").mkdir()
        (r.home / "hf/token").write_text(TOKEN + "\n")
        r.download(HF_HOME=r.home / "hf")
        r.whole()
        (r.home / "other").mkdir()
        (r.home / "other/token").write_text(TOKEN)
        shutil.rmtree(r.cache)
        r.download(HF_TOKEN_PATH=r.home / "other/token")
        r.whole()
    with_run(body, gated=True)


@case
def gated_without_a_token():
    def body(r):
        r.download(code=4)
        r.says("gated", f"{r.hub.endpoint}/{NAME}", "/settings/tokens", "HF_TOKEN").nothing()
    with_run(body, gated=True)


@case
def gated_and_not_granted():
    with_run(lambda r: (r.download(code=4, HF_TOKEN=TOKEN), r.says("gated", "agree"),
                        r.nothing()), gated="refused")


@case
def a_token_that_is_not_valid():
    def body(r):
        r.download(code=4, HF_TOKEN="hf_wrongwrong")
        r.says("does not accept your token", "/settings/tokens")
        assert "hf_wrongwrong" not in r.said
        r.nothing()
    with_run(body)


@case
def a_token_with_a_line_break():
    def body(r):
        r.download(code=2, HF_TOKEN="hf_a\nurl = \"http://evil\"")
        r.says("no token")
        assert not r.hub.asked and "evil" not in r.said
    with_run(body)


@case
def a_server_that_says_the_token_back():
    def body(r):
        r.download(code=4, HF_TOKEN=TOKEN)
    with_run(body, status={"api": [403]}, headers={"message": f"I know {TOKEN}"})


# ---- names

@case
def there_is_no_such_model():
    with_run(lambda r: (r.download("org/nothing", code=4), r.says("org/nothing", "spelling"),
                        r.nothing()))


@case
def there_is_no_such_revision():
    def body(r):
        r.download(NAME + "@step7", code=4)
        r.says("no revision \"step7\"", "step1000", "main").nothing()
    with_run(body, revisions=["step1000", "step2000"])


@case
def a_short_name_that_is_misspelt():
    def body(r):
        r.download("tinylama", code=2)
        r.says("did you mean tinyllama?")
        assert not r.hub.asked
    with_run(body)


@case
def names_that_are_none():
    def body(r):
        for name in ("../../etc", "org/../name", "a/b/c", "org/na me", "org/name@../x", "/x",
                     "org/name@", "", "-", "o--g/x", "org/.x", "storyteller", "x" * 300):
            r.download("--", name, code=2)
        assert not r.hub.asked
    with_run(body)


@case
def no_weights_that_can_be_read():
    with_run(lambda r: (r.download(code=3), r.says("pytorch_model.bin"), r.nothing()),
             {"config.json": CONFIG, "pytorch_model.bin": b"pickle"})


@case
def no_model_at_all():
    with_run(lambda r: (r.download(code=3), r.says("config.json"), r.nothing()),
             {"README.md": b"words"})


# ---- lines that break

@case
def dropped_connections():
    def body(r):
        r.download()
        r.whole().says("connection broke off")
        assert gets(r)[-3:] == ["bytes=70000-", "bytes=70100-", "bytes=170100-"], gets(r)
    with_run(body, drops=[900_000, 70_000, 100, 100_000], files={**NEEDED})


@case
def dropped_for_ever():
    def body(r):
        r.download(code=4)
        r.says("kept, and the same command goes on")
        assert r.incomplete().read_bytes() == WEIGHTS[:50_000]
        assert not (r.folder / "refs").exists()
        r.hub.quirks.pop("stall", None)
        r.hub.quirks["drops"] = []
        r.download()
        r.whole()
        assert gets(r)[-1] == "bytes=50000-"
    with_run(body, drops=[900_000, 50_000] + [0] * 9)


@case
def a_resume_reads_what_is_there():
    def body(r):
        r.incomplete().parent.mkdir(parents=True)
        r.incomplete().write_bytes(WEIGHTS[:123_456])
        r.download()
        r.whole().says("41 % is here")
        assert "bytes=123456-" in gets(r)
    with_run(body)


@case
def a_resume_of_other_bytes_is_noticed():
    def body(r):
        r.incomplete().parent.mkdir(parents=True)
        r.incomplete().write_bytes(b"x" * 1000)
        r.download(code=4)
        r.says("checksum")
        assert not r.incomplete().exists() and not r.blob().exists()
        r.download()
        r.whole()
    with_run(body)


@case
def an_incomplete_file_that_is_too_long():
    def body(r):
        r.incomplete().parent.mkdir(parents=True)
        r.incomplete().write_bytes(WEIGHTS + b"more")
        r.download()
        r.whole()
    with_run(body)


@case
def an_incomplete_file_that_is_complete():
    def body(r):
        r.incomplete().parent.mkdir(parents=True)
        r.incomplete().write_bytes(WEIGHTS)
        r.download()
        r.whole()
        assert not any("model.safetensors" in a[2] for a in r.hub.requests("cdn"))
    with_run(body)


@case
def a_server_without_ranges():
    def body(r):
        r.download()
        r.whole()
        assert gets(r)[-1] == "bytes=70000-"
    with_run(body, no_range=True, drops=[900_000, 70_000])


@case
def a_part_that_was_not_asked_for():
    with_run(lambda r: (r.download(code=4), r.says("asked for the bytes from 70000")),
             wrong_range=True, drops=[900_000, 70_000])


@case
def a_part_of_another_file():
    with_run(lambda r: (r.download(code=4), r.says("of 12345")),
             range_of=12345, drops=[900_000, 70_000])


@case
def a_silent_server():
    def body(r):
        r.download(code=4, HF_HUB_DOWNLOAD_TIMEOUT="1")
        r.says("broke off", "kept")
        assert r.incomplete().stat().st_size == 16_000 + 0, r.incomplete().stat().st_size
    with_run(body, {**NEEDED, "tokenizer.json": b"{}"}, stall=16_000, slow=10 ** 9,
             no_range=True)


@case
def another_commit_than_was_asked_for():
    asked = "f" * 40
    with_run(lambda r: (r.download(f"{NAME}@{asked}", code=4),
                        r.says(f"{asked} was asked for").nothing()), revisions=[asked])


@case
def a_link_where_a_part_should_be():
    """Nothing is written through it."""
    def body(r):
        precious = r.home / "precious"
        precious.write_text("mine")
        (r.folder / "blobs").mkdir(parents=True)
        etag = r.repository.etag("model.safetensors")
        (r.folder / "blobs" / f"{etag}.incomplete").symlink_to(precious)
        r.download(code=3)
        r.says(f"{etag}.incomplete")
        assert precious.read_text() == "mine"
    with_run(body)


@case
def a_list_that_never_ends():
    """A byte now and then is no silence; the second answer is whole."""
    def body(r):
        start = time.monotonic()
        r.download(HF_HUB_DOWNLOAD_TIMEOUT="1")
        r.says("broke off")
        assert time.monotonic() - start < 30
    with_run(body, drips=1)


@case
def nobody_listens():
    def body(r):
        r.hub.stop()
        r.download(code=4)
        r.says("cannot be reached", "connected?")
        r.hub.start()
    with_run(body)


@case
def no_such_host():
    with_run(lambda r: (r.download(code=4, HF_ENDPOINT="http://no-such-host.invalid"),
                        r.says("cannot be reached", "no-such-host.invalid")))


@case
def no_curl():
    def body(r):
        (r.home / "bin/curl").unlink()
        r.download(code=4, PATH=str(r.home / "bin"))
        r.says("curl", "install")
    with_run(body)


@case
def a_curlrc_is_not_read():
    def body(r):
        (r.home / ".curlrc").write_text(f"verbose\nlocation-trusted\noutput = {r.home}/x\n")
        r.download(HF_TOKEN=TOKEN, CURL_HOME=r.home)
        r.whole()
        assert not (r.home / "x").exists()
    with_run(body)


# ---- statuses

@case
def too_many_questions_then_fine():
    def body(r):
        begin = time.monotonic()
        r.download()
        r.whole().says("429", "trying again in 2 s")
        assert time.monotonic() - begin >= 2
    with_run(body, status={"api": [429]}, headers={"Retry-After": "2"})


@case
def too_many_questions_for_ever():
    with_run(lambda r: (r.download(code=4), r.says("429", "try again later"), r.nothing()),
             status={"api": [429] * 9}, headers={"Retry-After": "0"})


@case
def too_long_to_wait():
    with_run(lambda r: (r.download(code=4), r.says("3600 s"), r.nothing()),
             status={"hub": [429]}, headers={"Retry-After": "3600"})


@case
def server_errors_then_fine():
    with_run(lambda r: (r.download(), r.whole().says("503", "trying again")),
             status={"api": [503], "hub": [500], "cdn": [502]}, headers={"Retry-After": "0"})


@case
def server_errors_for_ever():
    with_run(lambda r: (r.download(code=4), r.says("status 503"),
                        check(not r.blob().exists())),
             status={"cdn": [503] * 30}, headers={"Retry-After": "0"})


@case
def a_cdn_that_refuses():
    def body(r):
        r.download(code=4, HF_TOKEN=TOKEN)
        r.says("status 403", "sends us to")
        assert "accept your token" not in r.said
    with_run(body, status={"cdn": [403] * 9})


@case
def a_list_that_is_refused():
    with_run(lambda r: (r.download(code=4), r.says("status 418")), status={"api": [418]})


# ---- lies

@case
def a_wrong_checksum():
    def body(r):
        r.download(code=4)
        r.says("its checksum is", "removed")
        assert not r.incomplete().exists() and not r.blob().exists()
        assert not (r.folder / "refs").exists()
        r.hub.quirks.clear()
        r.download()
        r.whole({**NEEDED, "tokenizer.json": b"{}"})
    with_run(body, {**NEEDED, "tokenizer.json": b"{}"}, corrupt=True)


@case
def more_bytes_than_promised():
    def body(r):
        r.download(code=4)
        r.says("more than the 300000 bytes")
        for p in r.cache.rglob("*"):
            assert not p.is_file() or p.stat().st_size <= 300_000
    with_run(body, {**NEEDED, "tokenizer.json": b"{}"}, chunked=True,
             sends=WEIGHTS + b"x" * 20_000_000)


@case
def fewer_bytes_than_promised():
    with_run(lambda r: (r.download(code=4), r.says("299990")),
             {**NEEDED, "tokenizer.json": b"{}"}, sends=WEIGHTS[:-10])


@case
def an_answer_that_ends_too_early():
    def body(r):
        r.download(code=4)
        r.says("kept")
        assert r.incomplete().read_bytes() == WEIGHTS[:-10]
    with_run(body, {**NEEDED, "tokenizer.json": b"{}"}, sends=WEIGHTS[:-10], chunked=True)


@case
def another_length_than_promised():
    with_run(lambda r: (r.download(code=4), r.says("wants to send 77 bytes")),
             {**NEEDED, "tokenizer.json": b"{}"}, length=77, drops=[77])


@case
def a_file_larger_than_the_disk():
    def body(r):
        r.download(code=5)
        r.says("make room", "HF_HUB_CACHE").nothing()
        assert not r.hub.requests("cdn")
    with_run(body, linked_size=10 ** 15 - 1)


@case
def a_size_that_is_no_number():
    for size in ("-5", "9" * 30, "12x", ""):
        with_run(lambda r: (r.download(code=4), r.says("how large"), r.nothing()),
                 linked_size=size)


@case
def a_checksum_that_is_none():
    for etag in ("../../../evil", "abc", "X" * 64, "A" * 64, "e" * 63):
        with_run(lambda r: (r.download(code=4), r.says("which is none"), r.nothing()),
                 linked_etag=etag)


@case
def another_commit_than_asked_for():
    with_run(lambda r: (r.download(code=4), r.says("answers for commit"), r.nothing()),
             commit="f" * 40)


@case
def a_commit_that_is_none():
    for sha in ("main", "../..", "F" * 40, "f" * 41, ""):
        with_run(lambda r: (r.download(code=4), r.says("no commit"), r.nothing()), sha=sha)


@case
def names_that_leave_the_folder():
    for name in ("../../.bashrc", "/etc/passwd", "a/../../b", "a//b", "./model.safetensors",
                 "a\x1b[31m", "a\nb", "a\\..\\b", "", "..", "x" * 300, 5, None):
        with_run(lambda r: (r.download(code=4), r.says("no name of a file"), r.nothing(),
                            check("\x1b" not in r.said)), siblings=[name])


@case
def a_list_that_is_no_json():
    for body in (b"<html>hello</html>", b"{", b"[" * 100_000, b"[]", b'{"sha": 5}',
                 b'{"sha": "' + b"a" * 40 + b'"}', b'{"sha": "' + b"a" * 40
                 + b'", "siblings": 7}', b"\xff\xfe"):
        with_run(lambda r: (r.download(code=4), r.nothing()), list=body)


@case
def a_list_without_an_end():
    with_run(lambda r: (r.download(code=4), r.says("no list of a model's files"), r.nothing()),
             list=b'{"a": "' + b"x" * 30_000_000 + b'"}')


@case
def a_circle_of_redirects():
    with_run(lambda r: (r.download(code=4), r.says("circle"), check(len(r.hub.asked) < 20)),
             loop=True)


@case
def redirects_to_what_is_no_server():
    for where in ("file:///etc/passwd", "ftp://x/y", "http://user@host/", "gopher://x",
                  "http://x/\"\nurl=\"http://y", "javascript:1"):
        with_run(lambda r: (r.download(code=4), check(not r.blob().exists())), location=where)


# ---- the disk

@case
def a_full_disk():
    """A limit on the size of files stands for it: the same call fails."""
    def body(r):
        def limits():
            import resource
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        r.download(code=5, popen={"preexec_fn": limits})
        r.says("make room")
        assert not r.blob().exists()
        r.download()
        r.whole()
    with_run(body)


@case
def a_folder_that_may_not_be_written():
    def body(r):
        if os.geteuid() == 0:
            r.cache.write_text("a file where the cache should be")
        else:
            r.cache.mkdir(mode=0o500)
        r.download(code=3)
        r.says(str(r.cache))
    with_run(body)


@case
def two_at_the_same_moment():
    def body(r):
        both = [r.start(NAME) for _ in range(2)]
        said = [p.communicate(timeout=100) for p in both]
        assert [p.returncode for p in both] == [0, 0], said
        r.whole()
        r.said = str(said)
        assert len(gets(r)) == 2, gets(r)       # the tokenizer and the weights, once each
    with_run(body, slow=300_000)


@case
def another_program_holds_the_lock():
    def body(r):
        import fcntl
        lock = r.cache / ".locks/models--org--tiny-model" / f"{r.blob().name}.lock"
        lock.parent.mkdir(parents=True)
        with open(lock, "w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            process = r.start(NAME)
            err = process.stderr.readline().decode()
            time.sleep(0.5)
            assert process.poll() is None and not r.blob().exists(), err
        process.communicate(timeout=60)
        assert process.returncode == 0 and "waiting for it" in err, err
        r.said = err
        r.whole()
    with_run(body)


@case
def ctrl_c_keeps_what_came():
    def body(r):
        process = r.start(NAME)
        while not (r.incomplete().exists() and r.incomplete().stat().st_size > 30_000):
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        r.said = process.communicate(timeout=30)[1].decode()
        assert process.returncode == 130, r.said
        r.says("are kept", "goes on from there")
        kept = r.incomplete().stat().st_size
        assert WEIGHTS.startswith(r.incomplete().read_bytes())
        r.hub.quirks.clear()
        r.download()
        r.whole()
        assert gets(r)[-1] == f"bytes={kept}-"
    with_run(body, slow=60_000)


@case
def ctrl_c_in_a_pause():
    def body(r):
        process = r.start(NAME)
        err = process.stderr.readline().decode()
        assert "trying again in 60 s" in err, err
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        assert process.returncode == 130
    with_run(body, status={"api": [429]}, headers={"Retry-After": "60"})


@case
def offline():
    def body(r):
        r.download(code=4, HF_HUB_OFFLINE="1")
        r.says("HF_HUB_OFFLINE", "--verify")
        assert not r.hub.asked
        r.download()
        n = len(r.hub.asked)
        r.download(NAME, "--verify", HF_HUB_OFFLINE="yes")
        r.says("6 right, 0 damaged")
        assert len(r.hub.asked) == n
    with_run(body)


# ---- --verify, and what is damaged

@case
def verify_finds_a_turned_bit():
    def body(r):
        r.download()
        content = bytearray(r.blob().read_bytes())
        content[12_345] ^= 4
        r.blob().write_bytes(content)
        r.download(NAME, "--verify", code=1)
        r.says("damaged  org/tiny-model: model.safetensors", "5 right",
               f"to repair it: download {NAME}")
        r.download(NAME, "--verify", "--json", code=1)
        told = {f["file"]: f["result"] for f in json.loads(r.out)["verified"]}
        assert told["model.safetensors"] == "damaged" and told["config.json"] == "right"
        r.download()
        r.whole().says("damaged: again")
        r.download(NAME, "--verify")
    with_run(body)


@case
def verify_finds_what_is_gone_or_cut():
    def body(r):
        r.download()
        r.blob("config.json").unlink()
        os.truncate(r.blob(), 1000)
        r.download(NAME, "--verify", code=1)
        r.says("gone", "config.json", "damaged")
        r.download()
        r.whole()
    with_run(body)


@case
def verify_without_a_word():
    def body(r):
        r.download("--verify")
        r.says("0 right")
        r.download("--verify", NAME, code=3)
        r.says("not on this machine")
    with_run(body)


# ---- at a terminal

def at_terminal(r, typed, *words):
    """stdin, stdout and stderr are a terminal; returns what stood on it."""
    keyboard, terminal = pty.openpty()
    process = r.start(*words, TERM="xterm",
                      popen={"stdin": terminal, "stdout": terminal, "stderr": terminal})
    os.close(terminal)
    seen = b""
    if typed:
        os.write(keyboard, typed)
    while True:
        try:
            piece = os.read(keyboard, 65536)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    os.close(keyboard)
    r.said = seen.decode(errors="replace")
    return process.wait(timeout=30)


@case
def a_person_is_asked():
    def body(r):
        assert at_terminal(r, b"n\n", NAME) == 0
        r.says("Fetch", "[Y/n]", "nothing was fetched").nothing()
        assert at_terminal(r, b"\n", NAME) == 0
        r.whole()
        shutil.rmtree(r.cache)
        assert at_terminal(r, b"", NAME, "--yes") == 0
        assert "[Y/n]" not in r.said
        r.whole()
    with_run(body)


@case
def the_bar_never_runs_backwards():
    """With a server that cannot resume: 60 % is dropped, and all of it comes again."""
    def body(r):
        assert at_terminal(r, b"", NAME, "--yes") == 0, r.said
        r.whole()
        shares = [int(s) for s in re.findall(r" (\d+) %,", r.said)]
        assert len(shares) > 5 and shares == sorted(shares) and shares[-1] <= 100, shares
    with_run(body, slow=120_000, no_range=True, drops=[900_000, 180_000])


# ---- benchmarks

def tar_of(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


QUESTIONS = {"data/dev/anatomy_dev.csv": b"q,a,b,c,d,A\n" * 5,
             "data/test/anatomy_test.csv": b'"q, 2",a,b,c,d,B\n' * 700,
             "data/val/anatomy_val.csv": b"v,a,b,c,d,C\n",
             "data/auxiliary_train/race.csv": b"x" * 5000, "data/README.txt": b"words",
             "data/test/../../../evil_test.csv": b"evil", "../evil_test.csv": b"evil"}


def with_mmlu(body, content, **quirks):
    def inner(r):
        dataset = Repository({"data.tar": content}, kind="datasets")
        dataset.commit = "c30699e8356da336a370243923dbaf21066bb9fe"
        r.hub.repositories["cais/mmlu"] = dataset
        body(r, r.home / "xdg/billion-llm/bench/mmlu")
    with_run(inner, **quirks)


@case
def mmlu():
    def body(r, folder):
        r.download("mmlu")
        got = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.csv")}
        assert got == {"dev/anatomy_dev.csv": QUESTIONS["data/dev/anatomy_dev.csv"],
                       "test/anatomy_test.csv": QUESTIONS["data/test/anatomy_test.csv"],
                       "val/anatomy_val.csv": QUESTIONS["data/val/anatomy_val.csv"]}, got.keys()
        assert not (folder / "data.tar").exists()
        assert not list(r.home.rglob("evil*"))
        if shutil.which("sha256sum"):
            subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder, check=True)
        n = len(r.hub.requests("cdn"))
        r.download("mmlu")
        r.says("all of it is here")
        assert len(r.hub.requests("cdn")) == n
        r.download("mmlu", "--verify", HF_HUB_OFFLINE="1")
        (folder / "dev/anatomy_dev.csv").write_bytes(b"other")
        r.download("mmlu", "--verify", code=1)
        r.says("damaged  mmlu: dev/anatomy_dev.csv")
        r.download("mmlu")
        r.download("mmlu", "--verify")
    with_mmlu(body, tar_of(QUESTIONS))


@case
def archives_that_are_none():
    whole = tar_of(QUESTIONS)
    for content in (b"x" * 3000, whole[:1024], whole[:1500], tar_of({"data/README.txt": b"x" * 999}),
                    whole[:124] + b"77777777777" + whole[135:]):
        with_mmlu(lambda r, folder: (r.download("mmlu", code=4),
                                     check(not (folder / "SHA256SUMS").exists())), content)


@case
def humaneval():
    data = os.environ.get("BILLION_DATA")
    path = pathlib.Path(data or "/nowhere") / "bench/humaneval/HumanEval.jsonl.gz"
    if not path.exists():
        raise Skip("HumanEval.jsonl.gz: BILLION_DATA has none")
    where = ("/openai/human-eval/6d43fb980f9fee3c892a914eda09951f772ad10d/data/"
             "HumanEval.jsonl.gz")

    def body(r):
        r.hub.raw[where] = path.read_bytes()
        r.download("humaneval", HF_TOKEN=TOKEN)
        got = r.home / "xdg/billion-llm/bench/humaneval/HumanEval.jsonl.gz"
        assert got.read_bytes() == path.read_bytes()
        r.download("humaneval", "--verify")
    with_run(body)


@case
def another_humaneval():
    where = ("/openai/human-eval/6d43fb980f9fee3c892a914eda09951f772ad10d/data/"
             "HumanEval.jsonl.gz")

    def body(r):
        r.hub.raw[where] = b"x" * 44877
        r.download("humaneval", code=4)
        r.says("checksum")
        r.hub.raw[where] = b"x" * 44000
        r.download("humaneval", code=4)
        r.says("44000")
        assert not list((r.home / "xdg").rglob("*.gz"))
    with_run(body)


# ---- the hub's own program

def needs_hub():
    if importlib.util.find_spec("huggingface_hub") is None:
        raise Skip("the hub's own program: no huggingface_hub (tests/requirements.txt)")


def hub_program(r, text, **more):
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True,
                          env={**os.environ, **r.environment(**more)}, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@case
def their_program_reads_our_cache():
    needs_hub()

    def body(r):
        r.download(NAME, f"{NAME}@step1")
        for revision in ("main", "step1", r.repository.commit):
            for file, content in NEEDED.items():
                path = hub_program(r, "from huggingface_hub import hf_hub_download as d; "
                                   f"print(d({NAME!r}, {file!r}, revision={revision!r}, "
                                   "local_files_only=True))", HF_HUB_OFFLINE="1") \
                    if file in ("config.json", "model.safetensors") else None
                assert path is None or pathlib.Path(path).read_bytes() == content
        found = hub_program(r, "from huggingface_hub import scan_cache_dir as s; i = s(); "
                            "print(len(i.warnings), [x.repo_id for x in i.repos])")
        assert found == f"0 ['{NAME}']", found
        folder = hub_program(r, "from huggingface_hub import snapshot_download as d; "
                             f"print(d({NAME!r}, local_files_only=True))", HF_HUB_OFFLINE="1")
        assert folder.endswith(r.repository.commit)
    with_run(body, revisions=["step1"])


@case
def their_program_adds_to_our_cache():
    needs_hub()

    def body(r):
        r.download()
        n = len(r.hub.requests("cdn"))
        hub_program(r, "from huggingface_hub import hf_hub_download as d; "
                    f"d({NAME!r}, 'model.safetensors'); d({NAME!r}, 'README.md')")
        assert len(r.hub.requests("cdn")) == n, "it fetched again what we have"
        assert r.files()["README.md"] == MODEL["README.md"]
        r.download(NAME, "--verify")
    with_run(body)


@case
def we_read_their_cache():
    needs_hub()

    def body(r):
        for file in NEEDED:
            hub_program(r, "from huggingface_hub import hf_hub_download as d; "
                        f"print(d({NAME!r}, {file!r}))", HF_HUB_DISABLE_XET="1")
        n = len(r.hub.requests("cdn"))
        r.download()
        r.whole().says("all of it is here")
        assert len(r.hub.requests("cdn")) == n
        r.download(NAME, "--verify")
        r.says("6 right")
    with_run(body)


# ---- running them

def check(condition):
    assert condition


def with_run(body, files=None, **quirks):
    r = Run(files, **quirks)
    try:
        body(r)
    finally:
        r.close()


def attempt(name):
    try:
        CASES[name]()
        return name, None
    except Skip as why:
        return name, why
    except (AssertionError, OSError, KeyError, ValueError, subprocess.SubprocessError) as why:
        return name, f"{type(why).__name__}: {why}"


def main():
    if not shutil.which("curl"):
        print("there is no curl here\n0 passed, 0 failed, 1 skipped")
        return 0
    if not PROGRAM.exists():
        print(f"{PROGRAM} is not built\n0 passed, 1 failed")
        return 1
    names = sys.argv[1:] or list(CASES)
    passed = failed = skipped = 0
    # Most of the time is spent in pauses, so several run at once.
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        for name, why in pool.map(attempt, names):
            if why is None:
                passed += 1
            elif isinstance(why, Skip):
                skipped += 1
                print(f"skipped: {why}")
            else:
                failed += 1
            print(f"{name.replace('_', ' ')}: {why or 'ok'}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())

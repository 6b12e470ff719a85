"""hub_server.py - a server on this machine that speaks as the model hub does, and lies on request

Two servers, so that there are two origins: the hub, which knows the repositories, and
the place where large files are (a CDN). What they are asked stands in `asked`.

    hub = Hub({"org/name": Repository({"config.json": b"{}", "model.safetensors": b"…"})})
    hub.quirks["drops"] = [1000]        # the first answer of the CDN ends after 1000 bytes
    hub.start(); hub.endpoint; hub.stop()

Quirks (all optional):
    drops           [bytes, …]: the n-th answer of the CDN breaks off after so many bytes
    no_range        the CDN answers 200, with everything, to a question for a part
    wrong_range     the CDN sends another part than the one that was asked for
    range_of        the whole size that Content-Range names
    corrupt         one bit of what the CDN sends is turned
    sends           the CDN sends this instead of the file
    chunked         the CDN does not say how long its answer is
    length          the Content-Length that the CDN says
    linked_size, linked_etag, commit    what the hub's head says
    list            the body of the list of files; siblings: more names in it
    status          {"hub"|"cdn"|"api": [status, …]}: answered first, one after the other
    headers         {…}: with those statuses
    location        where the hub sends us; loop: to itself; cdn_redirect: the CDN once more
    slow            bytes in a second
    drips           how many lists of files come a byte at a time, and have no end
    stall           the CDN sends this many bytes and then nothing
    prefix          everything stands below this path
"""

import hashlib
import http.server
import json
import threading
import time
import urllib.parse


def blob_id(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Repository:
    """files: {path: bytes}; those of 200 bytes and more are "large": named by SHA-256."""

    def __init__(self, files, gated=False, private=False, kind="models", revisions=()):
        self.files, self.gated, self.private, self.kind = files, gated, private, kind
        seed = json.dumps({k: blob_id(v) for k, v in files.items()}, sort_keys=True)
        self.commit = hashlib.sha1(seed.encode()).hexdigest()
        self.revisions = {"main": self.commit, **{r: self.commit for r in revisions}}

    def large(self, path):
        return len(self.files[path]) >= 200

    def etag(self, path):
        content = self.files[path]
        return hashlib.sha256(content).hexdigest() if self.large(path) else blob_id(content)


class Hub:
    def __init__(self, repositories, token="hf_secretsecretsecret", **quirks):
        self.repositories, self.token, self.quirks = repositories, token, quirks
        self.asked = []                 # (server, method, path, headers)
        self.lock = threading.Lock()
        self.raw = {}                   # {path: bytes} of the other server (raw files)

    def start(self):
        hub = self

        class HubHandler(Handler):
            name = "hub"
            answer = hub_answer
            owner = hub

        class CdnHandler(Handler):
            name = "cdn"
            answer = cdn_answer
            owner = hub

        self.servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), h)
                        for h in (HubHandler, CdnHandler)]
        for server in self.servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02},
                             daemon=True).start()
        hub_port, cdn_port = (s.server_address[1] for s in self.servers)
        self.endpoint = f"http://127.0.0.1:{hub_port}{self.quirks.get('prefix', '')}"
        self.cdn = f"http://127.0.0.1:{cdn_port}"
        return self

    def stop(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def next(self, quirk, default=None):
        """The next value of a list, once each."""
        with self.lock:
            values = self.quirks.get(quirk)
            return values.pop(0) if values else default

    def next_status(self, server):
        with self.lock:
            values = self.quirks.get("status", {}).get(server)
            return values.pop(0) if values else None

    def requests(self, server, method=None):
        return [a for a in self.asked if a[0] == server and method in (None, a[1])]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        with self.owner.lock:
            self.owner.asked.append((self.name, self.command, self.path, dict(self.headers)))
        try:
            self.answer()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_HEAD = do_GET

    def say(self, status, headers=None, body=b""):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if "Content-Length" not in (headers or {}):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, code=None, message="no", **more):
        headers = {"X-Error-Message": message, **more}
        if code:
            headers["X-Error-Code"] = code
        self.say(status, headers, json.dumps({"error": message}).encode())


def hub_answer(self):
    hub, quirks = self.owner, self.owner.quirks
    prefix = quirks.get("prefix", "")
    path = urllib.parse.urlsplit(self.path).path
    if not path.startswith(prefix):
        return self.refuse(404)
    path = path[len(prefix):]
    parts = [urllib.parse.unquote(p) for p in path.split("/")[1:]]
    api = parts[0] == "api" and parts[1] == "models"
    status = hub.next_status("api" if api else "hub")
    if status:
        return self.refuse(status, **quirks.get("headers", {}))
    if quirks.get("loop"):
        return self.say(302, {"Location": self.path})
    if api:
        return list_answer(self, parts)
    if parts[:2] == ["api", "resolve-cache"]:
        return resolve(self, parts[2:], small=True)
    return resolve(self, parts, small=False)


def authorized(self, repository):
    """None, or what was answered instead."""
    sent = self.headers.get("Authorization")
    if sent is not None and sent != f"Bearer {self.owner.token}":
        return self.refuse(401, message="Invalid credentials in Authorization header") or True
    if repository is None or (repository.private and sent is None):
        return self.refuse(401 if sent is None else 404, "RepoNotFound",
                           "Repository not found") or True
    return None


def list_answer(self, parts):
    hub, quirks = self.owner, self.owner.quirks
    name = "/".join(parts[2:4])
    repository = hub.repositories.get(name)
    if authorized(self, repository):
        return
    if parts[4] == "refs":
        branches = [{"name": n, "ref": f"refs/heads/{n}", "targetCommit": c}
                    for n, c in repository.revisions.items()]
        return self.say(200, {"Content-Type": "application/json"},
                        json.dumps({"branches": branches, "tags": []}).encode())
    revision = parts[5]
    if revision not in repository.revisions and revision != repository.commit:
        return self.refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
    names = list(repository.files) + quirks.get("siblings", [])
    if quirks.get("drips", 0) > 0:
        quirks["drips"] -= 1
        self.send_response(200)
        self.end_headers()
        while True:                     # until the other side goes away
            self.wfile.write(b" ")
            self.wfile.flush()
            time.sleep(0.3)
    body = quirks.get("list") or json.dumps({
        "id": name, "sha": quirks.get("sha", repository.commit), "gated": repository.gated,
        "siblings": [{"rfilename": f} for f in names]}).encode()
    self.say(200, {"Content-Type": "application/json"}, body)


def resolve(self, parts, small):
    """org/name/resolve/REVISION/path; also datasets/org/name/…"""
    hub, quirks = self.owner, self.owner.quirks
    kind = "models"
    if parts[0] in ("datasets", "models"):
        kind, parts = parts[0], parts[1:]
    name, path = "/".join(parts[:2]), "/".join(parts[4:])
    if small:
        path = "/".join(parts[3:])
    repository = hub.repositories.get(name)
    if repository is not None and repository.kind != kind:
        repository = None
    if authorized(self, repository):
        return
    if repository.gated and (self.headers.get("Authorization") is None
                             or repository.gated == "refused"):
        status = 401 if self.headers.get("Authorization") is None else 403
        return self.refuse(status, "GatedRepo", "Access to model is restricted")
    if path not in repository.files:
        return self.refuse(404, "EntryNotFound", "Entry not found")
    content = repository.files[path]
    head = {"X-Repo-Commit": quirks.get("commit", repository.commit), "Accept-Ranges": "bytes"}
    if repository.large(path):
        head["X-Linked-ETag"] = '"%s"' % quirks.get("linked_etag", repository.etag(path))
        head["X-Linked-Size"] = str(quirks.get("linked_size", len(content)))
        head["ETag"] = '"the-etag-of-the-redirect"'
        head["Location"] = quirks.get("location") or (
            f"{hub.cdn}/blob/{name}/{urllib.parse.quote(path)}?Signature=abc&Expires=1")
        return self.say(302, head)
    if not small:
        head["Location"] = (f"{quirks.get('prefix', '')}/api/resolve-cache/{kind}/{name}/"
                            f"{repository.commit}/{urllib.parse.quote(path)}")
        return self.say(307, head)
    head["ETag"] = 'W/"%s"' % repository.etag(path) if quirks.get("weak") else \
        '"%s"' % repository.etag(path)
    self.say(200, head, content)


def cdn_answer(self):
    hub, quirks = self.owner, self.owner.quirks
    path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
    status = hub.next_status("cdn")
    if status:
        return self.refuse(status, **quirks.get("headers", {}))
    if path in hub.raw:
        return self.say(200, {"ETag": '"x"'}, hub.raw[path])
    if quirks.pop("cdn_redirect", None):
        return self.say(302, {"Location": hub.cdn.replace("127.0.0.1", "localhost") + self.path})
    _, _, org, name, path = path.split("/", 4)
    send(self, hub.repositories[f"{org}/{name}"].files[path])


def send(self, content):
    hub, quirks = self.owner, self.owner.quirks
    asked = self.headers.get("Range")
    start = int(asked.split("=")[1].split("-")[0]) if asked else 0
    if quirks.get("no_range"):
        asked, start = None, 0
    if asked and start >= len(content):
        return self.say(416, {"Content-Range": f"bytes */{len(content)}"})
    if quirks.get("wrong_range") and asked:
        start += 1
    whole = quirks.get("range_of", len(content))
    body = quirks.get("sends", content)[start:]
    if quirks.get("corrupt"):
        body = body[:-1] + bytes([body[-1] ^ 1])
    self.send_response(206 if asked else 200)
    if asked:
        self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{whole}")
    if quirks.get("chunked"):
        self.send_header("Connection", "close")
    else:
        self.send_header("Content-Length", str(quirks.get("length", len(body))))
    self.end_headers()
    self.close_connection = True
    stop = hub.next("drops", quirks.get("stall", len(body)))
    slow = quirks.get("slow")
    step = max(slow // 20, 1) if slow else 1 << 20
    for i in range(0, min(stop, len(body)), step):
        self.wfile.write(body[i:min(i + step, stop)])
        self.wfile.flush()
        if slow:
            time.sleep(step / slow)
    if "stall" in quirks and stop < len(body):
        time.sleep(30)

#!/usr/bin/env python3
"""book.py - is the book whole? Python's own HTML parser reads it

  index.html ──► tags ──► properly nested, every id once, no dead link, nothing
             │            fetched from anywhere
             └─► text ──► each file's text, tags taken away, is the file, byte for
                          byte; line numbers and links point where they say

  a file made to confuse the weaver ──► woven just the same; four that no book can
                                        hold ──► exit 3, naming the place

  style sheet ──► every colour of letters readable on its paper (WCAG 2: 4.5 : 1),
                  in light and in dark

Usage: book.py BOOK CONTENTS WEAVE     (make proof; from the top folder of the clone)
"""
import html.parser
import os
import re
import subprocess
import sys
import tempfile

BLOCK = {"p", "div", "ul", "ol", "li", "pre", "h1", "h2", "h3", "article", "section",
         "nav", "header", "figure", "figcaption"}
PHRASING_ONLY = {"p", "h1", "h2", "h3", "pre", "a", "span", "b", "i", "em", "code"}
VOID = {"meta"}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.stack, self.wrong, self.ids, self.links = [], [], [], []
        self.files, self.texts, self.anchors = [], {}, []
        self.body = None            # depth of the <div class=body> that is open
        self.style, self.listed, self.names = "", [], []
        self.link = None

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        where = self.getpos()
        if len(a) != len(attributes):
            self.wrong.append(f"line {where[0]}: an attribute twice in <{tag}>")
        parent = self.stack[-1][0] if self.stack else None
        if tag in BLOCK and parent in PHRASING_ONLY:
            self.wrong.append(f"line {where[0]}: <{tag}> inside <{parent}>")
        if parent in ("ul", "ol") and tag != "li":
            self.wrong.append(f"line {where[0]}: <{tag}> inside <{parent}>")
        if tag == "a" and any(t == "a" for t, _ in self.stack):
            self.wrong.append(f"line {where[0]}: a link inside a link")
        if tag in ("script", "link", "img", "iframe", "object") or "src" in a:
            self.wrong.append(f"line {where[0]}: <{tag}> fetches something")
        if "id" in a:
            self.ids.append(a["id"])
        if "href" in a:
            self.links.append(a["href"])
        if tag == "article":
            self.files.append(a["id"])
        if tag == "div" and a.get("class") == "body":
            self.body = len(self.stack)
            self.texts.setdefault(self.files[-1], [])
        if tag == "a" and any(t == "nav" for t, _ in self.stack):
            self.listed.append(a["href"][1:])
        if self.body is not None and "id" in a:
            parts = self.texts.setdefault(self.files[-1], [])
            self.anchors.append((self.files[-1], a["id"], len(parts)))
        if tag == "a" and self.body is not None and "id" not in a:
            self.link = [self.files[-1], a["href"][1:], ""]
        if tag not in VOID:
            self.stack.append((tag, where))

    def handle_endtag(self, tag):
        if not self.stack or self.stack[-1][0] != tag:
            self.wrong.append(f"line {self.getpos()[0]}: </{tag}> closes "
                              f"{self.stack[-1:] or 'nothing'}")
            return
        self.stack.pop()
        if self.body is not None and len(self.stack) == self.body:
            self.body = None
        if tag == "a" and self.link:
            self.names.append(self.link)
            self.link = None

    def handle_data(self, data):
        if self.body is not None:
            self.texts.setdefault(self.files[-1], []).append(data)
        if self.stack and self.stack[-1][0] == "style":
            self.style += data
        if self.link:
            self.link[2] += data


def contrast(one, other):
    def light(color):
        color = color.lstrip("#")
        color = "".join(c * 2 for c in color) if len(color) == 3 else color
        parts = [int(color[i:i + 2], 16) / 255 for i in (0, 2, 4)]
        parts = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    a, b = sorted((light(one), light(other)))
    return (b + 0.05) / (a + 0.05)


def pale(style):
    """Pairs of colours that are too near to each other, by scheme."""
    dark = style.index("prefers-color-scheme: dark")
    schemes = {"light": style[:dark], "dark": style[dark:style.index("}", dark)],
               "print": style[style.index("@media print"):]}
    for scheme, text in schemes.items():
        colors = dict(re.findall(r"--(\w+): (#[0-9a-f]+);", text))
        for letters in ("ink", "soft", "blue", "orange", "note"):
            for paper in ("paper", "code", "term"):
                if contrast(colors[letters], colors[paper]) < 4.5:
                    yield f"{scheme}: {letters} on {paper}: " \
                          f"{contrast(colors[letters], colors[paper]):.2f}"


def wrong_lines(page):
    """Anchors path:n of code that do not stand at line n of their file."""
    where = {}
    for path, parts in page.texts.items():
        count, where[path] = 1, []
        for part in parts:
            where[path].append(count)
            count += part.count("\n")
        where[path].append(count)
    for path, name, at in page.anchors:
        said_path, _, said = name.rpartition(":")
        if said_path != path or where[path][at] != int(said):
            yield f"{name} stands at line {where[path][at]} of {path}"


def defines(code, name):
    """Does code begin with the definition of name, behind its comment?"""
    at = 0
    if code[0].startswith("/*"):
        while not code[at].endswith("*/"):
            at += 1
        at += 1
    first = code[at]
    name = re.escape(name)
    if first.startswith("typedef"):
        end = next(c for c in code[at:] if c.startswith("}") or ("{" in first and c == first
                                                                 and "}" in first))
        return re.search(rf"}} {name};", end) is not None
    return re.match(rf"\w.*\b{name}\(|#define {name}\b|struct {name} {{", first) is not None


def wrong_names(page, lines):
    """Links whose target is not the file, or not the definition, that they name."""
    for path, target, text in page.names:
        name, _, line = target.rpartition(":")
        if not line.isdigit():
            if not target.endswith(text.strip('"')):
                yield f"{path}: {text} leads to {target}"
        elif not defines(lines[name][int(line) - 1:], text):
            yield f"{path}: {text} leads to {target}, where it is not defined"


CONFUSING = r'''/* odd.c - 1 < 2 && "a" > 'b' &amp; all that
 *
 * Traps:
 * - `code`, *stress*, a*b*c, `open, * x *, "<i>" and </div>
 *   goes on; 3. is no item
 *
 *        ┌─┐ a picture in an item, <b>
 *        └─┘
 * 1. another list
 * text below it. Read next: odd.c, none.c, ./odd.c.

 no star here, 日本語 and \t a tab:	.
 *
 *   $ ./run nothing
 *   //= 1 < 2 -> yes      ''' r'''
 *
 */
/* one line: odd() and odd_name */
/**/
/* not alone */ int x;
#define odd_name(x) "/* no comment \" <" /* but this is
    one & more */ '\\'' // and <this>

static int odd(void) { return '"'; }
int y; /* behind */
    /* inside */

/* never closed <
 * in the end
'''


def parsed(raw):
    page = Page()
    page.feed(raw.decode("utf-8"))
    page.close()
    return page


def weave_odd(weave, source, contents="chapter 01 Odd\nodd.c\n"):
    """(exit status, what it said, its page) for a book of one odd file."""
    with tempfile.TemporaryDirectory() as folder:
        files = {"odd.c": source, "contents": contents.encode(), "style.css": b":root {}"}
        for name, text in files.items():
            with open(os.path.join(folder, name), "wb") as out:
                out.write(text)
        done = subprocess.run([os.path.abspath(weave), "contents", "style.css", "none", "out.html"],
                              cwd=folder, capture_output=True, timeout=60)
        path = os.path.join(folder, "out.html")
        page = parsed(open(path, "rb").read()) if os.path.exists(path) else None
        return done.returncode, done.stderr.decode(), page


def odd_checks(weave):
    status, said, page = weave_odd(weave, CONFUSING.encode())
    yield "a confusing file is woven", [] if status == 0 else [said]
    if page:
        got = "".join(page.texts["odd.c"])
        yield "every byte of it", [] if got == CONFUSING else [repr(got)]
        yield "its tags", page.wrong + [f"<{t}> is never closed" for t, _ in page.stack]
        yield "its anchors", [i for i in page.ids if page.ids.count(i) > 1] \
            + [h for h in page.links if h[1:] not in page.ids]
    for what, source, contents, place in [
            ("a last line without an end", b"int x;", None, "odd.c"),
            ("bytes that are not UTF-8", b"int x;\n/* \xff */\n", None, "odd.c:2"),
            ("a control character", b"int x;\n\n\x1b[0m\n", None, "odd.c:3"),
            ("a file that is not there", b"\n", "chapter 01 A\nodd.c\n\nnone.c\n", "contents:4"),
            ("a file twice", b"\n", "chapter 01 A\nodd.c\nodd.c\n", "contents:3")]:
        status, said, page = weave_odd(weave, source, contents or "chapter 01 Odd\nodd.c\n")
        yield f"{what} is refused", [] if status == 3 and place in said and page is None \
            else [f"exit {status}: {said}"]


def main():
    book, contents, weave = sys.argv[1:4]
    raw = open(book, "rb").read()
    page = parsed(raw)
    wanted = [line.strip() for line in open(contents, encoding="utf-8")
              if re.match(r"(src|chapters)/", line)]
    bytes_of = {path: open(path, "rb").read() for path in wanted}
    lines = {path: data.decode().split("\n") for path, data in bytes_of.items()}
    known = set(page.ids)
    checks = [
        ("tags are nested as HTML wants them",
         page.wrong + [f"<{t}> is never closed" for t, _ in page.stack]),
        ("every id is there once", sorted({i for i in page.ids if page.ids.count(i) > 1})
         if len(known) < len(page.ids) else []),
        ("no dead link", [h for h in page.links if not h.startswith("#") or h[1:] not in known]),
        ("nothing is fetched", re.findall(r"https?://|url\(|@import", page.style)
         + re.findall(rb"<script|javascript:|\son\w+=", raw)),
        ("the files stand in the order of the contents",
         [] if page.files == wanted else [f"{page.files} instead of {wanted}"]),
        ("the contents list every file", [f for f in wanted if f not in page.listed]),
        ("a header stands before its .c", [f for f in wanted if f.endswith(".c")
         and f[:-1] + "h" in wanted[wanted.index(f):]]),
        ("line numbers are those of the files", list(wrong_lines(page))),
        ("names lead to where they are defined", list(wrong_names(page, lines))),
        ("colours can be read", list(pale(page.style))),
    ]
    for path in wanted:
        got = "".join(page.texts.get(path, [])).encode()
        at = next((i for i, (a, b) in enumerate(zip(got, bytes_of[path])) if a != b),
                  min(len(got), len(bytes_of[path])))
        checks.append((f"every byte of {path}", [] if got == bytes_of[path] else
                       [f"differs at byte {at}: {got[at:at + 30]!r} instead of "
                        f"{bytes_of[path][at:at + 30]!r}"]))
    checks += odd_checks(weave)
    failed = 0
    for what, complaints in checks:
        if complaints:
            failed += 1
            print(f"  FAILED: {what}: {len(complaints)}")
            for complaint in complaints[:5]:
                print(f"    {complaint}")
    print(f"{len(page.links)} links, {len(known)} anchors, {len(page.names)} of them names, "
          f"{sum(len(v) for v in lines.values())} lines")
    print(f"{len(checks) - failed} passed, {failed} failed")
    return failed > 0


sys.exit(main())

#!/bin/sh
# style.sh - what can be checked about the house by a machine
#
#   layers       a file includes only its own layer or one listed before it in
#                src/LAYERS; no ring inside a layer; model and kernels never
#                include text
#   headers      every header compiles alone
#   course       every exercise's key compiles; what tests/lesson_mutants breaks is there
#   size         code lines of each layer within its budget; files of at most 500
#                lines; lines of at most 100 columns; functions of at most 60
#                lines. The named exceptions stand below, each with its reason.
#   essays       every .c opens with "/* name.c - …" and at least 12 lines of it; the
#                lessons that essays name exist
#   globals      the writable symbols of the library are the few that are named
#
# Usage: tests/style.sh [LIBRARY]    (make style)
# Needs: a POSIX shell, awk, tsort, nm and a C compiler ($CC). The last line
# counts what passed and failed.

set -u
LC_ALL=C; export LC_ALL
CC=${CC:-cc}
library=${1:-build/libbillion.a}
layers=$(awk '!/^#/ && NF { print $1 }' src/LAYERS)
passed=0 failed=0
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

# Exceptions. A story function (one layer forward) may take 90 lines.
long_functions='block_forward'
# Writable symbols: the kernel table, the interrupt flag, the worker pool, the
# memory counters.
globals='kernels interrupt_flag pool memory_allocations'

# check NAME FILE: the check has failed when FILE, its complaints, is not empty.
check() {
    if [ -s "$2" ]; then
        failed=$((failed + 1)); echo "style: $1"; sed 's/^/    /' "$2"
    else
        passed=$((passed + 1))
    fi
}

# syntax OPTION… FILE: would it compile?
syntax() { "$CC" -std=c11 -D_GNU_SOURCE -Isrc -I. -fsyntax-only "$@"; }

# Files that people write: a generated table says so in its first line.
written() {
    for f in "$@"; do
        [ -f "$f" ] || continue
        head -n 1 "$f" | grep -q 'generated' || echo "$f"
    done
}

# code FILE…: the lines that are neither comment nor blank. A lone brace is not
# something to read either: a line of code has a letter or a digit.
code() {
    cat /dev/null "$@" | awk '
    {
        line = $0; out = ""
        while (length(line) > 0) {
            if (inside) {
                end = index(line, "*/")
                if (end == 0) { line = ""; break }
                line = substr(line, end + 2); inside = 0
            } else if (match(line, /^"([^"\\]|\\.)*"/) ||
                       match(line, /^\047([^\047\\]|\\.)*\047/)) {
                out = out substr(line, 1, RLENGTH); line = substr(line, RLENGTH + 1)
            } else if (substr(line, 1, 2) == "//") {
                line = ""
            } else if (substr(line, 1, 2) == "/*") {
                inside = 1; line = substr(line, 3)
            } else {
                out = out substr(line, 1, 1); line = substr(line, 2)
            }
        }
        if (out ~ /[A-Za-z0-9]/) print out
    }'
}

# --- layers --------------------------------------------------------------
: > "$scratch/up"; : > "$scratch/text"
for layer in $layers; do
    below=$(echo "$layers" | awk -v me="$layer" '{ print } $1 == me { exit }')
    for f in src/"$layer"/*.[ch]; do
        for used in $(awk -F'[ "/]' '/^#include "[a-z]+\// { print $3 }' "$f"); do
            echo "$below" | grep -qx "$used" ||
                echo "$f includes $used/, which is above $layer/" >> "$scratch/up"
            case "$layer/$used" in model/text | kernels/text)
                echo "$f includes $used/" >> "$scratch/text" ;;
            esac
        done
        # One node per name: x.c and x.h are the same concept.
        me=$(basename "$f" | sed 's/\.[ch]$//')
        awk -F'["/.]' -v l="$layer" -v me="$me" '
            $1 == "#include " && $2 == l && $3 != me { print me, $3 }' "$f" >> "$scratch/$layer.edges"
    done
done
check "an include that points upward in src/LAYERS" "$scratch/up"
check "text and the model must not meet below decode" "$scratch/text"
: > "$scratch/rings"
for layer in $layers; do
    [ -f "$scratch/$layer.edges" ] || continue
    tsort "$scratch/$layer.edges" > /dev/null 2> "$scratch/loop" ||
        { echo "$layer:"; cat "$scratch/loop"; } >> "$scratch/rings"
done
check "a ring of includes inside a layer" "$scratch/rings"
ls -d src/*/ | sed 's|src/||; s|/||' | while read -r d; do
    echo "$layers" | grep -qx "$d" || echo "src/$d is not listed"
done > "$scratch/unlisted"
check "a folder that src/LAYERS does not list" "$scratch/unlisted"

# --- headers compile alone ----------------------------------------------
: > "$scratch/alone"
for f in src/*/*.h chapters/*/*.h weights-tools/*/*.h tests/test.h; do
    [ -f "$f" ] || continue
    printf '#include "%s"\n' "$f" | syntax -Wall -Wextra -Wpedantic -x c - \
        2>> "$scratch/alone" || echo "$f" >> "$scratch/alone"
done
check "a header that does not compile alone" "$scratch/alone"

# --- what make proof builds later -----------------------------------------
: > "$scratch/keys"
for f in chapters/exercises/*/*.key.c; do
    syntax "$f" 2>> "$scratch/keys" || echo "$f" >> "$scratch/keys"
done
check "an exercise's key that does not compile" "$scratch/keys"
sh tests/mutants.sh "$scratch" --there > "$scratch/there" 2>&1
check "a line of tests/lesson_mutants that the source has moved on from" "$scratch/there"

# --- budgets ---------------------------------------------------------------
: > "$scratch/budget"; total=0; report=
for layer in $layers; do
    budget=$(awk -v l="$layer" '$1 == l { print $2 }' src/LAYERS)
    lines=$(code $(written src/"$layer"/*.[ch]) | wc -l)
    total=$((total + lines)); report="$report $layer $((lines))/$budget"
    [ "$lines" -le "$budget" ] ||
        echo "$layer has $lines code lines, budget $budget" >> "$scratch/budget"
done
[ "$total" -le 12000 ] || echo "src has $total code lines, budget 12000" >> "$scratch/budget"
said=$(sed -n 's/.* \([0-9]*\),\([0-9]*\) lines of code in.*/\1\2/p' README.md)
[ -n "$said" ] && [ $((said - total)) -le 200 ] && [ $((total - said)) -le 200 ] ||
    echo "README.md says ${said:-nothing}, src has $total code lines" >> "$scratch/budget"
check "more code than src/LAYERS allows, or than README.md says" "$scratch/budget"

# --- lengths -----------------------------------------------------------------
: > "$scratch/files"; : > "$scratch/columns"; : > "$scratch/functions"; : > "$scratch/essay"
all=$(written src/*/*.[ch] chapters/*.[ch] chapters/*/*.[ch] weights-tools/*.c \
      weights-tools/*/*.[ch] tests/*.[ch] tests/*/*.[ch])
for f in $all; do
    n=$(wc -l < "$f")
    [ "$n" -le 500 ] || echo "$f has $n lines" >> "$scratch/files"
    # A character of several bytes is one column: drop continuation bytes.
    tr -d '\200-\277' < "$f" | awk -v f="$f" '
        length($0) > 100 { print f ":" NR " has " length($0) " columns" }' >> "$scratch/columns"
    awk -v f="$f" -v story="$long_functions" '
        /^\{/ { start = NR; name = before; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
        /^}/ && start {
            limit = index(" " story " ", " " name " ") ? 90 : 60
            if (NR - start - 1 > limit)
                print f ": " name " has " NR - start - 1 " lines"
            start = 0
        }
        /^[a-zA-Z_]/ { before = $0 }' "$f" >> "$scratch/functions"
done
check "a file of more than 500 lines" "$scratch/files"
check "a line of more than 100 columns" "$scratch/columns"
check "a function that is too long" "$scratch/functions"

# --- essays -------------------------------------------------------------------
for f in $(written src/*/*.c chapters/*.c chapters/*/*.c weights-tools/*.c \
                   weights-tools/*/*.c); do
    awk -v f="$f" -v name="$(basename "$f")" '
        NR == 1 && index($0, "/* " name " - ") != 1 { print f " does not open with its name"; exit }
        /\*\// { if (NR < 12) print f " has an essay of " NR " lines"; exit }' "$f"
done > "$scratch/essay"
check "a .c file without an essay" "$scratch/essay"

# What an essay promises is there; chapters 07, 08 and 10 to 15 are still to come.
for f in $all; do
    sed -n '/Lesson: /s/.*Lesson: //p' "$f" | grep -o 'chapters/[a-z0-9_/]*\.c' |
    while read -r lesson; do
        case $lesson in chapters/chapter0[78]_* | chapters/chapter1[0-5]_*) continue ;; esac
        [ -f "$lesson" ] || echo "$f names $lesson"
    done
done > "$scratch/lessons"
check "a lesson that is named and does not exist" "$scratch/lessons"

# --- writable symbols -----------------------------------------------------------
: > "$scratch/globals"
if [ -f "$library" ] && nm -f sysv "$library" > "$scratch/nm" 2> /dev/null; then
    # name|value|class|type|size|line|section; .data.rel.ro is const with pointers.
    awk -F'|' -v known="$globals" '
        $7 ~ /^\.(data|bss|tbss|tdata|common|\*COM\*)/ && $7 !~ /\.rel\.ro/ && $4 ~ /OBJECT|TLS/ {
            gsub(/ /, "", $1); sub(/\.[0-9]+$/, "", $1)
            if (!index(" " known " ", " " $1 " ")) print $1 " in " $7
        }' "$scratch/nm" > "$scratch/globals"
    check "a writable global that is not one of: $globals" "$scratch/globals"
else
    echo "style: $library is not there or nm cannot read it: globals not checked"
fi

comment=$(cat $(written src/*/*.c) | wc -l)
codelines=$(code $(written src/*/*.c) | wc -l)
[ "$comment" -eq 0 ] || echo "style: code lines by layer:$report; src in all $total of 12000;" \
    "$((100 - 100 * codelines / comment)) % of the lines of src/*.c are prose or blank"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

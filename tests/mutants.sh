#!/bin/sh
# mutants.sh - a lesson whose subject is broken must notice
#
#      tests/lesson_mutants        a copy of the tree
#      ┌──────────────────┐        ┌──────────────────────────────────────┐
#      │ ./run word, file │        │ src/kernels/rope.c   - im * s        │
#      │ - old text       ├───────►│                      + im * s, wrong │
#      │ + new text       │        └───────────┬──────────────────────────┘
#      └──────────────────┘                    ▼
#                                  make, ./run word: exit status 1? put it back
#
# A theorem that holds whatever the engine does proves nothing. So each lesson is
# run once as it is (it must end with 0), and once for every block of the list, on
# a tree in which one line is wrong: then it must end with 1, "a check failed". A
# crash, an error in words and a time-out are not good enough: the reader is to be
# told which equality does not hold. Old text that is not there is a failure too:
# then the source has moved on and the list has not.
#
# Usage: tests/mutants.sh BUILD-FOLDER [WORD…]     (make proof)
#        tests/mutants.sh build chapter04          only the words that begin so
#        tests/mutants.sh build --there            only: is each old text in its file? Says
#                                                  which are not (make style)
# Needs: git, a C compiler ($CC), make, tar.

set -u
build=${1:-build}; [ $# -gt 0 ] && shift
words=$*
mkdir -p "$build" || exit 1
where=$(cd "$build" && pwd)/mutants
list=$PWD/tests/lesson_mutants
passed=0 failed=0 skipped=0
HF_HUB_CACHE=/no/such/cache; export HF_HUB_CACHE
rm -rf "$where"; mkdir -p "$where/tree" || exit 1

pass() { passed=$((passed + 1)); echo "  $1"; }
fail() { failed=$((failed + 1)); echo "  FAILED: $1"; }

build_run() {
    make -s -j2 -C "$where/tree" CC="${CC:-cc}" OPT=-O1 WARN=-w run > "$where/log" 2>&1
}

# lesson WORD OPTION…: its exit status; 124 when it does not end: a lesson takes ten
# seconds at most, and a busy machine is not an endless loop.
lesson() { (cd "$where/tree" && timeout 600 ./run "$@") > "$where/out" 2> "$where/err"; }

# chosen WORD: was it asked for?
chosen() {
    [ -z "$words" ] && return 0
    for w in $words; do case $1 in "$w"*) return 0 ;; esac; done
    return 1
}

# Blocks become folders 001, 002, …: what to run, where, why, old and new text.
awk -v where="$where" '
    /^#/ || /^$/ { open = 0; next }
    /^@ / {
        if (split(substr($0, 3), part, " [|] ") != 3) { print "line " NR ": not RUN | FILE | WHY"; exit 1 }
        folder = sprintf("%s/%03d", where, ++count); system("mkdir -p " folder)
        print part[1] > (folder "/run"); print part[2] > (folder "/file"); print part[3] > (folder "/why")
        printf "" > (folder "/old"); printf "" > (folder "/new"); open = 1; next
    }
    open && /^-( |$)/ { print substr($0, 3) > (folder "/old"); next }
    open && /^[+]( |$)/ { print substr($0, 3) > (folder "/new"); next }
    { print "line " NR ": not one of \"@ \", \"- \", \"+ \", \"#\""; exit 1 }
' "$list" || { echo "$list cannot be read"; echo "0 passed, 1 failed"; exit 1; }

# replace FILE OLD NEW: the first occurrence in FILE, to stdout; 1: it is not there.
# The last newline of OLD and NEW does not belong to them.
replace() {
    awk -v old_file="$2" -v new_file="$3" '
        function text_of(file,    text, line, n) {
            while ((getline line < file) > 0) text = text (n++ ? "\n" : "") line
            return text
        }
        BEGIN { old = text_of(old_file); new = text_of(new_file) }
        { all = all $0 "\n" }
        END {
            at = index(all, old)
            if (old == "" || old == new || !at) exit 1
            printf "%s%s%s", substr(all, 1, at - 1), new, substr(all, at + length(old))
        }' "$1"
}

# Without a tree: what the source has moved on from.
if [ "$words" = --there ]; then
    for folder in "$where"/[0-9]*; do
        replace "$(cat "$folder/file")" "$folder/old" "$folder/new" > /dev/null 2>&1 ||
            echo "$(cat "$folder/file") has no longer: $(head -n 1 "$folder/old")"
    done
    exit
fi

# The tree as it lies here, changes that are not committed yet included.
git ls-files > "$where/files" || exit 1
while read -r f; do [ -f "$f" ] && echo "$f"; done < "$where/files" > "$where/there"
tar -cf - -T "$where/there" | (cd "$where/tree" && tar -xf -) || exit 1

build_run || { tail -n 5 "$where/log"; echo "0 passed, 1 failed"; exit 1; }

for run in $(cat "$where"/[0-9]*/run | tr ' ' ':' | sort -u); do
    run=$(echo "$run" | tr ':' ' ')
    chosen "$run" || continue
    lesson $run; status=$?
    if [ $status -eq 0 ]; then pass "$run: as it is, exit 0"
    else fail "$run: as it is, exit $status: $(tail -n 1 "$where/err")"; fi
done

(cd "$where/tree" && ./run logits --text x --kernels avx2) > /dev/null 2>&1; avx2=$?
for folder in "$where"/[0-9]*; do
    run=$(cat "$folder/run") file=$(cat "$folder/file") why=$(cat "$folder/why")
    chosen "$run" || continue
    name="$run: $file: $why"
    if [ $avx2 -ne 0 ] && [ "${file%_avx2.c}" != "$file" ]; then
        skipped=$((skipped + 1)); echo "  skipped, no AVX2 here: $name"; continue
    fi
    cp "$where/tree/$file" "$folder/kept" 2> /dev/null || { fail "$name: no such file"; continue; }
    if ! replace "$folder/kept" "$folder/old" "$folder/new" > "$folder/broken"; then
        fail "$name: the old text is not there"; continue
    fi
    cat "$folder/broken" > "$where/tree/$file"
    if build_run; then
        lesson $run; status=$?
        if [ $status -eq 1 ]; then pass "$name"
        else fail "$name: exit $status, not 1"; fi
    else
        fail "$name: does not build: $(grep -m 1 error "$where/log")"
    fi
    cat "$folder/kept" > "$where/tree/$file"
done
[ $((passed + failed)) -gt 0 ] || fail "no lesson is called $words"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]

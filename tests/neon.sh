#!/bin/sh
# neon.sh - the bits on aarch64, under qemu
#
#      -cpu max          has the dot product of bytes: int8 and int4 by sdot
#      -cpu cortex-a53   has it not (2012; many a telephone, the Raspberry Pi 3)
#
# For each of the two: the quick tests of the kernels, which hold every table against
# its definition, and the logits of the trained models as they are, in int8 and in
# int4, whose hashes must be those of the build for this machine. On the older one an
# instruction that it lacks ends the program, so running there also proves that
# nothing newer is used.
#
# Usage: tests/neon.sh BUILD-FOLDER        (make proof; needs BUILD-FOLDER/run)
# Needs aarch64-linux-gnu-gcc and qemu-aarch64; skipped by name without them.

set -u
build=${1:-build}
where=$build/aarch64
text="Once upon a time there was a little girl who lived by the sea"
models="storyteller storyteller-stablelm storyteller-neox"
suites="dot blocks coding matmul attention neon"
passed=0 failed=0 skipped=0

for program in aarch64-linux-gnu-gcc qemu-aarch64; do
    command -v $program > /dev/null && continue
    echo "skipped: the bits on aarch64: no $program here"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
done

sources=
for suite in $suites; do
    [ ! -f tests/kernels/test_$suite.c ] || sources="$sources tests/kernels/test_$suite.c"
done
mkdir -p "$where"
# Optimized as it ships, but for gcc 12's own loops of vectors, where it breaks down
# (internal compiler error) on a loop of chapters/lesson/looking.c.
make -s -j2 BUILD="$where" CC=aarch64-linux-gnu-gcc OPT="-O3 -fno-tree-vectorize" \
    LDFLAGS=-static TESTS="$sources" "$where/run" "$where/test" > "$where/log" 2>&1 ||
    { tail -n 5 "$where/log"; echo "0 passed, 1 failed"; exit 1; }

# hash RUN-COMMAND…: of the logits of all positions of the text.
hash() {
    "$@" logits --text "$text" --all --model "models/$model" --quantize "$format" \
        < /dev/null 2>&1 | sed -n 's/^hash //p'
}

for cpu in max:1 cortex-a53:0; do
    name=${cpu%:*}
    DOT_PRODUCT=${cpu#*:} qemu-aarch64 -cpu "$name" "$where/test" > "$where/log" 2>&1
    grep -vE '  ok$|^[0-9]+ passed' "$where/log"
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$where/log" | tail -n 1)
    set -- $(echo "${line:-0 passed, 1 failed}" | sed 's/[^0-9 ]//g') 0
    passed=$((passed + $1)); failed=$((failed + $2)); skipped=$((skipped + $3))
    echo "  $name: kernels: $1 passed, $2 failed"
    for model in $models; do
        for format in none int8 int4; do
            want=$(hash "$build/run")
            got=$(hash qemu-aarch64 -cpu "$name" "$where/run")
            if [ -n "$want" ] && [ "$got" = "$want" ]; then
                passed=$((passed + 1)); echo "  $name: $model $format: $got, as here"
            else
                failed=$((failed + 1)); echo "  $name: $model $format: DIFFERENT: $got, not $want"
            fi
        done
    done
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]

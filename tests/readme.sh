#!/bin/sh
# readme.sh - every command that the README shows, run in an empty clone
#
#      README.md  ──►  lines of ```sh blocks  ──►  one after another in a fresh
#                                                  clone, each must exit 0
#
# A block whose opening line is not exactly ```sh (output, a debugger session) is not
# run here; blocks that show what ./run prints are typed again by transcripts.sh.
# Lines that install into the system or need a model that is not in the clone carry
# a comment "# not run by tests" and are left out.
#
# Usage: tests/readme.sh     (make proof)

set -u
clone=$(mktemp -d) || exit 1
trap 'rm -rf "$clone"' EXIT
passed=0 failed=0
git clone -q . "$clone/billion-llm" || { echo "0 passed, 1 failed"; exit 1; }
awk '/^```sh$/ { on = 1; next } /^```/ { on = 0 } on && NF && !/# not run by tests/' README.md \
    > "$clone/commands"
cd "$clone/billion-llm" || exit 1
unset BILLION_DATA MAKEFLAGS MAKELEVEL
while IFS= read -r line; do
    timeout 600 sh -c "$line" < /dev/null > "$clone/log" 2>&1; status=$?
    if [ $status -eq 0 ]; then
        passed=$((passed + 1)); echo "  ok: $line"
    else
        failed=$((failed + 1)); echo "  FAILED: $line"; tail -n 5 "$clone/log"
    fi
done < "$clone/commands"
[ $passed -gt 0 ] || failed=$((failed + 1))
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]

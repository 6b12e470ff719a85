#!/bin/sh
# transcripts.sh - every command that the prose shows, with its output, is typed
# again and compared
#
#      essays, README.md  ──►  weave --transcripts  ──►  @ place
#                                                        $ command
#                                                        |what it should print
#                                                            │
#                               what it prints  ──►  the same, line by line?
#
# "…" stands for anything within a line; alone in a line it stands for any lines.
# chapters/book/transcripts.c says how a transcript is written. The comparison is
# tried on itself, too: with one digit of what should be printed changed, it must
# fail. A command with "# not run by tests" behind it is named and skipped.
#
# Usage: RUN=build/run tests/transcripts.sh build/weave [FILE…]     (make proof)

set -u
LC_ALL=C.UTF-8; export LC_ALL
weave=$1; shift
RUN=${RUN:-./run}
passed=0 failed=0 skipped=0
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
[ $# -gt 0 ] || set -- README.md chapters/*.md chapters/*.c chapters/*/*.[ch] src/*/*.[ch] \
    weights-tools/*.c weights-tools/*/*.md models/*.md notebooks/*.md

# compare EXPECTED SAID: exit 0 when they match; else the first lines that differ.
compare() {
    awk '
    function same_line(want, got,    part, n, i, at) {
        n = split(want, part, "…")
        if (n < 2) return want == got
        if (substr(got, 1, length(part[1])) != part[1]) return 0
        got = substr(got, length(part[1]) + 1)
        for (i = 2; i < n; i++) {
            at = index(got, part[i])
            if (at == 0) return 0
            got = substr(got, at + length(part[i]))
        }
        at = length(got) - length(part[n])
        return at >= 0 && substr(got, at + 1) == part[n]
    }
    function same(i, j) {
        for (; i <= wants; i++) {
            if (want[i] == "…") {
                for (; j <= gots + 1; j++)
                    if (same(i + 1, j)) return 1
                return 0
            }
            if (j > far) far = j
            if (j > gots || !same_line(want[i], got[j])) return 0
            j++
        }
        return j == gots + 1
    }
    FILENAME == ARGV[1] { want[++wants] = $0; next }
    { got[++gots] = $0 }
    END {
        while (wants > 0 && want[wants] == "") wants--
        while (gots > 0 && got[gots] == "") gots--
        far = 1
        if (same(1, 1)) exit 0
        print "    printed, line " far ": " (far > gots ? "(nothing)" : got[far])
        exit 1
    }' "$1" "$2"
}

fail() { failed=$((failed + 1)); echo "  FAILED: $place: $command"; }

# One transcript is complete: $place, $command, and $scratch/want.
finish() {
    [ -n "$place" ] || return
    case $command in *'# not run by tests'*)
        skipped=$((skipped + 1)); echo "  skipped: $place: $command"; return ;;
    esac
    real=$(printf '%s' "$command" | sed "s|\./run|$RUN|g")
    timeout 600 sh -c "$real" < /dev/null > "$scratch/got" 2> "$scratch/err"
    # One digit more: the last one that is shown becomes another.
    awk '{ line[NR] = $0 } /[0-9]/ { last = NR }
        END { if (!last) exit
              match(line[last], /[0-9][^0-9]*$/)
              digit = substr(line[last], RSTART, 1)
              line[last] = substr(line[last], 1, RSTART - 1) (digit + 1) % 10 \
                           substr(line[last], RSTART + 1)
              for (i = 1; i <= NR; i++) print line[i] }' "$scratch/want" > "$scratch/wrong"
    if [ ! -s "$scratch/want" ]; then
        fail; echo "    it shows no output"
    elif ! compare "$scratch/want" "$scratch/got" > "$scratch/why"; then
        fail; cat "$scratch/why"; sed 's/^/    /' "$scratch/err"
    elif [ -s "$scratch/wrong" ] && compare "$scratch/wrong" "$scratch/got" > /dev/null; then
        fail; echo "    a wrong digit would not be noticed"
    else
        passed=$((passed + 1)); echo "  ok: $place: $command"
    fi
}

for file; do
    [ -f "$file" ] && echo "$file"
done > "$scratch/files"
xargs "$weave" --transcripts < "$scratch/files" > "$scratch/all" || failed=1
place=
while IFS= read -r line; do
    case $line in
    '@ '*) finish; place=${line#@ }; : > "$scratch/want" ;;
    '$ '*) command=${line#\$ } ;;
    '|'*) printf '%s\n' "${line#|}" >> "$scratch/want" ;;
    esac
done < "$scratch/all"
finish
[ $passed -gt 0 ] || failed=$((failed + 1))
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]

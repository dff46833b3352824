#!/usr/bin/env bash
# mutants.sh [SEEDS]: proof that the simulation finds bugs. Breaks one thing at a time in a copy of
# the sources, and runs histories until one breaks a promise; prints the first seed that did. A
# mutant that survives all SEEDS (1,000 unless told otherwise) fails the script.
set -euo pipefail
cd "$(dirname "$0")/../.."

seeds=${1:-1000}
scratch=${PIC_MUTANTS:-$(mktemp -d)}
[ -n "${PIC_MUTANTS:-}" ] || trap 'rm -rf "$scratch"' EXIT
survived=0

build() {
    cmake --build "$scratch/build" --target simulation >"$scratch/build.log" 2>&1 ||
        { tail -n 20 "$scratch/build.log"; exit 1; }
}

# mutant NAME FILE SED-SCRIPT: one thing broken, and the history that shows it.
mutant() {
    local name=$1 file=$2 script=$3 out
    cp "$scratch/source/$file" "$scratch/whole"
    sed -i "$script" "$scratch/source/$file"
    if cmp -s "$scratch/whole" "$scratch/source/$file"; then
        echo "$name: nothing to break in $file"
        exit 1
    fi
    build
    if out=$("$scratch/build/tests/simulation/simulation" --seeds "1..$seeds" 2>&1); then
        printf '%-34s survived %s histories\n' "$name" "$seeds"
        survived=$((survived + 1))
    else
        printf '%-34s %s\n' "$name" "$(grep -a -m 1 'breaks:' <<<"$out" || echo "ends: ${out##*$'\n'}")"
    fi
    cp "$scratch/whole" "$scratch/source/$file"
}

mkdir -p "$scratch/source"
git ls-files -z | xargs -0 cp --parents -t "$scratch/source"
cmake -S "$scratch/source" -B "$scratch/build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    >"$scratch/build.log" 2>&1

mutant "skip the chain check" schema/store/journal.c \
    's/^    return memcmp(s->previous, head->hash.*/    return PIC_OK;/'
mutant "acknowledge before commit" server/store.c \
    's/\.durability = PIC_DURABLE/.durability = PIC_REBUILDABLE/'
mutant "apply twice" agent/move.c \
    's/^        same = status == PIC_OK \&\&$/        same = status == PIC_EFAIL \&\&/'
mutant "order by wall clock" protocol/base/clock.c \
    's/^    clock->last = now > clock->last.*/    clock->last = now | (clock->last + 1) % 4096;/'
mutant "drop one base" schema/state/siblings.c \
    's/for (size_t i = 0; i < base_n; i++)/for (size_t i = 1; i < base_n; i++)/'
exit $((survived > 0))

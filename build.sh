#!/usr/bin/env bash
# build.sh: the one entry to the house. It holds no build logic: CMakeLists.txt files say how things
# are built and tests/ registers what CTest runs; this script only calls them in order.
set -euo pipefail
cd "$(dirname "$0")"

build_packages=(build-essential cmake ninja-build pkg-config libnng-dev libsodium-dev libsqlite3-dev
    zlib1g-dev libutf8proc-dev libexpat1-dev libcmocka-dev libmicrohttpd-dev libqrencode-dev)
test_packages=(python3 python3-dissononce clang clang-tidy clang-format libclang-rt-14-dev
    chromium fonts-dejavu-core)
fuzz_packages=(clang libclang-rt-14-dev)
report=build/report
jobs=$(nproc)
all_well=true

usage() {
    cat <<'END'
usage: ./build.sh                   install what is missing, build, say what to run next
       ./build.sh test [--long] [--fuzz]
                                    every test; the last line is "N passed, N failed"
       ./build.sh demo [--keep]     a Region and five laptops tell the whole story
       ./build.sh bench [OPTION...] ours against a plain C rival (--runs N)
       ./build.sh fuzz [SECONDS]    each fuzz target, 60 seconds by default
END
}

say() {
    printf '\n== %s\n' "$*"
}

# need PACKAGE...: ask apt for those that dpkg does not know as installed, and for nothing else.
need() {
    command -v dpkg >/dev/null || return 0
    local missing=() package
    for package in "$@"; do
        dpkg -s "$package" 2>/dev/null | grep -q '^Status: .* installed$' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    say "installing ${missing[*]}"
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        --no-install-recommends "${missing[@]}"
}

# browser_modules: what drives the browser in tests/browser, as its lock file says. Node may be here
# without dpkg knowing, so it is its commands that are asked for.
browser_modules() {
    local folder=tests/browser
    command -v node >/dev/null || need nodejs
    command -v npm >/dev/null || need npm
    [ $folder/node_modules/.package-lock.json -nt $folder/package-lock.json ] && return
    say "installing what drives the browser"
    npm --prefix $folder ci --loglevel=error
}

# build PRESET [-DNAME=VALUE...] [TARGET...]
build() {
    local preset=$1 settings=()
    shift
    while [[ "${1:-}" == -D* ]]; do
        settings+=("$1")
        shift
    done
    if command -v ccache >/dev/null; then
        export CMAKE_C_COMPILER_LAUNCHER=ccache
    fi
    cmake --preset "$preset" --log-level=WARNING "${settings[@]}" >/dev/null
    cmake --build "build/$preset" --parallel "$jobs" ${1:+--target "$@"}
}

# run NAME PRESET CTEST-OPTION...: run tests and leave their counts in $report/NAME.xml.
run() {
    local name=$1 preset=$2
    shift 2
    mkdir -p "$report"
    rm -f "$report/$name.xml"
    ctest --test-dir "build/$preset" --parallel "$jobs" --output-on-failure --no-tests=error \
        --timeout 300 --output-junit "$PWD/$report/$name.xml" "$@" || all_well=false
}

# count ATTRIBUTE: its sum over the reports of this run.
count() {
    sed -n "/<testsuite /,/>/s/.*[[:space:]]$1=\"\([0-9]*\)\".*/\1/p" "$report"/*.xml |
        awk '{ n += $1 } END { print n + 0 }'
}

do_build() {
    need "${build_packages[@]}"
    build release
    say "built in build/release"
    echo "next: ./build.sh demo    to see it work"
    echo "      ./build.sh test    to see it tested"
}

# tally: what the reports of this run say, in one line.
tally() {
    local failed skipped
    failed=$(count failures)
    skipped=$(($(count skipped) + $(count disabled)))
    [ "$skipped" -eq 0 ] || echo "$skipped skipped"
    echo "$(($(count tests) - failed - skipped)) passed, $failed failed"
    $all_well
}

# search SECONDS: each fuzz target, twice as many at once as there are cores.
search() {
    say "fuzzing, $1 s each"
    build fuzz -DPIC_FUZZ_SECONDS="$1" fuzzers
    jobs=$((2 * jobs)) run fuzz fuzz --label-regex '^fuzz$'
}

do_test() {
    local skip=(--label-exclude long) fuzz=false option
    for option in "$@"; do
        case $option in
        --long) skip=() ;;
        --fuzz) fuzz=true ;;
        *) usage >&2 && exit 2 ;;
        esac
    done
    need "${build_packages[@]}" "${test_packages[@]}"
    browser_modules
    rm -rf "$report"
    say "address and undefined behaviour sanitizers"
    build debug
    run debug debug "${skip[@]}"
    say "a thousand histories"
    build release simulation
    run histories release --label-regex '^histories$' "${skip[@]}"
    say "thread sanitizer"
    build tsan
    run tsan tsan --label-regex '^threads$' "${skip[@]}"
    ! $fuzz || search 60
    tally
}

do_demo() {
    need "${build_packages[@]}"
    build release
    exec tests/end_to_end/demo.sh "$@"
}

do_bench() {
    need "${build_packages[@]}" python3
    build release
    exec python3 -B tests/bench/bench.py build/release "$@"
}

do_fuzz() {
    need "${build_packages[@]}" "${fuzz_packages[@]}"
    rm -rf "$report"
    search "${1:-60}"
    tally
}

case "${1:-}" in
"") do_build ;;
test | demo | bench | fuzz) "do_$1" "${@:2}" ;;
-h | --help | help) usage ;;
*)
    usage >&2
    exit 2
    ;;
esac

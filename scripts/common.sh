# shellcheck shell=bash
# What the scripts beside this file share; sourced, not run.

# The checkout's root; every script works from there.
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
# Read by the scripts that source this file.
# shellcheck disable=SC2034
readonly root

# Rust's own installer puts cargo here and leaves PATH to the next login.
if ! command -v cargo >/dev/null 2>&1 && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
    PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
fi

# die SENTENCE...: says why the script cannot go on, and ends it.
die() {
    printf '%s: %s\n' "$(basename -- "$0")" "$*" >&2
    exit 1
}

# say SENTENCE...: talk goes to stderr, data to stdout.
say() {
    printf '%s: %s\n' "$(basename -- "$0")" "$*" >&2
}

# show_help: prints the calling script's header comment.
show_help() {
    sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"
}

# help_asked "$@": true where the first argument asks for help.
help_asked() {
    [ "${1:-}" = --help ] || [ "${1:-}" = -h ]
}

# numpy_python TARGET: prints the name of a Python that has numpy; makes an environment under TARGET where none has.
numpy_python() {
    local python=$1/quality-venv/bin/python3
    if python3 -c 'import numpy' 2>/dev/null; then
        echo python3
        return
    fi
    if ! "$python" -c 'import numpy' 2>/dev/null; then
        say "makes a Python environment with numpy in $1/quality-venv"
        python3 -m venv --clear "$1/quality-venv" >/dev/null ||
            die "Python cannot make environments here; as root, run: apt-get install python3-venv"
        "$python" -m pip install --quiet --disable-pip-version-check numpy >&2 ||
            die "pip could not install numpy; is there a network? (or, as root: apt-get install python3-numpy)"
    fi
    echo "$python"
}

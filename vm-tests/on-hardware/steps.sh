# shellcheck shell=bash
# How a script runs its steps: what is there stays, what is missing is made, and every step ends with a look at the
# result. With --dry-run nothing is called at all: every command of a first run is printed.

dry_run=false
step_name=start
changed=false

say() { printf '%s\n' "$*"; }

# Ends the script with what went wrong in this step.
die() {
    printf 'FAILED %s: %s\n' "$step_name" "$*" >&2
    exit 1
}

# The command line as it could be typed again.
typed() {
    local word line=
    for word; do
        if [[ $word =~ ^[A-Za-z0-9_./:=,@%+~-]+$ ]]; then line+=" $word"; else line+=" '${word//\'/\'\\\'\'}'"; fi
    done
    printf '%s' "${line# }"
}

# failed CODE COMMAND...: ends with a command that failed.
failed() {
    local code=$1
    shift
    die "\`$(typed "$@")\` ended with exit code $code; what it printed stands above"
}

# step NAME FUNCTION: runs the function; what it did not have to change is said.
step() {
    step_name=$1
    changed=false
    say "-- $1"
    "$2"
    if $dry_run; then return; fi
    if $changed; then say "ok $1"; else say "ok $1 (nothing to do)"; fi
}

# run COMMAND...: a command that changes something.
run() {
    say "   $(typed "$@")"
    changed=true
    if $dry_run; then return; fi
    "$@" || failed $? "$@"
}

# into FILE COMMAND...: the same, with its output in a file that only its owner reads. No half file is left.
into() {
    local file=$1
    shift
    say "   $(typed "$@") > $file"
    changed=true
    if $dry_run; then return; fi
    (umask 077 && mkdir -p "${file%/*}" && "$@" >"$file.new") || {
        local code=$?
        rm -f "$file.new"
        failed $code "$@"
    }
    [[ -s $file.new ]] || die "\`$(typed "$@")\` printed nothing"
    mv "$file.new" "$file"
}

# fed FILE COMMAND...: run, with the file on its standard input.
fed() {
    local file=$1
    shift
    say "   $(typed "$@") < $file"
    changed=true
    if $dry_run; then return; fi
    "$@" <"$file" || failed $? "$@"
}

# write FILE TEXT: a file of our own, unless it says this already. Nobody else may look into a folder made for it.
write() {
    if have same_text "$@"; then return; fi
    say "   write $1"
    changed=true
    if $dry_run; then return; fi
    (umask 077 && mkdir -p "${1%/*}") && printf '%s\n' "$2" >"$1" || die "$1 could not be written"
}

same_text() { [[ -f $1 && $(cat "$1") == "$2" ]]; }

# have COMMAND...: whether something is there already. In a dry run nothing is.
have() {
    if $dry_run; then return 1; fi
    "$@" >/dev/null 2>&1
}

# expect PATTERN COMMAND...: the output must match the extended regular expression.
expect() {
    local pattern=$1 output code=0
    shift
    if $dry_run; then
        say "   $(typed "$@")   # must ${pattern:+print: }${pattern:-succeed}"
        return
    fi
    output=$("$@" 2>&1) || code=$?
    [[ $code -eq 0 ]] || die "\`$(typed "$@")\` ended with exit code $code:"$'\n'"$output"
    [[ $output =~ $pattern ]] || die "\`$(typed "$@")\` must print: $pattern"$'\n'"it printed:"$'\n'"$output"
}

# await LOOKS PATTERN COMMAND...: the same, looked at several times.
await() {
    local looks=$1 pattern=$2 output='' code=0 look
    shift 2
    if $dry_run; then
        say "   $(typed "$@")   # until it prints: $pattern"
        return
    fi
    for ((look = 1; look <= looks; look++)); do
        code=0
        output=$("$@" 2>&1) || code=$?
        if [[ $code -eq 0 && $output =~ $pattern ]]; then return; fi
        if ((look < looks)); then sleep "$PAUSE"; fi
    done
    die "\`$(typed "$@")\` did not print \"$pattern\" in $looks looks, ${PAUSE} s apart; the last exit code was $code, and it printed:"$'\n'"$output"
}

# need PROGRAM...: what this script calls.
need() {
    local program missing=()
    if $dry_run; then return; fi
    for program; do
        command -v "$program" >/dev/null || missing+=("$program")
    done
    [[ ${#missing[@]} -eq 0 ]] || die "not installed here: ${missing[*]}"
}

# need_file FILE HOW: what must have been built or copied before.
need_file() {
    if $dry_run; then return; fi
    [[ -e $1 ]] || die "$1 is missing: $2"
}

# The only option that the scripts have.
options() {
    local usage=$1
    shift
    while (($#)); do
        case $1 in
            --dry-run)
                dry_run=true
                : "${INSTALLER:=REGISTRY/installer:$TALOS_VERSION-lanlord-$LANLORD_VERSION}"
                ;;
            -h | --help)
                say "$usage"
                exit 0
                ;;
            *)
                printf '%s\n%s\n' "no option $1" "$usage" >&2
                exit 2
                ;;
        esac
        shift
    done
}

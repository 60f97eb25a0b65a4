#!/bin/sh
# Make .venv and fill it with exactly the locked packages: `deploy/setup.sh run|dev`.
# Needs python >= 3.11; on Debian and Ubuntu it installs the missing venv module by apt.
set -eu

cd "$(dirname "$0")/.."
root=$(pwd -P)
kind=${1:-run}
locked=requirements/$kind.txt
[ -f "$locked" ] || { echo "usage: deploy/setup.sh run|dev" >&2; exit 2; }

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

find_python() {
    for each in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if "$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$each"
            return
        fi
    done
    fail "没有找到 Python ≥ 3.11。 Python 3.11 or newer was not found: sudo apt-get install python3 python3-venv"
}

# apt as root; asks for a password only at a terminal
install_by_apt() {
    command -v apt-get >/dev/null || fail "请先安装 / please install first: $*"
    if [ "$(id -u)" = 0 ]; then
        become=env
    elif [ -t 0 ] && command -v sudo >/dev/null; then
        become=sudo
    elif sudo -n true 2>/dev/null; then
        become="sudo -n"
    else
        fail "需要 root 或 sudo。 Root or sudo is needed: sudo apt-get install $*"
    fi
    say "apt: $*"
    $become apt-get -q -y update
    $become env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 \
        install "$@"
}

make_environment() {
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        install_by_apt "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
    rm -rf .venv
    say "新建 .venv / making .venv ($("$python" --version))"
    "$python" -m venv .venv
}

# The project itself needs no build: a line on the path and a two-line command.
link_project() {
    packages=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    printf '%s\n' "$root" >"$packages/gridcase.pth"
    cat >.venv/bin/gridcase <<EOS
#!/bin/sh
exec "\$(dirname "\$0")/python" -P -m app.cli "\$@"
EOS
    chmod 755 .venv/bin/gridcase
}

# a test runs the walk of the README as printed, and that needs curl
[ "$kind" = run ] || command -v curl >/dev/null || install_by_apt curl

python=$(find_python)
# A moved clone, another Python or another lock file make the environment void.
base=$(printf '%s\n' "$root" && "$python" -c 'import sys; print(*sys.version_info[:2], sys.base_prefix)')
stamp=$(printf '%s\n' "$base" && cat "$locked" deploy/setup.sh)
# what `dev` needs contains what `run` needs: after `make test`, `make run` has nothing to do
if [ "$kind" = run ] && [ -f .venv/stamp-dev ] &&
    [ "$(cat .venv/stamp-dev)" = "$(printf '%s\n' "$base" && cat requirements/dev.txt deploy/setup.sh)" ]; then
    exit 0
fi
if [ -f ".venv/stamp-$kind" ] && [ "$(cat ".venv/stamp-$kind")" = "$stamp" ]; then
    exit 0
fi

if ! [ -f .venv/base ] || [ "$(cat .venv/base)" != "$base" ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    make_environment
    printf '%s\n' "$base" >.venv/base
fi
say "安装依赖（按哈希锁定）/ installing the locked packages: $locked"
install_locked() {
    PYTHONUNBUFFERED=1 .venv/bin/python -m pip --disable-pip-version-check install --require-hashes -r "$locked"
}
# pip's own words are long: show each package once, keep the rest for the case that it fails
exec 4>&1
status=$({ { install_locked 2>&1; echo $? >&3; } | tee .venv/install.log | sed -u -n 's/^Collecting \([^ ]*\).*/  \1/p' >&4; } 3>&1)
if [ "$status" != 0 ]; then
    tail -n 30 .venv/install.log >&2
    fail "安装失败，全文见 .venv/install.log。 Installing failed; the whole text is in .venv/install.log"
fi
link_project
printf '%s\n' "$stamp" >".venv/stamp-$kind"

# Make the virtual environment of the course, once.
#
#     sh tools/environment.sh VENV PYTHON
#
# Installs the package with its extra `test` under constraints.txt. A stamp in VENV records what
# was installed from where; while it still holds, nothing is done.
set -eu

venv=$1
python=$2
stamp=$venv/aecourse-installed

say() { printf '%s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }
runs() { "$1" -c "$2" >/dev/null 2>&1; }

recent='import sys; sys.exit(sys.version_info < (3, 11))'
wanted=$(pwd; cksum pyproject.toml constraints.txt)

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && runs "$venv/bin/python" 'import pip'; then
    exit 0
fi

check_python() {
    runs "$python" '' || fail "There is no working '$python'." \
        "Install Python 3.11 or newer (https://www.python.org), or name one: make PYTHON=/path/to/python3"
    if ! runs "$python" "$recent"; then
        found=$("$python" -c 'import platform; print(platform.python_version())')
        for other in python3.14 python3.13 python3.12 python3.11; do
            if runs "$other" "$recent"; then
                fail "The course needs Python 3.11 or newer, and '$python' is $found." \
                    "There is a newer one here: add PYTHON=$other to the command."
            fi
        done
        fail "The course needs Python 3.11 or newer, and '$python' is $found." \
            "Install a newer one, and name it: make PYTHON=/path/to/python3"
    fi
    runs "$python" 'import venv, ensurepip' || fail "'$python' cannot make virtual environments:" \
        "its module venv or ensurepip is missing." \
        "On Debian and Ubuntu: sudo apt install python3-venv. Elsewhere install Python from https://www.python.org"
}

if [ -e "$venv" ] && [ ! -f "$venv/pyvenv.cfg" ] && [ -n "$(ls -A "$venv")" ]; then
    fail "'$venv' is not a virtual environment and not empty: it is left alone." \
        "Choose another folder: make VENV=/path/to/environment"
fi

if ! runs "$venv/bin/python" "import pip; $recent"; then
    check_python
    say "Making the virtual environment $venv"
    "$python" -m venv --clear "$venv"
fi

case $(uname -s) in
    Linux) size="about 6 GB with PyPI's CUDA build of torch" ;;
    *) size="about 2 GB" ;;
esac
if [ -f "$stamp" ]; then
    say "Updating the environment: the list of packages has changed"
else
    say "Installing the course and the packages it needs ($size; this takes some minutes, once)"
fi
rm -f "$stamp"
"$venv/bin/python" -m pip --disable-pip-version-check install -qq -c constraints.txt -e ".[test]" ||
    fail "The installation failed, for the reason above. The same command tries again."
printf '%s\n' "$wanted" > "$stamp"

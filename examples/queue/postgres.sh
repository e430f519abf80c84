#!/bin/sh
# A throw-away PostgreSQL of your own, outside of the app's folder, on a free port of this machine:
#   ./postgres.sh > .env     makes it and starts it, prints the config vars that lead to it
#   ./postgres.sh stop       stops it; the next start finds its data again
#   ./postgres.sh remove     stops it and deletes its folder
# QUEUE_POSTGRES names another folder, POSTGRES_OPTIONS more options, as '-c fsync=off'.
# PostgreSQL comes with `apt-get install postgresql` or `brew install postgresql@17`.
set -eu
umask 077
folder=${QUEUE_POSTGRES:-${TMPDIR:-/tmp}/queue-postgres-$(id -un)}

die() { echo "postgres.sh: $1" >&2; exit 1; }

# Debian and Homebrew keep initdb and pg_ctl off the PATH
for each in /usr/lib/postgresql/*/bin /usr/local/opt/postgresql*/bin /opt/homebrew/opt/postgresql*/bin; do
    [ ! -x "$each/initdb" ] || bin=$each
done
if [ -z "${bin:-}" ]; then
    found=$(command -v initdb) || die "no initdb: apt-get install postgresql, or brew install postgresql@17"
    bin=$(dirname "$found")
fi

# PostgreSQL refuses to run as root: then it runs as the user postgres, or nobody
as() { "$@"; }
if [ "$(id -u)" = 0 ]; then
    user=$(id -un postgres 2>/dev/null || echo nobody)
    as() { (cd / && setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups -- "$@"); }
fi

running() { [ -d "$folder/data" ] && as "$bin/pg_ctl" -D "$folder/data" status >/dev/null 2>&1; }
stop() { ! running || as "$bin/pg_ctl" -D "$folder/data" -m fast -w stop >/dev/null; }

make() {
    mkdir -p "$folder" # its own data, and a name that nobody else can have taken for theirs
    [ -O "$folder" ] || [ "$(id -u)" = 0 ] || die "$folder belongs to another user: set QUEUE_POSTGRES"
    head -c 18 /dev/urandom | base64 | tr '+/' 'ab' >"$folder/password"
    [ "$(id -u)" != 0 ] || chown -R "$user" "$folder"
    as "$bin/initdb" -D "$folder/data" --username=queue --pwfile="$folder/password" --no-sync \
        --auth=scram-sha-256 --encoding=UTF8 --locale=C >"$folder/initdb.log" 2>&1 ||
        die "initdb failed: $(tail -1 "$folder/initdb.log")"
}

start() {
    [ -s "$folder/data/PG_VERSION" ] || make
    [ -s "$folder/port" ] || python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])' >"$folder/port"
    as "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w start -o "-h 127.0.0.1 -p $(cat "$folder/port") -k '' ${POSTGRES_OPTIONS:-}" >/dev/null ||
        { rm -f "$folder/port"; die "it does not start; $folder/log says: $(tail -1 "$folder/log")"; }
}

case ${1:-start} in
start)
    running || start
    echo "DATABASE_URL=postgres://queue:$(cat "$folder/password")@127.0.0.1:$(cat "$folder/port")/postgres"
    echo "HOST=127.0.0.1" ;;
stop) stop ;;
remove) stop && rm -rf "$folder" ;;
*) die "start, stop or remove, not $1" ;;
esac

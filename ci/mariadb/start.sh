#!/usr/bin/env bash
# start.sh PORT DIR: a MariaDB of its own in the empty folder DIR, on loopback. Prints its process number when it answers.
set -euo pipefail
port=$1 dir=$2
# Debian's package starts nothing by itself under a test; the server refuses root unless it is asked to be it.
user=$(id -un)
mariadb-install-db --no-defaults --user="$user" --datadir="$dir/data" --auth-root-authentication-method=normal \
    --skip-test-db >"$dir/install.log" 2>&1 || { cat "$dir/install.log" >&2 && exit 1; }
# A zone far from UTC: no time may lean on that of the server.
setsid mariadbd --no-defaults --user="$user" --datadir="$dir/data" --socket="$dir/s" --port="$port" \
    --bind-address=127.0.0.1 --pid-file="$dir/pid" --innodb-buffer-pool-size=64M --max-connections=300 \
    --default-time-zone=+05:45 \
    >"$dir/server.log" 2>&1 </dev/null &
server=$!
for _ in $(seq 300); do
    if mariadb-admin --no-defaults -S "$dir/s" -u root ping >/dev/null 2>&1; then
        # Root by password over loopback, for clients know no sockets.
        mariadb --no-defaults -S "$dir/s" -u root -e "CREATE USER 'crowdsky'@'%' IDENTIFIED BY 'for-tests-only';
            GRANT ALL ON *.* TO 'crowdsky'@'%'; FLUSH PRIVILEGES"
        echo "$server"
        exit 0
    fi
    kill -0 "$server" 2>/dev/null || { cat "$dir/server.log" >&2 && exit 1; }
    sleep 0.1
done
echo "MariaDB does not answer after 30 s" >&2
cat "$dir/server.log" >&2
kill -9 "$server"
exit 1

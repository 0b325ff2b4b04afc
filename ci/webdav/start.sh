#!/usr/bin/env bash
# start.sh KIND PORT DIR: a WebDAV server (rclone, apache, nginx, wsgidav) on loopback, serving DIR/data without a password.
# Prints its process number when it answers; `kill` stops it. PYTHON names the interpreter that has wsgidav.
set -euo pipefail
kind=$1 port=$2 dir=$(realpath "$3")
mkdir -p "$dir/data" "$dir/tmp"
# The Debian programs are in folders that a user's PATH may lack.
PATH=$PATH:/usr/sbin
start() { setsid "$@" >"$dir/server.log" 2>&1 </dev/null & }
case $kind in
rclone) start rclone serve webdav "$dir/data" --addr "127.0.0.1:$port" --config "$dir/rclone.conf" --dir-cache-time 0s ;;
apache)
    modules=/usr/lib/apache2/modules
    {
        for module in mpm_event authz_core dav dav_fs; do echo "LoadModule ${module}_module $modules/mod_$module.so"; done
        # Apache refuses to serve as root.
        [ "$(id -u)" -ne 0 ] || echo 'User www-data
Group www-data'
        cat <<C
ServerName localhost
Listen 127.0.0.1:$port
PidFile $dir/pid
ErrorLog $dir/error.log
DefaultRuntimeDir $dir/tmp
DavLockDB $dir/tmp/locks
DocumentRoot $dir/data
<Directory $dir/data>
    Dav On
    Require all granted
</Directory>
C
    } >"$dir/apache.conf"
    start apache2 -f "$dir/apache.conf" -DFOREGROUND
    ;;
nginx)
    cat >"$dir/nginx.conf" <<C
load_module /usr/lib/nginx/modules/ngx_http_dav_ext_module.so;
daemon off;
pid $dir/pid;
error_log $dir/error.log;
worker_processes 1;
events {}
http {
    access_log off;
    client_max_body_size 0;
    client_body_temp_path $dir/tmp/body;
    proxy_temp_path $dir/tmp/proxy;
    fastcgi_temp_path $dir/tmp/fastcgi;
    uwsgi_temp_path $dir/tmp/uwsgi;
    scgi_temp_path $dir/tmp/scgi;
    server {
        listen 127.0.0.1:$port;
        root $dir/data;
        location / {
            dav_methods PUT DELETE MKCOL COPY MOVE;
            dav_ext_methods PROPFIND OPTIONS;
        }
    }
}
C
    start nginx -e "$dir/error.log" -c "$dir/nginx.conf"
    ;;
wsgidav)
    start "${PYTHON:-python3}" -m wsgidav.server.server_cli --host 127.0.0.1 --port "$port" --root "$dir/data" --auth anonymous
    ;;
*) echo "unknown kind $kind" >&2 && exit 2 ;;
esac
server=$!
# As root, Apache and nginx work as another user.
if [ "$(id -u)" -eq 0 ]; then
    chmod 755 "$dir"
    chmod 777 "$dir/data" "$dir/tmp"
fi
for _ in $(seq 150); do
    if curl -s -o "$dir/answer" -X PROPFIND -H 'Depth: 0' "http://127.0.0.1:$port/"; then echo "$server" && exit 0; fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
echo "$kind does not answer on port $port" >&2
cat "$dir"/*.log >&2
kill "$server" 2>/dev/null || true
exit 1

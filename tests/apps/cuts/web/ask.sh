#!/usr/bin/env bash
# Asks the service what it answers: ask.sh COMMAND
port=$((20000 + RANDOM % 20000))
start() { # variables...
  env "$@" ASPNETCORE_URLS= DOTNET_ENVIRONMENT=Development ASPNETCORE_ENVIRONMENT=Development "$app" --urls "http://127.0.0.1:$port" > /dev/null 2>&1 &
  server=$!
  for _ in $(seq 100); do
    (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null && break
    sleep 0.1
  done
}
stop() {
  kill -TERM "$server" 2> /dev/null
  wait "$server" 2> /dev/null
}
app=$1
url=http://127.0.0.1:$port
ask() { curl -s --max-time 5 -w '%{http_code}' -o "$answer" "$@"; }
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

start
echo "$(ask "$url/items/2") $(cat "$answer")"
ask "$url/items/0"
echo
echo "$(ask -H 'Content-Type: application/json' -d '{"id":5,"name":"new"}' "$url/items") $(cat "$answer")"
: > "$answer"
echo "$(ask "$url/wrong") $(grep -q 'on purpose' "$answer" && echo with || echo without) page"
stop
port=$((port + 1)) url=http://127.0.0.1:$port
start Kestrel__EndpointDefaults__Protocols=Http2
code=$(ask --http2-prior-knowledge "$url/items/2")
[ "$code" = 200 ] && echo "HTTP/2 200" || echo "HTTP/2 fails"
stop

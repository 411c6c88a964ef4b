#!/usr/bin/env bash
# Runs one of the apps beside this folder and checks what it says: smoke.sh APP COMMAND...; exit code 0 where it is right.
apps=$(cd "$(dirname "$0")/.." && pwd)
app=$1
shift
fail() { echo "$app: $*" | head -5; exit 1; }
case $app in
  hello)
    said=$("$@" 2>&1) || fail "exit code $?: $said"
    [ "$said" = "Hello, World!" ] || fail "$said" ;;
  jsoncli)
    said=$("$@" sum "$apps/jsoncli/order.json" 2>&1)
    [ "$said" = '{"id":7,"total":9.75,"count":2,"created":"2024-03-01T10:00:00Z","tags":{"x":1,"longer":6}}' ] || fail "sum: $said"
    said=$("$@" grep '"sku":"(?<s>[a-z])"' "$apps/jsoncli/order.json" 2>&1)
    [ "$said" = '51:"sku":"a"' ] || fail "grep: $said"
    said=$("$@" fetch http://127.0.0.1:1/ 2>&1)
    [ $? = 3 ] && [[ $said == ERR* ]] || fail "fetch: $said" ;;
  webapi)
    port=$((20000 + RANDOM % 20000)) log=$(mktemp)
    "$@" --urls "http://127.0.0.1:$port" > "$log" 2>&1 &
    server=$!
    for _ in $(seq 100); do
      all=$(curl -s --max-time 3 "http://127.0.0.1:$port/todos") && break
      kill -0 "$server" 2>/dev/null || break
      sleep 0.1
    done
    missing=$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/todos/9")
    one=$(curl -s "http://127.0.0.1:$port/todos/2")
    kill -TERM "$server" 2>/dev/null
    wait "$server" 2>/dev/null
    said=$(head -5 "$log")
    rm -f "$log"
    [ "$all" = '[{"id":1,"title":"Walk the dog","done":false},{"id":2,"title":"Do the dishes","done":true}]' ] && [ "$missing" = 404 ] &&
      [ "$one" = '{"id":2,"title":"Do the dishes","done":true}' ] || fail "$all|$missing|$one $said" ;;
  sqlcli)
    said=$("$@" seed --count 20 2>&1)
    [ "$said" = '{"kind":"result","rows":20,"sum":285.0}' ] || fail "seed: $said"
    "$@" --help 2>&1 | grep -q seed || fail "help" ;;
  torture)
    said=$("$@" 2>&1) || fail "$(grep -v ': ok$' <<< "$said" | head -6 | tr '\n' ';')" ;;
  *) fail "no such app" ;;
esac
echo OK

#!/bin/sh
# Makes what compose.yaml gives to its containers as files, once. Nothing that is there is replaced.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
cd secrets
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
if [ ! -e key ]; then
  database=$(random)
  nats=$(random)
  printf '%s' "$database" > postgres_password
  printf 'postgres://squall:%s@postgres/squall\n' "$database" > store
  printf 'user: squall\npassword: %s\n' "$nats" > nats_auth
  for n in 1 2 3; do printf 'nats://squall:%s@nats-%s:4222\n' "$nats" "$n"; done > bus
  head -c 32 /dev/urandom | base64 > key
  # Docker gives a file to a container with the rights that it has here, and its user there is another: the folder keeps others out.
  chmod 444 postgres_password store nats_auth bus key
fi
echo "$(pwd) holds the secrets; keep a copy of key elsewhere: without it, what is encrypted in the database is lost"

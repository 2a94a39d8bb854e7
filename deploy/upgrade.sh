#!/bin/sh
# An upgrade in one command, for a newsletter that is set up as docs/deploy.md says for systemd:
#   sh deploy/upgrade.sh          from the checkout of the new version
# A backup is made first; the database is brought up to date before the service starts again. What fails leaves the
# service stopped and says so: nothing is lost, docs/operations.md says how to go back.
set -eu

home=${NEWSLETTER_HOME:-/var/lib/newsletter}
place=${NEWSLETTER_VENV:-/opt/newsletter/.venv}
extras=${NEWSLETTER_EXTRAS:-web,dns,channels}
user=${NEWSLETTER_USER:-newsletter}

as_owner() {
  if [ "$(id -un)" = "$user" ]; then (cd "$home" && "$@"); else (cd "$home" && runuser -u "$user" -- "$@"); fi
}

if command -v systemctl > /dev/null && systemctl is-active --quiet newsletter; then running=yes; else running=no; fi
[ "$running" = no ] || systemctl stop newsletter
if [ -f "$home/subscribers.db" ]; then
  as_owner "$place/bin/newsletter" backup "$home/before-$(date +%Y%m%d-%H%M%S).db"
fi
"$place/bin/pip" install --quiet -c constraints.txt ".[$extras]"
as_owner "$place/bin/newsletter" upgrade
as_owner "$place/bin/newsletter" status > /dev/null
[ "$running" = no ] || systemctl start newsletter
echo "upgraded; newsletter doctor tries everything out"

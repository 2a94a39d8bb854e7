#!/bin/sh
# An upgrade in one command, for a newsletter that is set up as docs/deploy.md says for systemd:
#   sh deploy/upgrade.sh          from the checkout of the new version
# The service and the timer are stopped, and a backup is made first; the database is brought up to date before they
# start again. What fails leaves them stopped and says so: nothing is lost, docs/operations.md says how to go back.
set -eu

home=${NEWSLETTER_HOME:-/var/lib/newsletter}
place=${NEWSLETTER_VENV:-/opt/newsletter/.venv}
extras=${NEWSLETTER_EXTRAS:-web,dns,channels}
user=${NEWSLETTER_USER:-newsletter}
env=${NEWSLETTER_ENV:-/etc/newsletter/env}

as_owner() {
  if [ "$(id -un)" = "$user" ]; then (cd "$home" && "$@"); else (cd "$home" && runuser -u "$user" -- "$@"); fi
}

# The secrets of the units: lines of NAME=value as systemd reads them, which is not as a shell would.
if [ -r "$env" ]; then
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
      [A-Za-z_]*=*)
        value=${line#*=}
        case $value in \"*\") value=${value#\"} value=${value%\"} ;; \'*\') value=${value#\'} value=${value%\'} ;; esac
        export "${line%%=*}=$value" ;;
    esac
  done < "$env"
fi

stopped=
step="looking for the units"
end() {
  code=$?
  [ "$code" = 0 ] && return
  echo "upgrade failed while $step." >&2
  if [ -n "$stopped" ]; then
    echo "The service is stopped; nothing is lost. Mend what is said above and run this again, or go back" >&2
    echo "(docs/operations.md); then: systemctl start$stopped" >&2
  fi
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if command -v systemctl > /dev/null; then
  for unit in newsletter.service newsletter-run.timer newsletter-run.service; do
    if systemctl is-active --quiet "$unit"; then
      step="stopping $unit"
      [ "$unit" = newsletter-run.service ] || stopped="$stopped $unit"
      systemctl stop "$unit"
    fi
  done
fi
if [ -f "$home/subscribers.db" ]; then
  step="making a backup"
  as_owner "$place/bin/newsletter" backup "$home/before-$(date +%Y%m%d-%H%M%S).db"
fi
step="installing the new version"
"$place/bin/pip" install --quiet -c constraints.txt ".[$extras]"
step="bringing the database up to date"
as_owner "$place/bin/newsletter" upgrade
as_owner "$place/bin/newsletter" status > /dev/null
if [ -n "$stopped" ]; then
  step="starting again"
  # shellcheck disable=SC2086  # a list of units
  systemctl start $stopped
fi
echo "upgraded; newsletter doctor tries everything out"

# Installs the Debian packages given as arguments; needs root. No service is left running or enabled by it.
set -eu
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1

# Packages ask this file whether they may start their service. One that exists is the machine's own: it stays.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

apt-get -o DPkg::Lock::Timeout=300 update
apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
    install --yes --no-install-recommends "$@"

for package in "$@"; do
    case $package in
    nginx | haproxy)
        update-rc.d "$package" disable
        if [ -d /run/systemd/system ]; then
            systemctl disable --now "$package"
        fi
        ;;
    esac
done

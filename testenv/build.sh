#!/bin/sh
# Builds the real servers that tests run against, each at its pinned version, into testenv/bin.
#
#   testenv/build.sh [nats] [natscli] [etcd] [kubernetes] [knative] [node]     (none named: all)
#   testenv/build.sh kubeconform     what benches/load.rs measures evctl beside; no test needs it
#
# A binary is named after its version and one that exists is not built again. Building everything
# from nothing takes some five to ten minutes on two cores; each step says what it does.
# Not here: how tests start the servers (tests/servers).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin="$here/bin"
mkdir -p "$bin"
export CGO_ENABLED=0 GOFLAGS="-mod=readonly -trimpath -buildvcs=false"

# version MODULE: the version that go.mod of the current folder pins.
version() { go list -m -f '{{.Version}}' "$1"; }

# build NAME VERSION PACKAGE [LDFLAGS [LINK]]: builds PACKAGE as bin/NAME-VERSION and links bin/NAME
# (or bin/LINK) to it.
build() {
    target="$bin/$1-$2"
    if [ ! -x "$target" ]; then
        echo "testenv: building $1 $2 (once)" >&2
        started=$(date +%s)
        go build -ldflags "-s -w ${4:-}" -o "$target.part" "$3"
        mv "$target.part" "$target"
        echo "testenv: built $1 in $(($(date +%s) - started)) s" >&2
    fi
    ln -sfn "$1-$2" "$bin/${5:-$1}"
}

# The newest nats-server, and the last of each older line that the rule book of JetStream knows:
# bin/nats-server, bin/nats-server-2.14 and so on.
nats() {
    server=github.com/nats-io/nats-server/v2
    cd "$here/nats"
    build nats-server "$(version $server)" $server
    for line in 2.14 2.12 2.11 2.10; do
        cd "$here/nats-$line"
        release=$(version $server)
        build nats-server "$release" $server "" "nats-server-$line"
    done
}

natscli() {
    cd "$here/natscli"
    build nats "$(version github.com/nats-io/natscli)" github.com/nats-io/natscli/nats
}

etcd() {
    cd "$here/etcd"
    build etcd "$(version go.etcd.io/etcd/server/v3)" go.etcd.io/etcd/server/v3
}

kubeconform() {
    cd "$here/kubeconform"
    build kubeconform "$(version github.com/yannh/kubeconform)" github.com/yannh/kubeconform/cmd/kubeconform
}

kubernetes() {
    cd "$here/kubernetes"
    release=$(version k8s.io/kubernetes)
    minor=${release#v1.}
    stamp="-X k8s.io/component-base/version.gitVersion=$release"
    stamp="$stamp -X k8s.io/component-base/version.gitMajor=1"
    stamp="$stamp -X k8s.io/component-base/version.gitMinor=${minor%%.*}"
    build kube-apiserver "$release" k8s.io/kubernetes/cmd/kube-apiserver "$stamp"
    build kubectl "$release" k8s.io/kubernetes/cmd/kubectl "$stamp"
    build kube-controller-manager "$release" k8s.io/kubernetes/cmd/kube-controller-manager "$stamp"
}

# Knative Eventing whole: its configuration, which comes inside its Go module, and its processes. The
# configuration is what a release installs, the CRDs among it.
knative() {
    cd "$here/knative"
    eventing=knative.dev/eventing
    release=$(version $eventing)
    target="$bin/knative-eventing-$release-config"
    if [ ! -d "$target" ]; then
        echo "testenv: unpacking the configuration of knative eventing $release" >&2
        go mod download $eventing
        source=$(go list -m -f '{{.Dir}}' $eventing)
        rm -rf "$target.part"
        mkdir -p "$target.part/config/channels" "$target.part/config/brokers"
        # The module's top has links to what lies in its core.
        cp -rL "$source/config/core" "$target.part/config/"
        cp -rL "$source/config/core/resources" "$target.part/config/"
        cp -rL "$source/config/channels/in-memory-channel" "$target.part/config/channels/"
        cp -rL "$source/config/brokers/mt-channel-broker" "$target.part/config/brokers/"
        chmod -R u+w "$target.part"
        mv "$target.part" "$target"
    fi
    ln -sfn "knative-eventing-$release-config" "$bin/knative-eventing"
    for command in webhook controller mtchannel_broker broker/ingress broker/filter \
        in_memory/channel_controller in_memory/channel_dispatcher; do
        build "knative-$(echo "$command" | tr / -)" "$release" "$eventing/cmd/$command"
    done
}

# What comes from npm: the language server that editors run, and a second validator of schemas.
node() {
    cd "$here/node"
    packages="node-packages-$(cksum <package-lock.json | cut -d ' ' -f 1)"
    if [ ! -d "$bin/$packages" ]; then
        echo "testenv: fetching the packages of testenv/node" >&2
        rm -rf "$bin/$packages.part"
        mkdir "$bin/$packages.part"
        cp package.json package-lock.json "$bin/$packages.part/"
        (cd "$bin/$packages.part" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2
        mv "$bin/$packages.part" "$bin/$packages"
    fi
    ln -sfn "$packages" "$bin/node-packages"
}

if [ $# -eq 0 ]; then
    set -- nats natscli etcd knative kubernetes
    if command -v npm >/dev/null 2>&1; then
        set -- "$@" node
    else
        echo "testenv: npm is not installed; tests of schemas in editors are skipped by name" >&2
    fi
fi
for family in "$@"; do
    case "$family" in
        nats | natscli | etcd | kubernetes | knative | node | kubeconform) "$family" ;;
        *) echo "testenv: no family of servers is named $family" >&2 && exit 64 ;;
    esac
done

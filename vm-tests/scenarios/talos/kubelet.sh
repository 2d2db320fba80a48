#!/bin/sh
# Stands for the kubelet in its image: it is healthy, and its credentials are where a kubelet keeps them once it has joined
# the cluster. Server and authority are those that Talos gives it to join with; the certificate is the lab's.
set -eu
umask 077
kubernetes=/etc/kubernetes
certificates=/var/lib/kubelet/pki
current=$certificates/kubelet-client-current.pem
dated=$certificates/kubelet-client-$(date -u +%Y-%m-%d-%H-%M-%S).pem

mkdir -p "$certificates"
cp /node.pem "$dated"
ln -sf "$dated" "$current"
sed "s|^    token: .*|    client-certificate: $current\n    client-key: $current|" \
  "$kubernetes/bootstrap-kubeconfig" >"$kubernetes/kubeconfig-kubelet.new"
mv "$kubernetes/kubeconfig-kubelet.new" "$kubernetes/kubeconfig-kubelet"

echo "kubelet $*"
exec httpd -f -p 127.0.0.1:10248 -h /www

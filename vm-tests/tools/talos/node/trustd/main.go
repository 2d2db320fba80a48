// Trustd signs the certificates with which the apid of a Talos worker serves its API. In a cluster that is a service of
// every control plane, `trustd`, whose sources nobody outside Talos may import; here it stands beside the lab's
// kube-apiserver, and does the same with the same parts: it takes the token of the machine configurations, and signs for
// servers only.
//
// Usage: trustd SECRETS ADDRESS, where SECRETS is what `talosctl gen secrets` wrote.
package main

import (
	"context"
	"crypto/tls"
	stdx509 "crypto/x509"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"time"

	"github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/talos/pkg/grpc/middleware/auth/basic"
	"github.com/siderolabs/talos/pkg/machinery/api/security"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// No test runs longer than its certificates live.
const lifetime = 24 * time.Hour

// The port that Talos expects a trustd on.
const port = "50001"

func main() {
	log.SetFlags(0)

	if len(os.Args) != 3 {
		log.Fatal("usage: trustd SECRETS ADDRESS")
	}

	log.Fatal(serve(os.Args[1], os.Args[2]))
}

func serve(file, address string) error {
	bundle, err := secrets.LoadBundle(file)
	if err != nil {
		return fmt.Errorf("read the secrets of the cluster: %w", err)
	}

	certificate, err := serverCertificate(bundle.Certs.OS, net.ParseIP(address))
	if err != nil {
		return fmt.Errorf("make the certificate of trustd: %w", err)
	}

	token := basic.NewTokenCredentials(bundle.TrustdInfo.Token)
	server := grpc.NewServer(
		grpc.Creds(credentials.NewServerTLSFromCert(certificate)),
		grpc.UnaryInterceptor(token.UnaryInterceptor()),
	)
	security.RegisterSecurityServiceServer(server, &authority{pair: bundle.Certs.OS})

	listener, err := net.Listen("tcp", net.JoinHostPort(address, port))
	if err != nil {
		return err
	}

	log.Printf("listening on %s", listener.Addr())

	return server.Serve(listener)
}

func serverCertificate(pair *x509.PEMEncodedCertificateAndKey, address net.IP) (*tls.Certificate, error) {
	if address == nil {
		return nil, errors.New("the address is none")
	}

	issuer, err := x509.NewCertificateAuthorityFromCertificateAndKey(pair)
	if err != nil {
		return nil, err
	}

	own, err := x509.NewKeyPair(issuer,
		x509.IPAddresses([]net.IP{address}),
		x509.CommonName("trustd"),
		x509.NotAfter(time.Now().Add(lifetime)),
		x509.KeyUsage(stdx509.KeyUsageDigitalSignature),
		x509.ExtKeyUsage([]stdx509.ExtKeyUsage{stdx509.ExtKeyUsageServerAuth}),
	)
	if err != nil {
		return nil, err
	}

	return own.Certificate, nil
}

// authority signs for whoever has the token.
type authority struct {
	security.UnimplementedSecurityServiceServer

	pair *x509.PEMEncodedCertificateAndKey
}

// Certificate implements the one call of a worker's apid.
func (authority *authority) Certificate(
	_ context.Context, request *security.CertificateRequest,
) (*security.CertificateResponse, error) {
	signed, err := x509.NewCertificateFromCSRBytes(authority.pair.Crt, authority.pair.Key, request.Csr,
		x509.KeyUsage(stdx509.KeyUsageDigitalSignature),
		x509.ExtKeyUsage([]stdx509.ExtKeyUsage{stdx509.ExtKeyUsageServerAuth}),
		x509.NotAfter(time.Now().Add(lifetime)),
	)
	if err != nil {
		return nil, fmt.Errorf("sign a certificate: %w", err)
	}

	return &security.CertificateResponse{Ca: authority.pair.Crt, Crt: signed.X509CertificatePEM}, nil
}

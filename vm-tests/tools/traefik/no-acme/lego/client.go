// Package lego has a client that refuses every request.
package lego

import (
	"crypto/x509"
	"errors"
	"net/http"

	"github.com/go-acme/lego/v4/certcrypto"
	"github.com/go-acme/lego/v4/certificate"
	"github.com/go-acme/lego/v4/challenge"
	"github.com/go-acme/lego/v4/challenge/dns01"
	"github.com/go-acme/lego/v4/challenge/http01"
	"github.com/go-acme/lego/v4/challenge/tlsalpn01"
	"github.com/go-acme/lego/v4/registration"
)

// LEDirectoryProduction is no directory: nothing is to be asked by accident.
const LEDirectoryProduction = "https://acme.invalid/directory"

var errNoACME = errors.New("this build has no ACME")

// Config is how the client was asked for.
type Config struct {
	CADirURL    string
	UserAgent   string
	HTTPClient  *http.Client
	Certificate CertificateConfig
}

// CertificateConfig is how certificates were asked for.
type CertificateConfig struct {
	KeyType           certcrypto.KeyType
	DisableCommonName bool
}

// Client is what NewClient would give.
type Client struct {
	Challenge    Challenges
	Certificate  Certificates
	Registration Accounts
}

func NewConfig(any) *Config              { return &Config{} }
func NewClient(*Config) (*Client, error) { return nil, errNoACME }

func CreateCertPool([]string, bool) (*x509.CertPool, error) { return nil, errNoACME }

// Challenges would hold the ways to answer a challenge.
type Challenges struct{}

func (Challenges) SetDNS01Provider(challenge.Provider, ...dns01.ChallengeOption) error {
	return errNoACME
}

func (Challenges) SetHTTP01Provider(challenge.Provider, ...http01.ChallengeOption) error {
	return errNoACME
}

func (Challenges) SetTLSALPN01Provider(challenge.Provider, ...tlsalpn01.ChallengeOption) error {
	return errNoACME
}

// Certificates would order certificates.
type Certificates struct{}

func (Certificates) Obtain(certificate.ObtainRequest) (*certificate.Resource, error) {
	return nil, errNoACME
}

func (Certificates) RenewWithOptions(certificate.Resource, *certificate.RenewOptions) (*certificate.Resource, error) {
	return nil, errNoACME
}

// Accounts would register accounts.
type Accounts struct{}

func (Accounts) Register(registration.RegisterOptions) (*registration.Resource, error) {
	return nil, errNoACME
}

func (Accounts) RegisterWithExternalAccountBinding(registration.RegisterEABOptions) (*registration.Resource, error) {
	return nil, errNoACME
}

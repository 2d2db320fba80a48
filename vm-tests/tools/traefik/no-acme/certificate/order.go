// Package certificate has the types of an order for a certificate.
package certificate

// Resource is a certificate that was given; there never is one.
type Resource struct {
	Domain      string
	PrivateKey  []byte
	Certificate []byte
}

// ObtainRequest asks for a new certificate.
type ObtainRequest struct {
	Domains        []string
	Bundle         bool
	EmailAddresses []string
	Profile        string
	PreferredChain string
}

// RenewOptions are the options of a renewal.
type RenewOptions struct {
	Bundle         bool
	EmailAddresses []string
	Profile        string
	PreferredChain string
}

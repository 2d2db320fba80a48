// Package registration has the account types of an ACME client.
package registration

// Resource is an account; there never is one.
type Resource struct{ URI string }

// RegisterOptions are the options of a new account.
type RegisterOptions struct{ TermsOfServiceAgreed bool }

// RegisterEABOptions are the options of an account bound to an outside one.
type RegisterEABOptions struct {
	TermsOfServiceAgreed bool
	Kid                  string
	HmacEncoded          string
}

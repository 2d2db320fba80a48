// Package challenge has what the kinds of ACME challenges share.
package challenge

// Provider presents a challenge and takes it away again.
type Provider interface {
	Present(domain, token, keyAuth string) error
	CleanUp(domain, token, keyAuth string) error
}

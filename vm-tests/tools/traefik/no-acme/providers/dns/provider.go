// Package dns has no DNS hosters.
package dns

import (
	"errors"

	"github.com/go-acme/lego/v4/challenge"
)

// NewDNSChallengeProviderByName is refused: this build has no ACME.
func NewDNSChallengeProviderByName(string) (challenge.Provider, error) {
	return nil, errors.New("this build has no ACME")
}

// Package tlsalpn01 has the options of the TLS-ALPN challenge.
package tlsalpn01

import (
	"errors"
	"time"
)

// ACMETLS1Protocol is the protocol name of RFC 8737, 6.2.
const ACMETLS1Protocol = "acme-tls/1"

// ChallengeOption is an option of the challenge; all of them do nothing.
type ChallengeOption struct{}

func SetDelay(time.Duration) ChallengeOption { return ChallengeOption{} }

// ChallengeBlocks is refused: this build has no ACME.
func ChallengeBlocks(domain, keyAuth string) (certificate, key []byte, err error) {
	return nil, nil, errors.New("this build has no ACME")
}

// Package http01 has the options of the HTTP challenge.
package http01

import "time"

// ChallengeOption is an option of the challenge; all of them do nothing.
type ChallengeOption struct{}

func SetDelay(time.Duration) ChallengeOption { return ChallengeOption{} }

// ChallengePath is where RFC 8555, 8.3, puts the answer to a challenge.
func ChallengePath(token string) string { return "/.well-known/acme-challenge/" + token }

// Package dns01 has the options of the DNS challenge.
package dns01

import (
	"strings"
	"time"
)

// ChallengeOption is an option of the challenge; all of them do nothing.
type ChallengeOption struct{}

func AddRecursiveNameservers([]string) ChallengeOption               { return ChallengeOption{} }
func RecursiveNSsPropagationRequirement() ChallengeOption            { return ChallengeOption{} }
func DisableAuthoritativeNssPropagationRequirement() ChallengeOption { return ChallengeOption{} }
func PropagationWait(time.Duration, bool) ChallengeOption            { return ChallengeOption{} }

// UnFqdn is a name without its final dot.
func UnFqdn(name string) string { return strings.TrimSuffix(name, ".") }

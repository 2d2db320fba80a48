// Stands in for the ACME library, so that the lab's Traefik is built without
// the SDKs of some 150 DNS hosters (three quarters of its download).
// It has the names that Traefik's code refers to; every use of them is refused.
module github.com/go-acme/lego/v4

go 1.26.0

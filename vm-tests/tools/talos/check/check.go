// Package check lets Talos' own code of one release judge what lanlord ships for Talos.
//
// The packages of Talos differ between releases in the module of YAML that they decode with, so each release has a
// program of its own that hands its decoder in; all else is here.
package check

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
)

// Release is one release of Talos.
type Release struct {
	// Version of Talos whose code this is.
	Version string
	// Decoder decodes YAML documents and refuses unknown keys, as the packages of this release need it.
	Decoder func(io.Reader) Decoder
}

// Decoder is what both modules of YAML have in common.
type Decoder interface {
	Decode(into any) error
}

func (r *Release) decode(text []byte, into any) error {
	return r.Decoder(bytes.NewReader(text)).Decode(into)
}

// Main reads one judgement a line from standard input, and answers with one line each:
// `ok`, or `refused: ` and why. Fields of a line are parted by tabs:
//
//	tree DIR            the unpacked extension in DIR
//	patch KIND FILE…    a machine configuration of KIND, each FILE applied in turn; the answer goes on with a digest of
//	                    the result, and `excluded` where load balancers are to leave the node out
func Main(release Release) {
	if release.Version == "" || release.Decoder == nil {
		fmt.Fprintln(os.Stderr, "a release needs a version and a decoder")
		os.Exit(2)
	}

	judge, err := release.judge()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}

	if err = serve(os.Stdin, os.Stdout, judge); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(in io.Reader, out io.Writer, judge func([]string) (string, error)) error {
	lines := bufio.NewScanner(in)

	for lines.Scan() {
		answer, err := judge(strings.Split(lines.Text(), "\t"))
		if err != nil {
			answer = "refused: " + oneLine(err)
		}

		if _, err = fmt.Fprintln(out, answer); err != nil {
			return err
		}
	}

	return lines.Err()
}

func oneLine(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}

func (r *Release) judge() (func([]string) (string, error), error) {
	base, err := r.generate()
	if err != nil {
		return nil, fmt.Errorf("generate machine configurations: %w", err)
	}

	return func(words []string) (string, error) {
		switch {
		case words[0] == "tree" && len(words) == 2:
			return "ok", join(r.Tree(words[1]))
		case words[0] == "patch" && len(words) >= 2:
			outcome, err := r.patched(base, words[1], words[2:])

			return "ok " + outcome, err
		default:
			return "", fmt.Errorf("no judgement: %q", words)
		}
	}, nil
}

func join(faults []error) error {
	texts := make([]string, 0, len(faults))
	for _, fault := range faults {
		texts = append(texts, fault.Error())
	}

	if len(texts) == 0 {
		return nil
	}

	return fmt.Errorf("%s", strings.Join(texts, "; "))
}

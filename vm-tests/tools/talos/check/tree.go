package check

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/blang/semver/v4"
	"github.com/siderolabs/talos/pkg/machinery/extensions"
	"github.com/siderolabs/talos/pkg/machinery/extensions/services"
)

// Services is where Talos looks for the specs of extension services.
const Services = "rootfs/usr/local/etc/containers"

// supported are the releases that one image is for, beside the one whose code this is.
var supported = []string{"1.8.0", "1.9.0", "1.10.0", "1.11.0", "1.12.0", "1.13.0", "1.14.0"}

// Tree judges an unpacked extension as Talos' imager and machined would: manifest, constraint, contents, service specs.
func (r *Release) Tree(dir string) []error {
	var faults []error

	ext, err := extensions.Load(dir)
	if err != nil {
		return []error{fmt.Errorf("load: %w", err)}
	}

	for _, version := range append([]string{r.Version}, supported...) {
		talos, err := semver.ParseTolerant(version)
		if err != nil {
			return []error{fmt.Errorf("version %s: %w", version, err)}
		}

		if err = ext.Validate(extensions.WithValidateConstraints(), extensions.WithTalosVersion(&talos)); err != nil {
			faults = append(faults, fmt.Errorf("constraints of %s: %w", version, err))
		}
	}

	if err = ext.Validate(extensions.WithValidateContents()); err != nil {
		faults = append(faults, fmt.Errorf("contents: %w", err))
	}

	faults = append(faults, r.accepted(dir)...)

	return append(faults, r.services(dir)...)
}

func (r *Release) services(dir string) []error {
	files, err := filepath.Glob(filepath.Join(dir, Services, "*.yaml"))
	if err != nil || len(files) == 0 {
		return []error{fmt.Errorf("services: no spec in %s", Services)}
	}

	var faults []error

	for _, file := range files {
		for _, err := range r.service(dir, file) {
			faults = append(faults, fmt.Errorf("service %s: %w", filepath.Base(file), err))
		}
	}

	return faults
}

func (r *Release) service(dir, file string) []error {
	text, err := os.ReadFile(file)
	if err != nil {
		return []error{err}
	}

	var spec services.Spec

	if err = r.decode(text, &spec); err != nil {
		return []error{err}
	}

	if err = spec.Validate(); err != nil {
		return []error{err}
	}

	return runs(dir, file, &spec)
}

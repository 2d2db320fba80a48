package check

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/siderolabs/talos/pkg/machinery/config"
)

// object is what every Kubernetes object says of itself.
type object struct {
	APIVersion string         `yaml:"apiVersion"`
	Kind       string         `yaml:"kind"`
	Metadata   map[string]any `yaml:"metadata"`
	Rest       map[string]any `yaml:",inline"`
}

// unnoticed refuses what Talos takes from a machine configuration without a look at it.
func (r *Release) unnoticed(provider config.Provider) error {
	for _, manifest := range provider.Cluster().InlineManifests() {
		if err := r.objects([]byte(manifest.Contents())); err != nil {
			return fmt.Errorf("inline manifest %s: %w", manifest.Name(), err)
		}
	}

	for _, module := range provider.Machine().Kernel().Modules() {
		if module.Name() == "" {
			return errors.New("a kernel module has no name")
		}
	}

	for _, service := range provider.ExtensionServiceConfigs() {
		for _, file := range service.ConfigFiles() {
			if !filepath.IsAbs(file.MountPath()) {
				return fmt.Errorf("ExtensionServiceConfig %s: mountPath %s is not absolute", service.Name(), file.MountPath())
			}
		}
	}

	return nil
}

// objects tells whether the text is Kubernetes objects, each with its kind and name.
func (r *Release) objects(text []byte) error {
	decoder := r.Decoder(bytes.NewReader(text))

	for count := 0; ; count++ {
		var found object

		err := decoder.Decode(&found)

		switch {
		case errors.Is(err, io.EOF) && count == 0:
			return errors.New("holds no object")
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case found.APIVersion == "" || found.Kind == "" || found.Metadata["name"] == nil:
			return fmt.Errorf("document %d has no apiVersion, kind or name", count+1)
		}
	}
}

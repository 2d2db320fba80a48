package check

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
	"github.com/siderolabs/talos/pkg/machinery/config/encoder"
	"github.com/siderolabs/talos/pkg/machinery/config/generate"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/validation"
	"github.com/siderolabs/talos/pkg/machinery/constants"
)

// configurations are whole machine configurations of one cluster, by kind.
type configurations map[string]config.Provider

// metal is the mode that nodes on bare metal and in VMs validate by.
type metal struct{}

func (metal) String() string        { return "metal" }
func (metal) RequiresInstall() bool { return true }
func (metal) InContainer() bool     { return false }

// generate makes the machine configurations that `talosctl gen config` of this release makes.
func (r *Release) generate() (configurations, error) {
	contract, err := config.ParseContractFromVersion(r.Version)
	if err != nil {
		return nil, err
	}

	input, err := generate.NewInput(
		"lab", "https://192.168.1.201:6443", constants.DefaultKubernetesVersion,
		generate.WithVersionContract(contract), generate.WithInstallDisk("/dev/sda"),
	)
	if err != nil {
		return nil, err
	}

	made := configurations{}

	for kind, t := range map[string]machine.Type{
		"controlplane": machine.TypeControlPlane,
		"worker":       machine.TypeWorker,
	} {
		provider, err := input.Config(t)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kind, err)
		}

		if err = validate(provider); err != nil {
			return nil, fmt.Errorf("%s as generated: %w", kind, err)
		}

		made[kind] = provider
	}

	return made, nil
}

// patched applies the files in turn, validates each result as a node would, and describes the last one.
func (r *Release) patched(base configurations, kind string, files []string) (string, error) {
	provider, ok := base[kind]
	if !ok {
		return "", fmt.Errorf("no kind of machine: %s", kind)
	}

	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}

		if provider, err = r.apply(provider, text); err != nil {
			return "", fmt.Errorf("%s: %w", kind, err)
		}
	}

	text, err := provider.EncodeBytes(encoder.WithComments(encoder.CommentsDisabled))
	if err != nil {
		return "", err
	}

	digest := sha256.Sum256(text)
	outcome := hex.EncodeToString(digest[:])

	if _, excluded := provider.Machine().NodeLabels()[constants.LabelExcludeFromExternalLB]; excluded {
		outcome += " excluded"
	}

	return outcome, nil
}

func (r *Release) apply(provider config.Provider, text []byte) (config.Provider, error) {
	patch, err := configpatcher.LoadPatch(text)
	if err != nil {
		return nil, fmt.Errorf("load patch: %w", err)
	}

	output, err := configpatcher.Apply(configpatcher.WithConfig(provider), []configpatcher.Patch{patch})
	if err != nil {
		return nil, fmt.Errorf("apply patch: %w", err)
	}

	// As the node gets it: as bytes.
	patched, err := output.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}

	loaded, err := configloader.NewFromBytes(patched)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}

	if err = validate(loaded); err != nil {
		return nil, err
	}

	return loaded, r.unnoticed(loaded)
}

func validate(provider config.Provider) error {
	if _, err := provider.Validate(metal{}, validation.WithLocal(), validation.WithStrict()); err != nil {
		return fmt.Errorf("validate: %w", err)
	}

	return nil
}

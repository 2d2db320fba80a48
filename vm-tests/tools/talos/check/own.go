package check

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/siderolabs/talos/pkg/machinery/extensions"
	"github.com/siderolabs/talos/pkg/machinery/extensions/services"
)

// containers is where the root of a service's container is.
const containers = "rootfs/usr/local/lib/containers"

// homes are the only folders that our files may be in; what lies elsewhere is found by nobody.
var homes = []string{Services, containers, "rootfs/usr/local/share/spdx"}

// accepted looks at what Talos accepts without a word although a node then does something else than was meant.
func (r *Release) accepted(dir string) []error {
	var faults []error

	text, err := os.ReadFile(filepath.Join(dir, "manifest.yaml"))
	if err != nil {
		return []error{err}
	}

	if err = r.decode(text, &extensions.Manifest{}); err != nil {
		faults = append(faults, fmt.Errorf("manifest.yaml: %w", err))
	}

	err = filepath.WalkDir(filepath.Join(dir, "rootfs"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}

		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}

		if err = misplaced(name, entry.IsDir()); err == nil {
			err = misbuilt(entry)
		}

		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", name, err))
		}

		return nil
	})
	if err != nil {
		faults = append(faults, err)
	}

	return faults
}

func misplaced(name string, isDir bool) error {
	for _, home := range homes {
		if strings.HasPrefix(name, home+"/") || isDir && (name == home || strings.HasPrefix(home, name+"/")) {
			return nil
		}
	}

	return errors.New("nothing looks for it there")
}

func misbuilt(entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}

	mode := info.Mode()

	switch {
	case mode&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky) != 0:
		return errors.New("has a set-id or sticky bit")
	case mode.IsDir() && mode.Perm() != 0o755:
		return fmt.Errorf("mode %o of a folder hides or opens it to others; it must be 755", mode.Perm())
	case mode.IsRegular() && mode.Perm() != 0o644 && mode.Perm() != 0o755:
		return fmt.Errorf("mode %o of a file must be 644 or 755", mode.Perm())
	}

	if stat, ok := info.Sys().(*syscall.Stat_t); ok && mode.IsRegular() && stat.Nlink > 1 {
		return errors.New("is a hard link, which Talos extracts as an empty file")
	}

	return nil
}

// runs looks at a spec as the node will: does what it names exist, and does it mean what it says?
func runs(dir, file string, spec *services.Spec) []error {
	var faults []error

	refuse := func(format string, values ...any) {
		faults = append(faults, fmt.Errorf(format, values...))
	}

	if want := spec.Name + ".yaml"; filepath.Base(file) != want {
		refuse("the file of service %s must be %s", spec.Name, want)
	}

	root := filepath.Join(dir, containers, spec.Name)

	if err := starts(root, spec.Container.Entrypoint); err != nil {
		refuse("entrypoint %s: %w", spec.Container.Entrypoint, err)
	}

	for _, mount := range spec.Container.Mounts {
		if err := mounts(root, mount.Source, mount.Destination, mount.Type, mount.Options); err != nil {
			refuse("mount %s: %w", mount.Destination, err)
		}
	}

	for _, depends := range spec.Depends {
		if depends.Configuration {
			refuse("depends on configuration: without an ExtensionServiceConfig the node never ends booting")
		}
	}

	if spec.Container.EnvironmentFile != "" {
		refuse("environmentFile: the service waits for the file for ever")
	}

	return faults
}

// starts tells whether the program exists, may be run, and needs no loader: the container has no libraries.
func starts(root, entrypoint string) error {
	if !filepath.IsAbs(entrypoint) {
		return errors.New("is not absolute")
	}

	path := filepath.Join(root, entrypoint)

	info, err := os.Stat(path)
	if err != nil {
		return errors.New("is not in the container's root; Talos tries it again every 5 s for ever")
	}

	if !info.Mode().IsRegular() || info.Mode().Perm()&0o111 != 0o111 {
		return errors.New("is no program that may be run")
	}

	program, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("is no ELF file: %w", err)
	}
	defer program.Close() //nolint:errcheck // read only

	for _, segment := range program.Progs {
		if segment.Type == elf.PT_INTERP {
			return errors.New("is dynamic, and the container has no loader")
		}
	}

	return nil
}

// options that mean something to runc for a bind mount. Talos passes others on, where they are ignored or become data
// of the file system: `readonly` mounts read-write.
var options = []string{
	"bind", "rbind", "ro", "rw", "private", "rprivate", "slave", "rslave", "shared", "rshared",
	"nosuid", "nodev", "noexec", "suid", "dev", "exec",
}

func mounts(root, source, destination, kind string, given []string) error {
	if !filepath.IsAbs(source) || !filepath.IsAbs(destination) {
		return errors.New("source and destination must be absolute")
	}

	if kind != "bind" {
		return fmt.Errorf("type %q: only a bind brings a folder of the node in", kind)
	}

	for _, option := range given {
		if !slices.Contains(options, option) {
			return fmt.Errorf("option %q means nothing to runc", option)
		}
	}

	if !slices.Contains(given, "bind") && !slices.Contains(given, "rbind") {
		return errors.New("options name neither bind nor rbind")
	}

	if slices.Contains(given, "ro") == slices.Contains(given, "rw") {
		return errors.New("options must name one of ro and rw")
	}

	// What is below /run stands on a tmpfs of the container, where runc makes the folder.
	if strings.HasPrefix(destination, "/run/") {
		return nil
	}

	if info, err := os.Stat(filepath.Join(root, destination)); err != nil || !info.IsDir() {
		return errors.New("there is no such folder in the container's read-only root")
	}

	return nil
}

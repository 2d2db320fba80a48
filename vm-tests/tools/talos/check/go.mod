module lanlord.dev/vm-tests/tools/talos/check

go 1.26.0

require (
	github.com/blang/semver/v4 v4.0.0
	github.com/siderolabs/talos/pkg/machinery v1.10.0
)

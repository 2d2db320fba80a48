// What Talos v1.12.0 says of what lanlord ships.
package main

import (
	"io"

	"go.yaml.in/yaml/v4"

	"lanlord.dev/vm-tests/tools/talos/check"
)

func main() {
	check.Main(check.Release{Version: "v1.12.0", Decoder: strict})
}

func strict(text io.Reader) check.Decoder {
	decoder := yaml.NewDecoder(text)
	decoder.KnownFields(true)

	return decoder
}

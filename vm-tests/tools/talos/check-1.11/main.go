// What Talos v1.11.6 says of what lanlord ships.
package main

import (
	"io"

	"gopkg.in/yaml.v3"

	"lanlord.dev/vm-tests/tools/talos/check"
)

func main() {
	check.Main(check.Release{Version: "v1.11.6", Decoder: strict})
}

func strict(text io.Reader) check.Decoder {
	decoder := yaml.NewDecoder(text)
	decoder.KnownFields(true)

	return decoder
}

// tomlcheck decodes a buildkitd.toml from standard input into BuildKit's own configuration type. A key that the type
// does not have is an error (exit code 1), unlike in BuildKit itself. Prints what it understood as JSON.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/moby/buildkit/cmd/buildkitd/config"
	"github.com/pelletier/go-toml/v2"
)

func main() {
	var decoded config.Config
	decoder := toml.NewDecoder(os.Stdin).DisallowUnknownFields()
	if err := decoder.Decode(&decoded); err != nil {
		var strict *toml.StrictMissingError
		if errors.As(err, &strict) {
			for _, unknown := range strict.Errors {
				fmt.Fprintf(os.Stderr, "unknown key %v\n", unknown.Key())
			}
		} else {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(decoded); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

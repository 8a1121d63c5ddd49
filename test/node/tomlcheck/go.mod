module multiarch-builder.invalid/test/node/tomlcheck

go 1.26.8

require (
	github.com/moby/buildkit v0.33.1
	github.com/pelletier/go-toml/v2 v2.4.3
)

require (
	github.com/docker/go-units v0.5.0 // indirect
	github.com/pkg/errors v0.9.1 // indirect
	github.com/secure-systems-lab/go-securesystemslib v0.11.0 // indirect
	github.com/sigstore/sigstore v1.10.8 // indirect
	github.com/sigstore/sigstore-go v1.2.2 // indirect
	github.com/youmark/pkcs8 v0.0.0-20240726163527-a2c0da244d78 // indirect
	golang.org/x/crypto v0.56.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
	golang.org/x/term v0.45.0 // indirect
)

module multiarch-builder.invalid/examples/sample

go 1.21

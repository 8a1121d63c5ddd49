module multiarch-builder.invalid/test/probe

go 1.21

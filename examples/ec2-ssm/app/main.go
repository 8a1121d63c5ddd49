package main

import (
	"fmt"
	"runtime"
)

func main() {
	fmt.Printf("api 1.0.0 on %s/%s\n", runtime.GOOS, runtime.GOARCH)
}

// A program that says which platform it was built for.
package main

import (
	"flag"
	"fmt"
	"runtime"
)

const version = "1.0.0"

func main() {
	show := flag.Bool("version", false, "print the version and the platform")
	flag.Parse()
	if *show {
		fmt.Printf("hello %s %s/%s\n", version, runtime.GOOS, runtime.GOARCH)
		return
	}
	fmt.Printf("Hello from %s.\n", runtime.GOARCH)
}

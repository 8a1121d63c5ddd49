// A static program for RUN steps of tests: images are built from scratch, so it is all they have.
package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"time"
)

func main() {
	args := os.Args[1:]
	if len(args) == 0 {
		fmt.Println("probe", runtime.GOARCH)
		return
	}
	switch args[0] {
	case "arch": // arch FILE
		check(os.WriteFile(args[1], []byte(runtime.GOARCH+"\n"), 0o644))
	case "write": // write FILE TEXT
		check(os.WriteFile(args[1], []byte(args[2]), 0o644))
	case "fill": // fill FILE MEBIBYTES
		size, err := strconv.Atoi(args[2])
		check(err)
		file, err := os.Create(args[1])
		check(err)
		block := make([]byte, 1<<20)
		for i := range block {
			block[i] = byte(i * 7)
		}
		for i := 0; i < size; i++ {
			block[0] = byte(i)
			_, err = file.Write(block)
			check(err)
		}
		check(file.Close())
	case "sleep": // sleep SECONDS
		seconds, err := strconv.ParseFloat(args[1], 64)
		check(err)
		time.Sleep(time.Duration(seconds * float64(time.Second)))
	case "require": // require FILE TEXT
		content, err := os.ReadFile(args[1])
		check(err)
		if string(content) != args[2] {
			fail(fmt.Errorf("%s does not hold what was expected", args[1]))
		}
	case "require-sha256": // require-sha256 FILE HEX
		content, err := os.ReadFile(args[1])
		check(err)
		if fmt.Sprintf("%x", sha256.Sum256(content)) != args[2] {
			fail(fmt.Errorf("%s does not hold what was expected", args[1]))
		}
	case "get": // get URL
		client := http.Client{Timeout: 5 * time.Second}
		response, err := client.Get(args[1])
		check(err)
		_, err = io.Copy(os.Stdout, response.Body)
		check(err)
	case "fail": // fail MESSAGE
		fail(fmt.Errorf("%s", args[1]))
	case "fail-on": // fail-on ARCH
		if runtime.GOARCH == args[1] {
			fail(fmt.Errorf("fails on %s", args[1]))
		}
	default:
		fail(fmt.Errorf("unknown word %s", args[0]))
	}
}

func check(err error) {
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "probe:", err)
	os.Exit(1)
}

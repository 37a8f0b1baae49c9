// Checks a proof that `vouchsafe audit prove` printed, with the transparency log of the Go project: nothing here is ours.
//
//	go run . "$(vouchsafe audit key)" record.tlog-proof
package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if len(os.Args) != 3 {
		fail("usage: proof VERIFIER-KEY FILE")
	}
	text, err := os.ReadFile(os.Args[2])
	must(err)
	body, err := check(os.Args[1], string(text))
	must(err)
	fmt.Println("the proof holds for this record:")
	fmt.Println(string(body))
}

// check returns the body of the record that the proof is of (c2sp.org/tlog-proof), if it is in the log of this key.
func check(key, proof string) ([]byte, error) {
	head, signed, found := strings.Cut(proof, "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return nil, fmt.Errorf("this is no proof")
	}
	body, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return nil, err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return nil, err
	}
	var path tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		path = append(path, hash)
	}
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return nil, err
	}
	opened, err := note.Open([]byte(signed), note.VerifierList(verifier))
	if err != nil {
		return nil, err
	}
	// c2sp.org/tlog-checkpoint: origin, size, root.
	checkpoint := strings.Split(opened.Text, "\n")
	if len(checkpoint) < 3 || checkpoint[0] != verifier.Name() {
		return nil, fmt.Errorf("the note is no checkpoint of this log")
	}
	size, err := strconv.ParseInt(checkpoint[1], 10, 64)
	if err != nil {
		return nil, err
	}
	root, err := tlog.ParseHash(checkpoint[2])
	if err != nil {
		return nil, err
	}
	return body, tlog.CheckRecord(path, size, root, index, tlog.RecordHash(body))
}

func must(err error) {
	if err != nil {
		fail(err)
	}
}

func fail(why any) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(1)
}

// The reference runner for Go: goroutines and channels of the Go runtime, held to the same oracles as the five models.
// It speaks harness/PROTOCOL.md; one file a workload. Receipts are self-reported: units and messages are added up by the
// units themselves and travel with their results, so that counting shares nothing.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
)

type workload struct {
	steady   func(t *trial) result
	complete func(t *trial) result // one repeat
}

var workloads = map[string]workload{
	"pingpong": {steady: pingpong},
	"ring":     {steady: ring},
	"skynet":   {complete: skynet},
	"fib":      {complete: fib},
	"spawn":    {complete: spawn},
	"mpmc":     {steady: mpmc},
	"yield":    {steady: yield},
	"sleepers": {steady: sleepers},
}

func describe() {
	type named struct {
		Name string `json:"name"`
	}
	var list []named
	for _, name := range []string{"pingpong", "ring", "skynet", "fib", "spawn", "mpmc", "yield", "sleepers"} {
		list = append(list, named{name})
	}
	print(map[string]any{
		"protocol": 1, "runtime": "go", "model": "goroutines (Go)", "kind": "reference", "version": runtime.Version(),
		"spins": "idle threads spin for some microseconds before they sleep", "threads": "GOMAXPROCS = workers, on the workers' CPUs",
		"workloads": list,
	})
}

func print(answer any) {
	text, err := json.Marshal(answer)
	if err != nil {
		refuse(err.Error())
	}
	fmt.Println(string(text))
}

func refuse(why string) {
	fmt.Fprintln(os.Stderr, "fiveways-go: "+why)
	os.Exit(2)
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "--serve" {
		serve(os.Args[2:])
		return
	}
	if len(os.Args) == 2 && os.Args[1] == "--describe" {
		describe()
		return
	}
	if len(os.Args) != 2 || os.Args[1] != "--trial" {
		refuse("usage: fiveways-go --describe | --trial < trial.json")
	}
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		refuse("standard input: " + err.Error())
	}
	t, err := parse(text)
	if err != nil {
		refuse(err.Error())
	}
	w, known := workloads[t.Workload]
	if !known || t.Variant != "" {
		refuse(fmt.Sprintf("no workload %q with variant %q", t.Workload, t.Variant))
	}
	if err := t.bind(); err != nil {
		refuse("the workers' CPUs: " + err.Error())
	}
	if w.steady != nil {
		r := w.steady(t)
		t.finish(r)
		return
	}
	t.repeat(w.complete)
}

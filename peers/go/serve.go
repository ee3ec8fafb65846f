// `fiveways-go --serve`: the web server of workloads/c10k by net/http, a goroutine for each connection, for clients from
// outside.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const greeting = "Hello, world!\n"

func readOnly(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	w.Header().Set("Allow", "GET, HEAD")
	http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
	return false
}

func routes(seed uint64) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.Error(w, "Not Found", http.StatusNotFound)
		} else if readOnly(w, r) {
			w.Header().Set("Content-Type", "text/plain")
			io.WriteString(w, greeting)
		}
	})
	mux.HandleFunc("/n/", func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.ParseUint(strings.TrimPrefix(r.URL.Path, "/n/"), 10, 64)
		if err != nil {
			http.Error(w, "Not Found", http.StatusNotFound)
		} else if readOnly(w, r) {
			w.Header().Set("Content-Type", "text/plain")
			fmt.Fprintf(w, "%016x", mix(seed+id))
		}
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", "POST")
			http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		if r.ContentLength >= 0 {
			w.Header().Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
		}
		io.Copy(w, r.Body)
	})
	return mux
}

func serve(words []string) {
	flags := flag.NewFlagSet("fiveways-go --serve", flag.ExitOnError)
	port := flags.Uint("port", 0, "port to listen on; 0: any")
	workers := flags.Int("workers", 1, "GOMAXPROCS")
	flags.Parse(words)
	if *port > 65535 || *workers < 1 || flags.NArg() > 0 {
		refuse("--serve: expected [--port 0 to 65535] [--workers 1 or more]")
	}
	runtime.GOMAXPROCS(*workers)
	listener, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		refuse("--serve: " + err.Error())
	}
	server := &http.Server{Handler: routes(1)}
	stop, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-stop
		within, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if server.Shutdown(within) != nil {
			server.Close()
		}
		close(done)
	}()
	plural := ""
	if *workers > 1 {
		plural = "s"
	}
	fmt.Printf("listening on http://%s (%d worker%s)\n", listener.Addr(), *workers, plural)
	if err := server.Serve(listener); err != http.ErrServerClosed {
		refuse("--serve: " + err.Error())
	}
	<-done
}

package main

import "time"

type token struct{ fold, left uint64 }

// hop is what a node does with the token; false: it ends here.
func (k *token) hop(seed, node uint64) bool {
	k.fold = mix(k.fold ^ (seed + node))
	k.left--
	return k.left > 0
}

// A goroutine a node, an unbuffered channel to the next.
func ring(t *trial) result {
	nodes := t.param("nodes")
	links := make([]chan token, nodes)
	for i := range links {
		links[i] = make(chan token)
	}
	last := make(chan uint64, 1)
	ends := make(chan bool)
	passOn := func(node uint64) {
		out := links[(node+1)%nodes]
		for k := range links[node] {
			if !k.hop(t.seed, node) {
				last <- mix(k.fold ^ node)
				break
			}
			out <- k
		}
		close(out)
		ends <- true
	}
	for node := uint64(1); node < nodes; node++ {
		go passOn(node)
	}
	failure := ""
	go func() {
		var k token
		t.open()
		for {
			start := time.Now()
			for i := 0; i < t.Batch; i++ {
				k.left = nodes
				links[1] <- k
				if k = <-links[0]; k.hop(t.seed, 0) {
					failure = "the token did not come back after one lap"
				}
			}
			if !t.record(start, time.Now(), uint64(t.Batch)) {
				break
			}
		}
		k.left = 1000 + t.seed%1000
		links[1] <- k
		passOn(0)
	}()
	for range links {
		<-ends
	}
	return result{units: nodes, live: nodes, messages: t.meter.ops*nodes + 1000 + t.seed%1000, checksum: <-last, failure: failure}
}

package main

import (
	"fmt"
	"sync"
)

var ballast []byte // what the process holds before it begins

// A goroutine a unit; the gate is a channel that is closed.
func spawn(t *trial) result {
	units, burst, depth, gate := t.param("units"), t.param("burst"), t.param("depth"), t.param("gate") == 1
	if burst == 0 || burst > units {
		burst = units
	}
	if bytes := int(t.param("parent_rss")) << 20; len(ballast) != bytes {
		ballast = make([]byte, bytes)
		for i := 0; i < bytes; i += 4096 {
			ballast[i] = 1
		}
	}
	values := make([]uint64, burst)
	var numbers, sum uint64
	for first := uint64(0); first < units; first += burst {
		n := burst
		if units-first < n {
			n = units - first
		}
		var arrived, ended sync.WaitGroup
		var open chan bool
		if gate {
			open = make(chan bool)
			arrived.Add(int(n))
		}
		ended.Add(int(n))
		for i := uint64(0); i < n; i++ {
			go func(i uint64) {
				values[i] = descend(1, depth, mix(t.seed+first+i), &arrived, open)
				ended.Done()
			}(i)
		}
		if gate {
			arrived.Wait()
			close(open)
		}
		ended.Wait()
		for i := uint64(0); i < n; i++ {
			numbers += first + i
			sum += values[i]
		}
	}
	r := result{units: units, live: 1, checksum: sum}
	if gate {
		r.live = burst
	}
	if want := units * (units - 1) / 2; numbers != want {
		r.failure = fmt.Sprintf("the units' numbers sum to %d, not %d", numbers, want)
	}
	return r
}

//go:noinline
func descend(frame, depth, value uint64, arrived *sync.WaitGroup, open chan bool) uint64 {
	if frame < depth {
		return mix(descend(frame+1, depth, value, arrived, open) + frame)
	}
	if open != nil {
		arrived.Done()
		<-open
	}
	return value
}

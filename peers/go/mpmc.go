package main

import (
	"fmt"
	"strconv"
	"sync"
	"time"
)

type message struct{ producer, sequence uint64 }

// All goroutines share one channel.
func mpmc(t *trial) result {
	producers, consumers, work := t.param("producers"), t.param("consumers"), t.param("work")
	if t.Params["size"] != "16" || t.Params["pass"] != "copy" {
		return result{refusal: "messages of 16 bytes, copied, only"}
	}
	capacity, err := strconv.Atoi(t.Params["capacity"])
	if err != nil {
		return result{refusal: "a channel of Go has a capacity"}
	}
	queue := make(chan message, capacity)
	var sending, receiving sync.WaitGroup
	sums, wrong := make([]uint64, consumers), make([]string, consumers)
	for c := uint64(0); c < consumers; c++ {
		receiving.Add(1)
		go func(c uint64) {
			var sum uint64
			next := make([]uint64, producers)
			for m := range queue {
				if m.producer >= producers || m.sequence < next[m.producer] {
					wrong[c] = fmt.Sprintf("message %d of producer %d came out of order", m.sequence, m.producer)
					continue
				}
				next[m.producer] = m.sequence + 1
				h := mix(t.seed + m.producer<<40 + m.sequence)
				for i := uint64(0); i < work; i++ {
					h = mix(h)
				}
				sum += h
			}
			sums[c] = sum
			receiving.Done()
		}(c)
	}
	t.open()
	t.meters = make([]meter, producers)
	for p := uint64(0); p < producers; p++ {
		sending.Add(1)
		t.meters[p] = t.meter
		go func(p uint64) {
			m := t.meters[p]
			for s, more := uint64(0), true; more; {
				start := time.Now()
				for i := 0; i < t.Batch; i++ {
					queue <- message{p, s}
					s++
				}
				now := time.Now()
				more = m.record(start, now, uint64(t.Batch))
				if p == 0 {
					t.progress(m.ops, now)
				}
			}
			t.meters[p] = m
			sending.Done()
		}(p)
	}
	sending.Wait()
	close(queue)
	receiving.Wait()
	r := result{units: producers + consumers, live: producers + consumers}
	for c := range sums {
		r.checksum += sums[c]
		if wrong[c] != "" {
			r.failure = wrong[c]
		}
	}
	for p := range t.meters {
		r.messages += t.meters[p].ops
	}
	return r
}

package main

import (
	"runtime"
	"sync/atomic"
	"time"
)

// Goroutines that take turns through Gosched; the first measures.
func yield(t *trial) result {
	units := t.param("units")
	var stop, others uint32
	ended := make(chan bool)
	t.open()
	go func() {
		for {
			start := time.Now()
			for i := 0; i < t.Batch; i++ {
				runtime.Gosched()
			}
			if !t.record(start, time.Now(), uint64(t.Batch)) {
				break
			}
		}
		atomic.StoreUint32(&stop, 1)
		ended <- true
	}()
	for u := uint64(1); u < units; u++ {
		go func() {
			if atomic.LoadUint32(&stop) == 0 {
				atomic.AddUint32(&others, 1)
			}
			for atomic.LoadUint32(&stop) == 0 {
				for i := 0; i < 64; i++ {
					runtime.Gosched()
				}
			}
			ended <- true
		}()
	}
	for u := uint64(0); u < units; u++ {
		<-ended
	}
	r := result{units: units, live: units, checksum: mix(t.seed + t.meter.ops)}
	if len(t.Workers) == 1 && t.meter.ops > 64 && uint64(others) != units-1 {
		r.failure = "a goroutine had no turn"
	}
	return r
}

package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Goroutines that sleep. A goroutine doesn't know its processor, so the meters are shared out by number, under a lock.
func sleepers(t *trial) result {
	const leastMs, mostMs, wakesAMs = 100, 4000, 20
	units, ms := t.param("units"), t.param("period_ms")
	if ms == 0 {
		ms = units / wakesAMs
		if ms < leastMs {
			ms = leastMs
		} else if ms > mostMs {
			ms = mostMs
		}
	}
	period := time.Duration(ms) * time.Millisecond
	type desk struct {
		sync.Mutex
		meter
		values uint64
		ended  uint64
		early  time.Duration
	}
	desks := make([]desk, len(t.Workers))
	var arrived, ended sync.WaitGroup
	var open uint32
	arrived.Add(int(units))
	ended.Add(int(units))
	for i := uint64(0); i < units; i++ {
		if i%4096 == 0 { // nobody is booked yet, so that nobody else tells
			t.progress(i, time.Now())
		}
		go func(i uint64) {
			d := &desks[i%uint64(len(desks))]
			deadline := time.Now().Add(time.Duration(mix(t.seed+i) % uint64(period)))
			arrived.Done()
			for more := true; more; deadline = deadline.Add(period) {
				time.Sleep(time.Until(deadline))
				now := time.Now()
				if atomic.LoadUint32(&open) == 0 {
					continue
				}
				d.Lock()
				if now.Before(deadline) {
					d.early = deadline.Sub(now)
				}
				more = d.record(deadline, now, 1)
				if d == &desks[0] {
					t.progress(units+d.ops, now)
				}
				d.Unlock()
			}
			d.Lock()
			d.values += mix(t.seed ^ mix(i))
			d.ended++
			if d == &desks[0] {
				t.progress(units+d.ops+d.ended, time.Now())
			}
			d.Unlock()
			ended.Done()
		}(i)
	}
	arrived.Wait()
	t.open()
	for i := range desks {
		desks[i].Lock()
		desks[i].meter = t.meter
		desks[i].Unlock()
	}
	atomic.StoreUint32(&open, 1)
	ended.Wait()
	t.hold = true
	r := result{units: units, live: units}
	for i := range desks {
		t.meters = append(t.meters, desks[i].meter)
		r.checksum += desks[i].values
		if early := desks[i].early; early > 0 {
			r.failure = fmt.Sprintf("a goroutine woke %v early", early)
		}
	}
	return r
}

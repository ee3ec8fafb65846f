package main

import (
	"fmt"
	"time"
)

// Two goroutines, an unbuffered channel each way; the message's slice travels, and who has it owns it.
func pingpong(t *trial) result {
	words := int(t.param("size") / 8)
	request, answer := make(chan []uint64), make(chan []uint64)
	wrong := make(chan string, 1)
	done := make(chan uint64)
	go func() {
		s := uint64(0)
		for m := range request {
			if !turn(m, t.seed, s) {
				select {
				case wrong <- fmt.Sprintf("request %d is wrong", s):
				default:
				}
			}
			answer <- m
			s++
		}
	}()
	go func() {
		var s, checksum uint64
		m := make([]uint64, words)
		t.open()
		for {
			start := time.Now()
			for i := 0; i < t.Batch; i++ {
				ask(m, t.seed, s)
				request <- m
				m = <-answer
				if !check(m, t.seed, s, &checksum) {
					select {
					case wrong <- fmt.Sprintf("answer %d is wrong", s):
					default:
					}
				}
				s++
			}
			if !t.record(start, time.Now(), uint64(t.Batch)) {
				break
			}
		}
		close(request)
		done <- checksum
	}()
	r := result{units: 2, live: 2, checksum: <-done, messages: 2 * t.meter.ops}
	select {
	case r.failure = <-wrong:
	default:
	}
	return r
}

func ask(m []uint64, seed, s uint64) {
	word := mix(seed + s)
	for i := range m {
		m[i] = word
		word += step
	}
}

// turn checks request s and makes it the answer, in place.
func turn(m []uint64, seed, s uint64) bool {
	word, wrong := mix(seed+s), uint64(0)
	for i := range m {
		wrong |= m[i] ^ word
		m[i] = ^word
		word += step
	}
	return wrong == 0
}

func check(m []uint64, seed, s uint64, checksum *uint64) bool {
	word, wrong, sum := mix(seed+s), uint64(0), uint64(0)
	for i := range m {
		wrong |= m[i] ^ ^word
		sum += m[i]
		word += step
	}
	*checksum += mix(sum ^ s)
	return wrong == 0
}

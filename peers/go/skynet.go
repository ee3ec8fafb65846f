package main

import "fmt"

type sum struct{ numbers, fold, units uint64 }

// A goroutine a node; its children send it their sums over one channel.
func skynet(t *trial) result {
	leaves, grain := t.param("leaves"), t.param("grain")
	up := make(chan sum)
	go node(up, 0, leaves, grain, t.seed)
	s := <-up
	r := result{units: s.units, messages: s.units, live: 1, checksum: s.fold}
	if want := leaves * (leaves - 1) / 2; s.numbers != want {
		r.failure = fmt.Sprintf("the leaves' numbers sum to %d, not %d", s.numbers, want)
	}
	return r
}

func node(up chan<- sum, first, leaves, grain, seed uint64) {
	all := sum{units: 1}
	if leaves <= grain {
		for i := first; i < first+leaves; i++ {
			all.numbers += i
			all.fold += mix(seed + i)
		}
		up <- all
		return
	}
	children := make(chan sum)
	for i := uint64(0); i < 10; i++ {
		go node(children, first+i*leaves/10, leaves/10, grain, seed)
	}
	for i := 0; i < 10; i++ {
		one := <-children
		all.numbers += one.numbers
		all.fold += one.fold
		all.units += one.units
	}
	up <- all
}

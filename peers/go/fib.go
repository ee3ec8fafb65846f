package main

type call struct{ value, units uint64 }

// A call above the cutoff starts a goroutine for n-1, does n-2 itself and receives the answer.
func fib(t *trial) result {
	answer := make(chan call, 1)
	salt := mix(t.seed)
	n, cutoff := t.param("n"), t.param("cutoff")
	go func() { answer <- fork(n, cutoff, salt) }()
	c := <-answer
	return result{units: c.units + 1, messages: c.units + 1, live: 1, checksum: mix(c.value)}
}

func fork(n, cutoff, salt uint64) call {
	if n <= cutoff {
		return call{value: plain(n, salt)}
	}
	answer := make(chan call, 1)
	go func() { answer <- fork(n-1, cutoff, salt) }()
	right := fork(n-2, cutoff, salt)
	left := <-answer
	return call{left.value + right.value, left.units + right.units + 1}
}

func plain(n, salt uint64) uint64 {
	if n < 2 {
		return n + salt
	}
	return plain(n-1, salt) + plain(n-2, salt)
}

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

const step = 0x9E3779B97F4A7C15

func mix(x uint64) uint64 {
	x += step
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

// What a trial asks for; the names are the protocol's.
type trial struct {
	Protocol   int
	TrialID    int64 `json:"trial_id"`
	Workload   string
	Variant    string
	Params     map[string]string
	Workers    []struct{ CPUs []int }
	WarmupNs   int64 `json:"warmup_ns"`
	WindowNs   int64 `json:"window_ns"`
	Batch      int
	Seed       string
	ProgressFd int `json:"progress_fd"`

	seed   uint64
	meter  meter
	meters []meter // several measuring units: one each, copied from meter
	beat   time.Time
	hold   bool // the time of an operation is how late it was
}

// What a workload reports of itself.
type result struct {
	units, messages, live, checksum uint64
	failure, refusal                string
}

func parse(text []byte) (*trial, error) {
	t := &trial{ProgressFd: -1}
	if err := json.Unmarshal(text, t); err != nil {
		return nil, fmt.Errorf("the trial is not JSON: %v", err)
	}
	if t.Protocol != 1 {
		return nil, fmt.Errorf("protocol %d: this runner speaks 1", t.Protocol)
	}
	var err error
	if t.seed, err = strconv.ParseUint(t.Seed, 10, 64); err != nil {
		return nil, fmt.Errorf("seed %q: expected a decimal number of 64 bits", t.Seed)
	}
	if t.Batch < 1 || len(t.Workers) < 1 {
		return nil, fmt.Errorf("batch %d, %d workers: expected one at least", t.Batch, len(t.Workers))
	}
	return t, nil
}

func (t *trial) param(name string) uint64 {
	n, err := strconv.ParseUint(t.Params[name], 10, 64)
	if err != nil {
		refuse(fmt.Sprintf("%s=%q: expected a whole number", name, t.Params[name]))
	}
	return n
}

// bind gives the runtime as many processors as there are workers, and every OS thread, those that come later too, the
// CPUs of all workers: goroutines can't be placed one by one.
func (t *trial) bind() error {
	runtime.GOMAXPROCS(len(t.Workers))
	var mask [16]uint64
	asked := false
	for _, w := range t.Workers {
		for _, cpu := range w.CPUs {
			if cpu < 0 || cpu >= 64*len(mask) {
				return fmt.Errorf("CPU %d", cpu)
			}
			mask[cpu/64] |= 1 << (cpu % 64)
			asked = true
		}
	}
	for bound := map[string]bool{}; asked; { // until no thread is new: a new one has its maker's mask
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		asked = false
		for _, task := range tasks {
			if bound[task.Name()] {
				continue
			}
			asked, bound[task.Name()] = true, true
			tid, _ := strconv.Atoi(task.Name())
			_, _, errno := syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, uintptr(tid), unsafe.Sizeof(mask), uintptr(unsafe.Pointer(&mask)))
			if errno != 0 && errno != syscall.ESRCH {
				return errno
			}
		}
	}
	return nil
}

// progress tells the driver, at most ten times a second, a count that rises with the work.
func (t *trial) progress(count uint64, now time.Time) {
	if t.ProgressFd >= 0 && now.Sub(t.beat) >= 100*time.Millisecond {
		t.beat = now
		syscall.Write(t.ProgressFd, []byte(strconv.FormatUint(count, 10)+"\n"))
	}
}

// A meter is the measuring side of a steady workload: open it, then record until it says stop.
type meter struct {
	warmEnd, end time.Time
	ops, inside  uint64
	within       time.Duration
	slices       [10]uint64
	reopened     int
}

func (t *trial) open() {
	now := time.Now()
	t.meter.warmEnd = now.Add(time.Duration(t.WarmupNs))
	t.meter.end = t.meter.warmEnd.Add(time.Duration(t.WindowNs))
}

// record books ops operations of the one measuring unit from start until now; false: stop.
func (t *trial) record(start, now time.Time, ops uint64) bool {
	more := t.meter.record(start, now, ops)
	t.progress(t.meter.ops, now)
	return more
}

// record books ops operations from start until now; false: stop. An empty window is opened again, twice as long.
func (m *meter) record(start, now time.Time, ops uint64) bool {
	m.ops += ops
	if !start.Before(m.warmEnd) && now.Before(m.end) {
		m.inside += ops
		m.within += now.Sub(start)
		m.slices[int64(now.Sub(m.warmEnd))*10/int64(m.end.Sub(m.warmEnd))] += ops
	}
	if now.Before(m.end) {
		return true
	}
	if m.inside > 0 || m.reopened == 8 {
		return false
	}
	m.reopened++
	m.warmEnd, m.end = now, now.Add(2*m.end.Sub(m.warmEnd))
	return true
}

func (m *meter) elapsed() int64 {
	if m.reopened > 0 && m.inside > 0 {
		return int64(m.within)
	}
	return int64(m.end.Sub(m.warmEnd))
}

// finish prints the result of a steady workload, whose measuring units are the trial's meters, or the one it has.
func (t *trial) finish(r result) {
	if len(t.meters) == 0 {
		t.meters = []meter{t.meter}
	}
	var total, inside uint64
	var slices [10]uint64
	perNs := 0.0
	each := make([]uint64, len(t.meters))
	for i := range t.meters {
		m := &t.meters[i]
		each[i] = m.ops
		total += m.ops
		inside += m.inside
		perNs += float64(m.inside) / float64(m.elapsed())
		for s, n := range m.slices {
			slices[s] += n
		}
	}
	elapsed := t.WindowNs
	if perNs > 0 {
		elapsed = int64(float64(inside)/perNs + 0.5)
	}
	if t.hold {
		elapsed = 0
		for i := range t.meters {
			elapsed += int64(t.meters[i].within)
		}
	}
	print(t.answer(r, total, inside, elapsed, map[string]any{"slices": slices, "meter_ops": each, "repeats_total": 1}))
}

// repeat runs a complete workload until the window is full.
func (t *trial) repeat(run func(*trial) result) {
	var all result
	var times []int64
	var total, measured uint64
	var elapsed, cold int64
	begin := time.Now()
	for warm := t.WarmupNs == 0; ; {
		start := time.Now()
		r := run(t)
		now := time.Now()
		took := int64(now.Sub(start))
		total++
		all.units += r.units
		all.messages += r.messages
		all.checksum += r.checksum
		if r.live > all.live {
			all.live = r.live
		}
		if all.failure, all.refusal = r.failure, r.refusal; all.failure != "" || all.refusal != "" {
			break
		}
		if total == 1 {
			cold = took
		}
		if warm {
			times = append(times, took)
			measured++
			elapsed += took
		}
		t.progress(all.units, now)
		if warm && elapsed >= t.WindowNs {
			break
		}
		warm = warm || int64(now.Sub(begin)) >= t.WarmupNs
	}
	print(t.answer(all, total, measured, elapsed, map[string]any{"repeats_ns": times, "cold_ns": cold, "repeats_total": total}))
}

func (t *trial) answer(r result, ops, inside uint64, elapsed int64, more map[string]any) map[string]any {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	status, reason := "ok", r.failure
	if r.failure != "" {
		status = "failed"
	} else if r.refusal != "" {
		status, reason = "refused", r.refusal
	}
	a := map[string]any{
		"protocol": 1, "trial_id": t.TrialID, "status": status, "reason": reason,
		"receipt": map[string]any{"units": r.units, "messages": r.messages, "peak_live": r.live, "bytes": 0, "ops": ops,
			"checksum": strconv.FormatUint(r.checksum, 10), "source": "self-reported"},
		"ops_total": ops, "ops_window": inside, "elapsed_ns": elapsed,
		"usage": map[string]any{"cpu_user_ns": u.Utime.Nano(), "cpu_sys_ns": u.Stime.Nano(), "voluntary_switches": u.Nvcsw,
			"involuntary_switches": u.Nivcsw, "minor_faults": u.Minflt, "major_faults": u.Majflt, "max_rss_bytes": u.Maxrss * 1024},
	}
	for name, value := range more {
		a[name] = value
	}
	return a
}

#!/usr/bin/python3
"""A whole runner in Python, written from PROTOCOL.md: ping-pong between two generators."""
import json, os, sys, time  # noqa: E401
MASK, STEP = (1 << 64) - 1, 0x9E3779B97F4A7C15
def mix(x):  # workloads/pingpong/README.md has the arithmetic
    x = (x + STEP) & MASK; x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK; return x ^ x >> 31
def server():
    message = yield
    while True: message = yield [~word & MASK for word in message]
if sys.argv[1:] == ["--describe"]:
    print(json.dumps({"protocol": 1, "runtime": "python", "model": "Python generators", "kind": "reference", "version": sys.version.split()[0],
                      "spins": "no", "threads": "1", "workloads": [{"name": "pingpong"}]})); sys.exit()
t = json.load(sys.stdin); size, seed, batch = int(t["params"]["size"]), int(t["seed"]), t["batch"]
if t["workers"][0]["cpus"]: os.sched_setaffinity(0, t["workers"][0]["cpus"])
peer, s, checksum, inside, opened, beat = server(), 0, 0, 0, None, 0; next(peer)
now = begin = time.monotonic_ns(); slices = [0] * 10
while not inside or now < opened + t["window_ns"]:  # a window that passed while others had the CPU is not left empty
    if opened is None and now >= begin + t["warmup_ns"]: opened = now
    for s in range(s, s + batch):
        base = mix(seed + s); answer = peer.send([base + i * STEP & MASK for i in range(size // 8)])
        checksum += mix(sum(answer) & MASK ^ s)
    s += 1
    if opened: inside += batch; slices[min(9, (now - opened) * 10 // t["window_ns"])] += batch
    if now > beat and t["progress_fd"] >= 0: os.write(t["progress_fd"], b"%d\n" % s); beat = now + 10**8
    now = time.monotonic_ns()
cpu = time.process_time_ns()
print(json.dumps({"protocol": 1, "trial_id": t["trial_id"], "status": "ok", "reason": "", "ops_total": s, "ops_window": inside, "elapsed_ns": time.monotonic_ns() - opened,
                  "slices": slices, "usage": {"cpu_user_ns": cpu, "cpu_sys_ns": 0}, "receipt": {"ops": s, "checksum": str(checksum & MASK), "source": "self-reported"}}))

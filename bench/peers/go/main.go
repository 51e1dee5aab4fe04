// The shape of the Go package parwork, in the benchmark's terms: a generator goroutine, N workers and a collector
// joined by buffered channels. Beside it the same load in a plain Go loop, so that a table can tell the cost of the
// machinery from the cost of the language.
//
//	parwork_go throughput -steps N -items N -workers W -queue Q
//	parwork_go md5 -hash input|nothing -items N -workers W -queue Q
//
// Each prints one line of key=value words: wall and CPU time in nanoseconds an item, ns and cpu_ns of the channels,
// plain_ns and plain_cpu_ns of the loop; count and sum are what was collected, the same both ways.
package main

import (
	"crypto/md5"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// work is one unit: do runs on a worker, result is read by the collector.
type work interface {
	do()
	result() uint64
}

// generator returns nil at its end.
type generator func() work

type collector func(work)

// process joins a generator goroutine, workers and a collector by channels and returns when all is collected.
func process(generate generator, collect collector, workers, queue int) {
	todo := make(chan work, queue)
	done := make(chan work, queue)
	go func() {
		for w := generate(); w != nil; w = generate() {
			todo <- w
		}
		close(todo)
	}()
	var running sync.WaitGroup
	for i := 0; i < workers; i++ {
		running.Add(1)
		go func() {
			defer running.Done()
			for w := range todo {
				w.do()
				done <- w
			}
		}()
	}
	go func() {
		running.Wait()
		close(done)
	}()
	for w := range done {
		collect(w)
	}
}

func plain(generate generator, collect collector) {
	for w := generate(); w != nil; w = generate() {
		w.do()
		collect(w)
	}
}

// item holds the same 48 bytes as the C++ one; steps and value are what an object needs to be work.
type item struct {
	words [6]uint64
	steps uint64
	value uint64
}

func (it *item) do() {
	var x uint64
	for _, word := range it.words {
		x = mix(x ^ word)
	}
	it.value = spin(x, it.steps)
}

func (it *item) result() uint64 { return it.value }

// The arithmetic of support/load.hpp.

func splitmix(n uint64) uint64 {
	z := n * 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

func mix(x uint64) uint64 { return (x ^ x>>32) * 0xD6E8FEB86659FD93 }

func spin(x, steps uint64) uint64 {
	for ; steps != 0; steps-- {
		x = mix(x)
	}
	return x
}

func items(count, steps uint64) generator {
	var next uint64
	return func() work {
		if next == count {
			return nil
		}
		it := &item{steps: steps}
		first := next*uint64(len(it.words)) + 1
		for k := range it.words {
			it.words[k] = splitmix(first + uint64(k))
		}
		next++
		return it
	}
}

const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// candidate is a string of four characters, hashed: md5.Sum(text), not md5.New().Sum(text), which hashes nothing.
type candidate struct {
	text []byte
	hash [md5.Size]byte
}

func (c *candidate) do() { c.hash = md5.Sum(c.text) }

func (c *candidate) result() uint64 { return uint64(c.hash[0]) }

// unhashed is what md5.New().Sum(text) makes of a string: the string with the MD5 of nothing behind it.
type unhashed struct{ text, sum []byte }

func (u *unhashed) do() { u.sum = md5.New().Sum(u.text) }

func (u *unhashed) result() uint64 { return uint64(u.sum[0]) }

func candidates(count uint64, of func(text []byte) work) generator {
	var next uint64
	return func() work {
		if next == count {
			return nil
		}
		text := make([]byte, 4)
		rest := next
		for k := range text {
			text[k] = alphabet[rest%uint64(len(alphabet))]
			rest /= uint64(len(alphabet))
		}
		next++
		return of(text)
	}
}

// tally checks what was collected: a peer that loses or skips items shows.
type tally struct{ count, sum uint64 }

func (t *tally) add(w work) {
	t.count++
	t.sum += w.result()
}

// cost is what an item took: wall time, and the CPU time of all threads of this process.
type cost struct{ ns, cpuNs float64 }

// clock reads a clock of the system, in nanoseconds.
func clock(id uintptr) float64 {
	var now syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, id, uintptr(unsafe.Pointer(&now)), 0)
	return float64(now.Nano())
}

// cpuNs is the CPU time of this process. The kernel adds that of a running thread a tick late; to read the thread's
// own clock brings it up to date.
func cpuNs() float64 {
	const process, perThread, scheduledTime = 2, 4, 2
	threads, _ := os.ReadDir("/proc/self/task")
	for _, thread := range threads {
		if id, err := strconv.Atoi(thread.Name()); err == nil {
			clock(uintptr(^id<<3 | perThread | scheduledTime))
		}
	}
	return clock(process)
}

// timed tells what an item of run cost.
func timed(count uint64, run func()) cost {
	cpu := cpuNs()
	began := time.Now()
	run()
	ns := float64(time.Since(began).Nanoseconds())
	return cost{ns / float64(count), (cpuNs() - cpu) / float64(count)}
}

// measure runs both ways over count items, the channels after a short run that is not counted. What was allocated
// before is nobody's garbage.
func measure(name string, start func(count uint64) generator, count uint64, workers, queue int) {
	var warm, byLoop, byChannels tally
	runtime.GC()
	loop := timed(count, func() { plain(start(count), byLoop.add) })
	process(start(count/8), warm.add, workers, queue)
	runtime.GC()
	channels := timed(count, func() { process(start(count), byChannels.add, workers, queue) })
	if byLoop != byChannels || byLoop.count != count {
		fmt.Fprintln(os.Stderr, "the channels lost or changed results")
		os.Exit(1)
	}
	fmt.Printf("name=%s ns=%.3f cpu_ns=%.3f plain_ns=%.3f plain_cpu_ns=%.3f count=%d sum=%d\n",
		name, channels.ns, channels.cpuNs, loop.ns, loop.cpuNs, byChannels.count, byChannels.sum)
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: parwork_go throughput [-steps N] [-items N] [-workers W] [-queue Q]\n"+
		"       parwork_go md5 [-hash input|nothing] [-items N] [-workers W] [-queue Q]")
	os.Exit(2)
}

func main() {
	if len(os.Args) < 2 {
		usage()
	}
	flags := flag.NewFlagSet("parwork_go", flag.ExitOnError)
	steps := flags.Uint64("steps", 0, "steps of spin an item")
	hashed := flags.String("hash", "input", "input: md5.Sum(text); nothing: md5.New().Sum(text)")
	count := flags.Uint64("items", 1000000, "items of a run")
	workers := flags.Int("workers", runtime.NumCPU(), "goroutines that work")
	queue := flags.Int("queue", 100*runtime.NumCPU(), "items a channel holds")
	if err := flags.Parse(os.Args[2:]); err != nil || flags.NArg() != 0 || *count == 0 {
		usage()
	}
	hash := func(text []byte) work { return &candidate{text: text} }
	if *hashed == "nothing" {
		hash = func(text []byte) work { return &unhashed{text: text} }
	}
	switch os.Args[1] {
	case "throughput":
		measure("throughput", func(n uint64) generator { return items(n, *steps) }, *count, *workers, *queue)
	case "md5":
		measure("md5", func(n uint64) generator { return candidates(n, hash) }, *count, *workers, *queue)
	default:
		usage()
	}
}

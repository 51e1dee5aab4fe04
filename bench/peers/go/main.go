// The shape of the Go package parwork, in the benchmark's terms: a generator goroutine, N workers and a collector
// joined by buffered channels. Beside it the same load in a plain Go loop, so that a table can tell the cost of the
// machinery from the cost of the language.
//
//	parwork_go throughput -grain NS -items N -workers W -queue Q
//	parwork_go md5 -items N -workers W -queue Q
//
// Each prints one line of key=value words; times are nanoseconds an item.
package main

import (
	"crypto/md5"
	"flag"
	"fmt"
	"math"
	"os"
	"runtime"
	"sync"
	"time"
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
		x = (x ^ word) * 0xD6E8FEB86659FD93
	}
	it.value = spin(x, it.steps)
}

func (it *item) result() uint64 { return it.value }

func spin(x, steps uint64) uint64 {
	for ; steps != 0; steps-- {
		x ^= x >> 32
		x *= 0xD6E8FEB86659FD93
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
		for k := range it.words {
			it.words[k] = (next + uint64(k)) * 0x9E3779B97F4A7C15
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

func candidates(count uint64) generator {
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
		return &candidate{text: text}
	}
}

// stepNs is the time of one step of spin: the shortest of several measurements.
func stepNs() float64 {
	const steps, measurements = 200000, 31
	best := math.Inf(1)
	var x uint64 = 1
	for i := 0; i < measurements; i++ {
		start := time.Now()
		x = spin(x, steps)
		best = math.Min(best, float64(time.Since(start).Nanoseconds())/steps)
	}
	sink = x
	return best
}

var sink uint64

// tally checks what was collected: a peer that loses or skips items shows.
type tally struct{ count, sum uint64 }

func (t *tally) add(w work) {
	t.count++
	t.sum += w.result()
}

// measure runs both ways over count items, after a short run of each that is not counted.
func measure(name string, start func(count uint64) generator, count uint64, workers, queue int) {
	var warm tally
	process(start(count/8), warm.add, workers, queue)
	var byLoop, byChannels tally
	runtime.GC()
	began := time.Now()
	plain(start(count), byLoop.add)
	loop := float64(time.Since(began).Nanoseconds()) / float64(count)
	runtime.GC()
	began = time.Now()
	process(start(count), byChannels.add, workers, queue)
	channels := float64(time.Since(began).Nanoseconds()) / float64(count)
	if byLoop != byChannels || byLoop.count != count {
		fmt.Fprintln(os.Stderr, "the channels lost or changed results")
		os.Exit(1)
	}
	fmt.Printf("name=%s items=%d plain_ns=%.3f channels_ns=%.3f\n", name, count, loop, channels)
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: parwork_go throughput|md5 [-grain NS] [-items N] [-workers W] [-queue Q]")
	os.Exit(2)
}

func main() {
	if len(os.Args) < 2 {
		usage()
	}
	flags := flag.NewFlagSet("parwork_go", flag.ExitOnError)
	grain := flags.Float64("grain", 0, "nanoseconds of work an item")
	count := flags.Uint64("items", 1000000, "items of a run")
	workers := flags.Int("workers", runtime.NumCPU(), "goroutines that work")
	queue := flags.Int("queue", 100*runtime.NumCPU(), "items a channel holds")
	if err := flags.Parse(os.Args[2:]); err != nil || flags.NArg() != 0 || *count == 0 {
		usage()
	}
	switch os.Args[1] {
	case "throughput":
		steps := uint64(0)
		if *grain > 0 {
			steps = uint64(*grain/stepNs() + 0.5)
		}
		measure("throughput", func(n uint64) generator { return items(n, steps) }, *count, *workers, *queue)
	case "md5":
		measure("md5", candidates, *count, *workers, *queue)
	default:
		usage()
	}
}

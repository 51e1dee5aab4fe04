//! rayon's par_bridge over a serial iterator, in the benchmark's terms: the iterator is the generator, the pool's
//! threads work, and the collector has a lock. Beside it the same load in a plain Rust loop, so that a table can tell
//! the cost of the machinery from the cost of the language.
//!
//!     parwork_rust throughput -steps N -items N -workers W -queue Q
//!
//! Prints one line of key=value words: wall and CPU time in nanoseconds an item, ns and cpu_ns of par_bridge, plain_ns
//! and plain_cpu_ns of the loop; count and sum are what was collected, the same both ways. The queue is accepted as
//! the other programs have one; par_bridge keeps one item a thread.

use rayon::iter::{ParallelBridge, ParallelIterator};
use std::sync::Mutex;
use std::time::Instant;

// The arithmetic of support/load.hpp.

struct Item {
    words: [u64; 6],
}

fn splitmix(n: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D049BB133111EB);
    z ^ (z >> 31)
}

fn mix(x: u64) -> u64 {
    (x ^ (x >> 32)).wrapping_mul(0xD6E8FEB86659FD93)
}

fn work(item: &Item, steps: u64) -> u64 {
    let hashed = item.words.iter().fold(0, |x, word| mix(x ^ word));
    (0..steps).fold(hashed, |x, _| mix(x))
}

/// The generator. Its call is not inlined, as those of real ones are not; that also keeps the optimiser from folding
/// item and work into one expression.
struct Source {
    next: u64,
    count: u64,
}

impl Iterator for Source {
    type Item = Item;

    #[inline(never)]
    fn next(&mut self) -> Option<Item> {
        if self.next == self.count {
            return None;
        }
        let first = self.next * 6 + 1;
        self.next += 1;
        let words = std::array::from_fn(|k| splitmix(first + k as u64));
        Some(Item { words })
    }
}

#[derive(Default, PartialEq)]
struct Tally {
    count: u64,
    sum: u64,
    chain: u64,
}

impl Tally {
    fn add(&mut self, result: u64) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(result);
        self.chain = self.chain.wrapping_mul(31).wrapping_add(result);
    }
}

fn by_loop(count: u64, steps: u64) -> Tally {
    let mut collected = Tally::default();
    for item in (Source { next: 0, count }) {
        collected.add(work(&item, steps));
    }
    collected
}

fn by_bridge(count: u64, steps: u64) -> Tally {
    let collected = Mutex::new(Tally::default());
    (Source { next: 0, count }).par_bridge().for_each(|item| {
        let result = work(&item, steps);
        collected.lock().unwrap().add(result);
    });
    collected.into_inner().unwrap()
}

/// Reads a clock of the system, in nanoseconds.
fn clock(id: libc::clockid_t) -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // Safe: a pointer to a value that lives through the call.
    unsafe { libc::clock_gettime(id, &mut now) };
    1e9 * now.tv_sec as f64 + now.tv_nsec as f64
}

/// The CPU time of this process. The kernel adds that of a running thread a tick late; to read the thread's own clock
/// brings it up to date.
fn cpu_ns() -> f64 {
    const PER_THREAD: libc::clockid_t = 4;
    const SCHEDULED_TIME: libc::clockid_t = 2;
    for thread in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let name = thread.file_name();
        if let Some(id) = name.to_str().and_then(|name| name.parse::<libc::clockid_t>().ok()) {
            clock((!id) << 3 | PER_THREAD | SCHEDULED_TIME);
        }
    }
    clock(libc::CLOCK_PROCESS_CPUTIME_ID)
}

/// Wall and CPU time of a run, in nanoseconds an item, and what it collected.
fn timed(count: u64, run: impl FnOnce() -> Tally) -> (f64, f64, Tally) {
    let cpu = cpu_ns();
    let began = Instant::now();
    let collected = run();
    let ns = began.elapsed().as_nanos() as f64;
    (ns / count as f64, (cpu_ns() - cpu) / count as f64, collected)
}

fn refuse() -> ! {
    eprintln!("usage: parwork_rust throughput -steps N -items N -workers W -queue Q");
    std::process::exit(2)
}

/// The number behind `-name`.
fn option(words: &[String], name: &str) -> u64 {
    let at = words.iter().position(|word| word == name).unwrap_or_else(|| refuse());
    words.get(at + 1).and_then(|text| text.parse().ok()).unwrap_or_else(|| refuse())
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.len() != 9 || words[0] != "throughput" {
        refuse();
    }
    let steps = option(&words, "-steps");
    let count = option(&words, "-items");
    let workers = option(&words, "-workers") as usize;
    option(&words, "-queue");
    rayon::ThreadPoolBuilder::new().num_threads(workers).build_global().expect("a pool");

    let (plain_ns, plain_cpu_ns, plain) = timed(count, || by_loop(count, steps));
    let in_pool = |count| rayon::scope(|_| by_bridge(count, steps)); // on the pool's threads alone
    in_pool(count / 2); // not counted: so that the threads have found their cores
    let (ns, cpu_ns, bridged) = timed(count, || in_pool(count));
    if plain.count != count || bridged.count != count || plain.sum != bridged.sum {
        eprintln!("par_bridge lost or changed results");
        std::process::exit(1);
    }
    println!(
        "name=throughput ns={ns:.3} cpu_ns={cpu_ns:.3} plain_ns={plain_ns:.3} plain_cpu_ns={plain_cpu_ns:.3} \
         count={count} sum={}",
        bridged.sum
    );
}

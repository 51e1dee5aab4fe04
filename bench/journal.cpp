// What a journal costs: runs with and without one, plain SQLite inserts of the same rows as the
// limit, and how fast a run passes over what is recorded.
//
// Items are integers, which are their own keys. All times include opening and closing the file;
// files are new, or copies that are on the disk before the clock starts. Peers take turns. Metrics:
// ns and cpu_ns (of all threads, the kernel's part included) an item, file_bytes a record, and
// sync_ns, what it takes this disk to make 4 KiB durable.

#include <parwork/journal.hpp>
#include <parwork/parwork.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include "peers/parwork.hpp"
#include "peers/setup.hpp"
#include "peers/sqlite.hpp"
#include "support/arguments.hpp"
#include "support/cpu_time.hpp"
#include "support/disk.hpp"
#include "support/load.hpp"
#include "support/program.hpp"
#include "support/quiet.hpp"
#include "support/results.hpp"
#include "support/statistics.hpp"

namespace {

using namespace bench;
namespace fs = std::filesystem;
using parwork::durability;

constexpr const char* usage =
    R"(usage: bench_journal [--option value]...
  --rounds N        measurements of each peer, interleaved (default 3)
  --parts NAMES     some of cost,resume (default: both)
  --items N         items of a run (default 1000000)
  --large-items N   items of a run with results of 1 KiB (default 100000)
  --grain-ns N      length of the items that are not empty (default 1000)
  --dir FOLDER      where the files go (default: $TMPDIR, or else beside this program)
)";

struct settings {
  std::vector<std::string> parts;
  std::uint64_t items = 0;
  std::uint64_t large_items = 0;
  std::uint64_t grain_ns = 0;
  std::string folder;
  setup common;
};

/// A result of so many bytes.
template <std::size_t Bytes>
using answer = std::array<std::uint64_t, Bytes / sizeof(std::uint64_t)>;

/// The generator: 0, 1, ... count - 1, and where there is a `gap`, before one of so many of them,
/// at random, a number that is not among them.
class numbers {
 public:
  explicit numbers(std::uint64_t count, std::uint64_t gap = 0) : count_(count), gap_(gap) {}

  std::optional<std::uint64_t> operator()() {
    if (next_ == count_) {
      return std::nullopt;
    }
    if (gap_ != 0 && !was_inserted_ && splitmix(next_) % gap_ == 0) {
      was_inserted_ = true;
      return count_ + next_;
    }
    was_inserted_ = false;
    return next_++;
  }

 private:
  std::uint64_t next_ = 0;
  std::uint64_t count_;
  std::uint64_t gap_;
  bool was_inserted_ = false;
};

template <std::size_t Bytes>
struct answering {
  std::uint64_t steps;

  answer<Bytes> operator()(std::uint64_t number) const {
    answer<Bytes> made;
    std::uint64_t x = spin(number + 1, steps);
    for (std::uint64_t& word : made) {
      word = x = mix(x + 1);
    }
    return made;
  }
};

/// Items, what is done with them, and what the collector is to see of it.
template <std::size_t Bytes>
class load {
 public:
  load(const numbers& items, std::uint64_t steps) : items_(items), work_{steps} {
    auto each = items_;
    while (const auto number = each()) {
      right_(work_(*number).back());
    }
  }

  [[nodiscard]] std::uint64_t count() const { return right_.count; }

  /// The collector's tally.
  tally run(const parwork::options& options) const {
    tally seen;
    static_cast<void>(parwork::process(
        numbers(items_), work_, [&](const answer<Bytes>& a) { seen(a.back()); }, options));
    return seen;
  }
  template <class Journal>
  tally run(Journal& journal, const parwork::options& options) const {
    tally seen;
    static_cast<void>(parwork::process(
        journal, numbers(items_), work_, [&](const answer<Bytes>& a) { seen(a.back()); }, options));
    return seen;
  }

  void check(const tally& seen, const std::string& who) const {
    if (seen.count != right_.count || seen.sum != right_.sum) {
      throw std::runtime_error(who + " lost or changed results");
    }
  }

 private:
  numbers items_;
  answering<Bytes> work_;
  tally right_;
};

/// Adds the times of `run` and, where it leaves one, the size of the file.
template <class Run>
void measure(const subject& who, const std::string& name, std::uint64_t items, const fs::path& file,
             results& into, Run run) {
  settle();
  const cpu_watch cpu;
  const stopwatch watch;
  run();
  const double ns = watch.ns();
  const double cpu_ns = cpu.ns();
  const auto count = static_cast<double>(items);
  into.add_sample(who, name, "ns", ns / count);
  into.add_sample(who, name, "cpu_ns", cpu_ns / count);
  if (fs::exists(file)) {
    into.add_sample(who, name, "file_bytes", static_cast<double>(fs::file_size(file)) / count);
  }
}

// --- What recording costs ---

/// As a journal groups them, where items come that fast.
constexpr std::uint64_t rows_a_transaction = 1000;

class cost_rounds {
 public:
  cost_rounds(const settings& s, fs::path file)
      : options_(peers::parwork_options(s.common)),
        file_(std::move(file)),
        empty_(numbers(s.items), 0),
        grain_(numbers(s.items), steps_for(static_cast<double>(s.grain_ns))),
        large_(numbers(s.large_items), 0) {}

  void round(quiet_moments& quiet, results& into) const {
    into.add_sample({"disk", "4 KiB and fdatasync"}, "disk", "sync_ns",
                    sync_ns(file_.parent_path(), 50));
    measure_case(quiet, "16 bytes, empty", empty_, into);
    measure_both_inserts<16>("16 bytes, empty", empty_.count(), into);
    measure_case(quiet, "16 bytes, grain", grain_, into);
    measure_case(quiet, "1 KiB, empty", large_, into);
    measure_both_inserts<1024>("1 KiB, empty", large_.count(), into);
  }

 private:
  template <std::size_t Bytes>
  void measure_case(quiet_moments& quiet, const std::string& name, const load<Bytes>& items,
                    results& into) const {
    quiet.wait();
    fs::remove(file_);
    measure({"none", "without a journal"}, name, items.count(), file_, into,
            [&] { items.check(items.run(options_), "the run without a journal"); });
    measure_journal({"process", "durability::process"}, durability::process, name, items, into);
    measure_journal({"full", "durability::full"}, durability::full, name, items, into);
  }

  template <std::size_t Bytes>
  void measure_both_inserts(const std::string& name, std::uint64_t count, results& into) const {
    measure_inserts<Bytes>({"sqlite-process", "plain SQLite inserts, synchronous = NORMAL"},
                           peers::sqlite_sync::none, name, count, into);
    measure_inserts<Bytes>({"sqlite-full", "plain SQLite inserts, synchronous = FULL"},
                           peers::sqlite_sync::each_commit, name, count, into);
  }

  template <std::size_t Bytes>
  void measure_journal(const subject& who, durability how, const std::string& name,
                       const load<Bytes>& items, results& into) const {
    fs::remove(file_);
    measure(who, name, items.count(), file_, into, [&] {
      parwork::journal journal(file_, parwork::journal_options<>{.durability = how});
      items.check(items.run(journal, options_), who.label);
    });
  }

  template <std::size_t Bytes>
  void measure_inserts(const subject& who, peers::sqlite_sync how, const std::string& name,
                       std::uint64_t count, results& into) const {
    fs::remove(file_);
    measure(who, name, count, file_, into,
            [&] { peers::sqlite_inserts(file_, how).run(count, Bytes, rows_a_transaction); });
  }

  parwork::options options_;
  fs::path file_;
  load<16> empty_;
  load<16> grain_;
  load<1024> large_;
};

// --- How fast a run goes over what is recorded ---

class resume_rounds {
 public:
  resume_rounds(const settings& s, const fs::path& folder)
      : options_(peers::parwork_options(s.common)),
        file_(folder / "journal"),
        all_(folder / "all"),
        half_(folder / "half"),
        same_(numbers(s.items), 0),
        inserted_(numbers(s.items, one_in), 0) {
    record(all_, s.items);
    record(half_, s.items / 2);
  }

  void round(quiet_moments& quiet, results& into) const {
    for (const bool replay : {true, false}) {
      quiet.wait();
      measure_resume("unchanged", all_, same_, replay, into);
      measure_resume("1 % inserted", all_, inserted_, replay, into);
      measure_resume("cut at half", half_, same_, replay, into);
    }
  }

 private:
  static constexpr std::uint64_t one_in = 100;

  // A run that is stopped when so many have been collected: what is in flight then is not recorded.
  void record(const fs::path& file, std::uint64_t until) const {
    std::stop_source stop;
    parwork::options options = options_;
    options.stop = stop.get_token();
    parwork::journal journal(file, parwork::journal_options<>{.durability = durability::process});
    std::uint64_t seen = 0;
    static_cast<void>(parwork::process(
        journal, numbers(same_.count()), answering<16>{0},
        [&](const parwork::completion<std::uint64_t, answer<16>>&) {
          if (++seen == until && until != same_.count()) {
            stop.request_stop();
          }
        },
        options));
  }

  void measure_resume(const std::string& name, const fs::path& recorded, const load<16>& items,
                      bool replay, results& into) const {
    const subject who =
        replay ? subject{"replay", "with replay"} : subject{"skip", "without replay"};
    copy_durably(recorded, file_);
    measure(who, name, items.count(), file_, into, [&] {
      parwork::journal journal(file_, parwork::journal_options<>{.replay = replay});
      const std::uint64_t before = journal.size();
      const tally seen = items.run(journal, options_);
      if (replay) {
        items.check(seen, name);
      } else if (seen.count + before != items.count() || journal.size() != items.count()) {
        throw std::runtime_error(name + ": items were done again or lost");
      }
    });
  }

  parwork::options options_;
  fs::path file_;
  fs::path all_;
  fs::path half_;
  load<16> same_;
  load<16> inserted_;
};

settings parse(arguments& args) {
  settings s;
  s.parts = args.list("parts", "cost,resume");
  s.items = args.number("items", 1'000'000, 2);
  s.large_items = args.number("large-items", 100'000);
  s.grain_ns = args.number("grain-ns", 1000);
  s.folder = args.text("dir", "");
  s.common = common_setup(args);
  for (const std::string& part : s.parts) {
    if (part != "cost" && part != "resume") {
      args.refuse("--parts takes cost and resume, not '" + part + "'");
    }
  }
  return s;
}

results run(int argc, char** argv) {
  arguments args(argc, argv, std::string(usage) + common_usage);
  const settings s = parse(args);
  interleaved rounds(args, 3);
  const temporary_folder folder(s.folder);
  const auto has = [&](const char* part) {
    return std::ranges::find(s.parts, part) != s.parts.end();
  };
  std::optional<cost_rounds> cost;
  std::optional<resume_rounds> resume;
  if (has("cost")) {
    cost.emplace(s, folder.path() / "journal");
  }
  if (has("resume")) {
    resume.emplace(s, folder.path());
  }
  results found("journal");
  add_conditions(found, s.common);
  found.condition("items", static_cast<double>(s.items));
  found.condition("large_items", static_cast<double>(s.large_items));
  found.condition("grain_ns", static_cast<double>(s.grain_ns));
  found.note("The files were on " + file_system_of(folder.path()) + ".");
  rounds.measure(found, [&](quiet_moments& quiet) {
    if (cost) {
      cost->round(quiet, found);
    }
    if (resume) {
      resume->round(quiet, found);
    }
  });
  return found;
}

}  // namespace

int main(int argc, char** argv) { return run_program(argc, argv, run); }

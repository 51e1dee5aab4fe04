// Shows outcomes of a journalled run: each after it is durable, each once over all runs.
//
// Thread safety: `push` is called by one thread, which waits while too many are waiting.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "jobs/outcome.hpp"
#include "output/output_writer.hpp"
#include "record/run_file.hpp"

namespace cli {

/// One to be shown.
struct recorded_outcome {
  outcome what;
  line_tag tag;
  shown_part before;     // by an earlier run
  bool durable = false;  // it comes from the journal; else it is made durable first
  bool recorded = true;  // false: an interrupted one, of which nothing is kept
};

class recorded_output {
 public:
  /// `commit` makes everything durable that was pushed; `fail` hears what went wrong.
  recorded_output(std::function<void()> commit, std::function<void(std::exception_ptr)> fail,
                  run_file& marks, output_writer& writer);
  recorded_output(const recorded_output&) = delete;
  recorded_output& operator=(const recorded_output&) = delete;

  /// Shows what is left; `fail` hears of recorded output that was not what had been written.
  ~recorded_output();

  void push(recorded_outcome next);

 private:
  void run();
  void show(recorded_outcome& each);
  static void check(const outcome& what);

  const std::function<void()> commit_;
  const std::function<void(std::exception_ptr)> fail_;
  run_file& marks_;
  output_writer& writer_;
  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::vector<recorded_outcome> waiting_;
  bool over_ = false;
  bool broken_ = false;         // nothing is shown any more
  std::exception_ptr damaged_;  // the thread's: the first output that was not shown
  std::thread thread_;
};

}  // namespace cli

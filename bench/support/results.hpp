// What a benchmark measured, as the JSON document that every program here prints and
// bench/report.py turns into tables.
//
// {"program": ..., "conditions": {name: number}, "notes": [sentence],
//  "figures": [{"peer", "label", "case", "metric", "samples", "median", "q1", "q3", "least",
//  "most",
//               "deviation"}]}
// Metrics carry their unit in their name: ns, cpu_ns, percent, mib. Thread safety: none.
#pragma once

#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// Who was measured.
struct subject {
  std::string peer;   // a short name that scripts know
  std::string label;  // what tables show
};

class results {
 public:
  explicit results(std::string program) : program_(std::move(program)) {}

  /// A number that holds for the whole document: workers, rounds, length of an item.
  void condition(const std::string& name, double value) { conditions_.emplace_back(name, value); }

  /// A sentence that belongs below the tables: a peer that is missing, for example.
  void note(const std::string& sentence) { notes_.push_back(sentence); }

  /// REQUIRES: samples is not empty.
  void add(const subject& who, const std::string& which_case, const std::string& metric,
           const std::vector<double>& samples);

  /// One more sample of a figure, or its first.
  void add_sample(const subject& who, const std::string& which_case, const std::string& metric,
                  double sample);

  friend std::ostream& operator<<(std::ostream& out, const results& all);

 private:
  struct figure {
    subject who;
    std::string which_case;
    std::string metric;
    std::vector<double> samples;
  };

  std::string program_;
  std::vector<std::pair<std::string, double>> conditions_;
  std::vector<std::string> notes_;
  std::vector<figure> figures_;
};

}  // namespace bench

#include "input/combinations.hpp"

#include <atomic>
#include <limits>
#include <utility>

namespace cli {
namespace {

constexpr std::uint64_t most_combinations = std::numeric_limits<std::int64_t>::max();

class combination_source : public item_source {
 public:
  combination_source(std::vector<list_source> lists, list_heads heads)
      : lists_(std::move(lists)), columns_(lists_.size()), heads_(heads) {}

  std::optional<input_item> take(waiting how) override {
    if (!loaded_ && !load(how)) return std::nullopt;
    if (heads_ == list_heads::names && !head_given_) {
      head_given_ = true;
      return heads_of_lists();
    }
    if (next_ == total_) return std::nullopt;
    return combination(next_++);
  }

  bool has_ended() const noexcept override { return loaded_ && next_ == total_; }
  void stop() noexcept override {
    for (const list_source& each : lists_) each.items->stop();
  }
  std::optional<std::uint64_t> total() const override {
    return loaded_ ? std::optional(total_) : std::nullopt;
  }

 private:
  // False where told to stop, or where not all is there; goes on where it was.
  bool load(waiting how) {
    for (; loading_ < lists_.size(); ++loading_) {
      item_source& from = *lists_[loading_].items;
      while (auto item = from.take(how)) {
        if (!item->whole) {
          throw error("an item " + lists_[loading_].name + " is too long for an argument");
        }
        columns_[loading_].push_back(std::move(item->bytes));
      }
      if (!from.has_ended()) return false;
    }
    take_heads();
    count();
    loaded_ = true;
    return true;
  }

  void take_heads() {
    if (heads_ == list_heads::none) return;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].empty()) {
        throw error("the list " + lists_[i].name +
                    " is empty: with --header its first item is its name");
      }
      heads_of_.push_back(std::move(columns_[i].front()));
      columns_[i].erase(columns_[i].begin());
    }
  }

  void count() {
    total_ = 1;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::uint64_t items = columns_[i].size();
      if (lists_[i].how == list_joins::paired) {
        require_equal(i);
      } else if (items > 0 && total_ > most_combinations / items) {
        throw error("the lists have too many combinations to count");
      } else {
        total_ *= items;
      }
    }
  }

  void require_equal(std::size_t paired) const {
    const std::size_t has = columns_[paired].size(), before = columns_[paired - 1].size();
    if (has == before) return;
    throw error("the list " + lists_[paired].name + " has " + std::to_string(has) +
                " items, and the one before it, with which they are paired, " +
                std::to_string(before) + ": give both as many");
  }

  input_item heads_of_lists() {
    input_item head;
    head.columns = std::move(heads_of_);
    return head;
  }

  // From the last list to the first: each that is not paired takes its share of the number.
  input_item combination(std::uint64_t number) const {
    input_item made;
    made.columns.resize(columns_.size());
    for (std::size_t end = columns_.size(); end > 0;) {
      std::size_t begin = end - 1;
      while (lists_[begin].how == list_joins::paired) --begin;
      const std::uint64_t items = columns_[begin].size();
      for (std::size_t i = begin; i < end; ++i) made.columns[i] = columns_[i][number % items];
      number /= items;
      end = begin;
    }
    return made;
  }

  const std::vector<list_source> lists_;
  std::vector<std::vector<std::string>> columns_;  // the items of each list
  const list_heads heads_;
  std::vector<std::string> heads_of_;
  std::size_t loading_ = 0;
  bool loaded_ = false;
  bool head_given_ = false;
  std::uint64_t next_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace

std::unique_ptr<item_source> combinations_of(std::vector<list_source> lists, list_heads heads) {
  return std::make_unique<combination_source>(std::move(lists), heads);
}

}  // namespace cli

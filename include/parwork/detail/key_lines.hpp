// Lines of items that have equal keys: the first of a line may be worked on, the others wait.
//
// Thread safety: any thread; each function takes the lock of the lines that share a hash's stripe.
// Who joins one after the other, with equal keys, stands in that order.
//
// Invariants:
// 1. A line has somebody in it, and its first has not left. Who leaves from within is skipped.
// 2. A turn is its item's from `join` to `leave`, which frees it.
// 3. A lone batch that waits is handed out once: by the `leave` that makes its item the first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "parwork/detail/mutex.hpp"
#include "parwork/failure.hpp"

namespace parwork::detail {

class batch;

// A key that outlives the item that it was taken from.
template <class Key>
struct kept_key {
  using type = Key;
};
template <class Char, class Traits>
struct kept_key<std::basic_string_view<Char, Traits>> {
  using type = std::basic_string<Char, Traits>;
};

template <class Key>
class key_lines {
  struct line;

 public:
  class turn {
    friend key_lines;
    explicit turn(line& of) noexcept : line_(of) {}

    line& line_;
    turn* next_ = nullptr;
    batch* waiting_ = nullptr;
    bool has_left_ = false;
  };

  key_lines() = default;
  key_lines(const key_lines&) = delete;
  key_lines& operator=(const key_lines&) = delete;

  // The place at the end of the key's line. May throw, then nobody has joined.
  [[nodiscard]] turn* join(Key&& key) {
    const std::size_t hash = std::hash<Key>{}(key);
    stripe& its = stripe_of(hash);
    const lock_guard guard(its.lock);
    line* const found = its.find(hash, key);
    line& in = found != nullptr ? *found : its.add(hash, std::move(key));
    try {
      turn* const made = new turn(in);
      (in.first == nullptr ? in.first : in.last->next_) = made;
      in.last = made;
      return made;
    } catch (...) {
      if (in.first == nullptr) its.remove(in);
      throw;
    }
  }

  [[nodiscard]] bool has_come(const turn& whose) {
    const lock_guard guard(stripe_of(whose.line_.hash).lock);
    return whose.line_.first == &whose;
  }

  // Keeps the item's lone batch until its turn comes. False: it has come already.
  [[nodiscard]] bool wait(turn& whose, batch& lone) {
    const lock_guard guard(stripe_of(whose.line_.hash).lock);
    if (whose.line_.first == &whose) return false;
    whose.waiting_ = &lone;
    return true;
  }

  // The lone batch whose turn has come by that; null: nobody waits for it.
  [[nodiscard]] batch* leave(turn& whose) {
    line& in = whose.line_;
    stripe& its = stripe_of(in.hash);
    const lock_guard guard(its.lock);
    if (in.first != &whose) {
      whose.has_left_ = true;
      return nullptr;
    }
    do {
      const std::unique_ptr<turn> gone(in.first);
      in.first = gone->next_;
    } while (in.first != nullptr && in.first->has_left_);
    if (in.first != nullptr) return std::exchange(in.first->waiting_, nullptr);
    its.remove(in);
    return nullptr;
  }

 private:
  struct line {
    line(std::size_t hash_of_key, Key&& of) : hash(hash_of_key), key(std::move(of)) {}

    const std::size_t hash;
    const Key key;
    turn* first = nullptr;
    turn* last = nullptr;
    std::unique_ptr<line> next;  // of the same hash
  };

  // Found by the hash, so that nothing of the user's is called when a line goes.
  struct stripe {
    mutex lock;
    std::unordered_map<std::size_t, std::unique_ptr<line>> lines PARWORK_GUARDED_BY(lock);

    line* find(std::size_t hash, const Key& key) PARWORK_REQUIRES(lock) {
      const auto found = lines.find(hash);
      if (found == lines.end()) return nullptr;
      line* each = found->second.get();
      while (each != nullptr && !(each->key == key)) each = each->next.get();
      return each;
    }
    line& add(std::size_t hash, Key&& key) PARWORK_REQUIRES(lock) {
      auto made = std::make_unique<line>(hash, std::move(key));
      auto& at = lines[hash];
      made->next = std::move(at);
      at = std::move(made);
      return *at;
    }
    void remove(line& which) PARWORK_REQUIRES(lock) {
      const auto found = lines.find(which.hash);
      std::unique_ptr<line>* at = &found->second;
      while (at->get() != &which) at = &(*at)->next;
      *at = std::move((*at)->next);
      if (found->second == nullptr) lines.erase(found);
    }
  };

  [[nodiscard]] stripe& stripe_of(std::size_t hash) noexcept {
    constexpr std::uint64_t golden_ratio = 0x9E37'79B9'7F4A'7C15;  // Fibonacci hashing
    return stripes_[(hash * golden_ratio) >> 60];
  }

  std::array<stripe, 16> stripes_;
};

// What is noted of an item that stands in line.
template <class Turn>
struct turn_notes {
  Turn* turn = nullptr;  // none where it could not be had:
  std::optional<failure> refused = {};
  bool waits_for_turn = false;

  void forget() noexcept {
    turn = nullptr;
    refused.reset();
    waits_for_turn = false;
  }
};

}  // namespace parwork::detail

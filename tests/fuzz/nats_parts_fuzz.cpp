// Parts from the bus, one behind the other: sender, number, index, count, length, bytes; a byte for
// each number. What is held keeps to the limits, and a whole message is made of its parts as they
// came first.
#include "nats/parts.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "fuzz.hpp"

namespace {

namespace wire = parwork::nats::detail;

constexpr wire::part_limits small_limits{.largest = 600, .held = 4000};
constexpr std::size_t head_size = 5;

using pieces = std::map<std::uint32_t, std::string>;

std::string joined(const pieces& all) {
  std::string whole;
  for (const auto& [index, bytes] : all) whole += bytes;
  return whole;
}

// What was collected of each message, by sender and number.
std::map<std::pair<std::uint64_t, std::uint64_t>, pieces> collected;

void try_part(wire::part_assembler& assembler, const wire::session_id& sender,
              const wire::part& one) {
  const wire::part_taken taken = assembler.take(sender, one);
  fuzz::require(assembler.held(sender) <= small_limits.held, "memory has its limit");
  fuzz::require(taken.whole.size() <= small_limits.largest, "a message has its limit");
  pieces& known = collected[{sender.low, one.of}];
  if (taken.fate == wire::part_fate::collected || taken.fate == wire::part_fate::completed) {
    fuzz::require(known.emplace(one.index, one.bytes).second, "a part is collected once");
  }
  if (taken.fate == wire::part_fate::completed) {
    fuzz::require(known.size() == one.count, "a whole message has all parts");
    fuzz::require(taken.whole == joined(known), "a whole message has the bytes of its parts");
  } else {
    fuzz::require(taken.whole.empty(), "there is a message where it is complete");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  collected.clear();
  wire::part_assembler assembler(small_limits);
  const std::string bytes = fuzz::text_of(data, size);
  std::string_view left = bytes;
  while (left.size() >= head_size) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(left[i]); };
    const wire::session_id sender{.high = 0, .low = byte(0) % 2U};
    if (byte(0) == 0xff) {
      assembler.forget(sender);
      std::erase_if(collected, [&](const auto& each) { return each.first.first == sender.low; });
    }
    const wire::part one{.session = {},
                         .of = byte(1),
                         .index = byte(2),
                         .count = byte(3),
                         .bytes = left.substr(head_size, byte(4))};
    left.remove_prefix(std::min(left.size(), head_size + byte(4)));
    try_part(assembler, sender, one);
  }
  return 0;
}

// A frame from the bus, as it is, and with a check that fits: random bytes have none. It is no
// message, or what is written of it is read as the same.
#include "nats/messages.hpp"

#include "fuzz.hpp"
#include "nats/crc32c.hpp"

namespace {

namespace wire = parwork::nats::detail;

constexpr std::size_t check_size = 4;

void with_check(std::string& frame) {
  if (frame.size() < check_size) return;
  std::uint32_t crc = wire::crc32c(std::string_view(frame).substr(0, frame.size() - check_size));
  for (std::size_t i = frame.size() - check_size; i < frame.size(); ++i, crc >>= 8) {
    frame[i] = static_cast<char>(crc & 0xff);
  }
}

void try_frame(const std::string& frame) {
  const wire::decoded got = wire::decode(frame);
  if (!got.what) {
    fuzz::require(got.fault == wire::decode_fault::other_version || !got.caller,
                  "a caller is told of another version");
    return;
  }
  std::string once;
  wire::encode(*got.what, once);
  const wire::decoded again = wire::decode(once);
  fuzz::require(again.what == got.what, "what is written is read as the same");
  std::string twice;
  wire::encode(*again.what, twice);
  fuzz::require(once == twice, "the same has the same bytes");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string frame = fuzz::text_of(data, size);
  try_frame(frame);
  with_check(frame);
  try_frame(frame);
  return 0;
}

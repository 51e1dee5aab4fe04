// image_pipeline: small versions of PNG files, decoded, resized and encoded in three stages.
//
// Shows: `stages`, which take a picture through all steps on one worker and tell which one failed;
// `limited`, for a step that only so many workers may be in; `weighed` with `options::memory`, for
// pictures that differ in size. What counts is the decoded picture, and the header of the file
// tells its size. A broken file is a failure of its own: the others go on.
//
// thumbnails does the same job without a library. It shows how workers keep buffers instead.
#include <png.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <parwork/parwork.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "common/ending.hpp"
#include "common/interrupt.hpp"
#include "common/program.hpp"
#include "common/shrink.hpp"

namespace fs = std::filesystem;

namespace {

constexpr std::string_view usage =
    R"(usage: image_pipeline [--size N] [--memory N] [--writers N] [--workers N] [--]
                      FOLDER PICTURE.png...

Writes a small version of each picture to FOLDER, by the same name. Prints how many there were and
how much memory decoded pictures took at once. Transparent parts become white.

  --size N      longer side of the small pictures in pixels, 1 to 4096 (default: 160)
  --memory N    MiB that decoded pictures may take at once, 1 to 1048576 (default: 256); one that
                takes more by itself is decoded while no other is
  --writers N   small pictures that are encoded and written at once (default: 2)
  --workers N   pictures in work at once (default: the CPUs that may be used)

Exit status: 0 all were made; 1 some failed; 2 bad usage; 130 interrupted.
)";

struct source {
  fs::path from;
  fs::path to;
};

/// 8 bits a sample: grey, or red, green and blue.
struct picture {
  fs::path to;  // where it is to be written
  examples::extent size;
  png_uint_32 format = 0;
  std::vector<std::uint8_t> pixels = {};

  std::size_t channels() const { return PNG_IMAGE_SAMPLE_CHANNELS(format); }
};

/// A PNG file whose header has been read. Errors are `std::runtime_error`, with libpng's reason.
class png_file {
 public:
  /// A header may claim anything: larger pictures are refused.
  static constexpr std::uint64_t most_bytes = std::uint64_t{1} << 30U;

  explicit png_file(const fs::path& path) {
    image_.version = PNG_IMAGE_VERSION;
    // On a failure libpng has released what it had.
    if (png_image_begin_read_from_file(&image_, path.c_str()) == 0) fail();
    image_.format &= PNG_FORMAT_FLAG_COLOR;
    if (decoded_bytes() <= most_bytes) return;
    png_image_free(&image_);
    throw std::runtime_error("is larger than 1 GiB when decoded");
  }

  ~png_file() { png_image_free(&image_); }

  png_file(const png_file&) = delete;
  png_file& operator=(const png_file&) = delete;

  std::uint64_t decoded_bytes() const {
    return std::uint64_t{image_.width} * image_.height * PNG_IMAGE_PIXEL_SIZE(image_.format);
  }

  /// Call it once.
  picture decode(fs::path to) {
    picture whole{.to = std::move(to),
                  .size = {.width = image_.width, .height = image_.height},
                  .format = image_.format};
    whole.pixels.resize(decoded_bytes());
    const png_color white{.red = 255, .green = 255, .blue = 255};
    if (png_image_finish_read(&image_, &white, whole.pixels.data(), 0, nullptr) == 0) fail();
    return whole;
  }

 private:
  [[noreturn]] void fail() const { throw std::runtime_error(image_.message); }

  png_image image_{};
};

// [steps]
picture decode(const source& which) { return png_file(which.from).decode(which.to); }

picture resize(const picture& large, std::size_t longer_side) {
  picture small{
      .to = large.to, .size = examples::fitted(large.size, longer_side), .format = large.format};
  examples::shrink(large.pixels, large.size, large.channels(), small.size, small.pixels);
  return small;
}

/// Where it fails libpng removes the file.
void encode(const picture& small) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(small.size.width);
  image.height = static_cast<png_uint_32>(small.size.height);
  image.format = small.format;
  if (png_image_write_to_file(&image, small.to.c_str(), 0, small.pixels.data(), 0, nullptr) == 0) {
    throw std::runtime_error(small.to.string().append(": ").append(image.message));
  }
}

/// Bytes, from the header alone. What has none weighs nothing: it fails when it is decoded.
std::size_t decoded_bytes(const source& which) {
  try {
    return png_file(which.from).decoded_bytes();
  } catch (const std::runtime_error&) {
    return 0;
  }
}
// [/steps]

/// Refuses pictures that would be overwritten, by each other's small versions or by their own.
std::vector<source> sources_from(const std::vector<std::string>& files, const fs::path& folder) {
  std::vector<source> sources;
  std::set<fs::path> names;
  for (const fs::path from : files) {
    sources.push_back({.from = from, .to = folder / from.filename()});
    if (!names.insert(from.filename()).second) {
      throw examples::usage_error(from.string() + ": another picture has the same name");
    }
    std::error_code missing;
    if (fs::equivalent(from, sources.back().to, missing)) {
      throw examples::usage_error(from.string() + ": is in " + folder.string() +
                                  ", where it would be overwritten");
    }
  }
  return sources;
}

void complain(const parwork::completion<source, void>& made) {
  constexpr const char* steps[] = {"decode", "resize", "encode"};
  const parwork::failure& why = made.result.error();
  std::fprintf(stderr, "image_pipeline: %s: cannot %s: %s\n", made.item.from.c_str(),
               steps[why.stage().value_or(0)], why.message().c_str());
}

int body(examples::arguments& words) {
  const examples::interrupt ctrl_c;
  const std::uint64_t side = words.number("--size", 160, 1, 4096);
  const std::uint64_t mib = words.number("--memory", 256, 1, 1U << 20U);
  const std::uint64_t writers = words.number("--writers", 2, 1, parwork::max_workers);
  const auto workers = static_cast<unsigned>(words.number("--workers", 0, 0, parwork::max_workers));
  std::vector<std::string> operands = words.operands();
  if (operands.empty()) throw examples::usage_error("no folder given for the output");
  const fs::path folder = operands.front();
  if (!fs::is_directory(folder)) throw examples::usage_error(folder.string() + ": no directory");
  operands.erase(operands.begin());
  if (operands.empty()) throw examples::usage_error("no picture given");
  const std::vector<source> sources = sources_from(operands, folder);

  const auto report = [](const parwork::completion<source, void>& made) {
    if (made.result || made.result.error().kind() == parwork::failure_kind::cancelled) return;
    complain(made);
  };
  // [run]
  const auto resize_to_side = [&](const picture& large) { return resize(large, side); };
  const parwork::summary summary = parwork::process(
      parwork::weighed(sources, decoded_bytes),
      parwork::stages(decode, resize_to_side, parwork::limited(encode, writers)), report,
      {.workers = workers,
       .memory = mib << 20U,
       .stop = ctrl_c.token(),
       .on_progress = parwork::progress_bar(stderr, "pictures")});
  // [/run]

  std::printf("%llu pictures, %llu failed, %zu bytes decoded at once\n",
              static_cast<unsigned long long>(summary.succeeded),
              static_cast<unsigned long long>(summary.failed), summary.peak_memory);
  return examples::end_with(summary);
}

}  // namespace

int main(int argc, char** argv) { return examples::run_program(argc, argv, usage, body); }

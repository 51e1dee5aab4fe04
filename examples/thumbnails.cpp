// thumbnails: small versions of pictures.
//
// Shows: `per_worker`, for buffers that are costly to make and cannot be shared: each worker keeps
// the memory of the largest picture it has met, instead of allocating for every one. It needs no
// library; image_pipeline does the same job for PNG files in three stages, its memory bounded.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <parwork/parwork.hpp>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

#include "common/ending.hpp"
#include "common/interrupt.hpp"
#include "common/ppm.hpp"
#include "common/program.hpp"
#include "common/shrink.hpp"

namespace fs = std::filesystem;

namespace {

constexpr std::string_view usage =
    R"(usage: thumbnails [--size N] [--workers N] [--generate N] [--] FOLDER [PICTURE.ppm...]

Writes a small version of each picture to FOLDER, as NAME.thumb.ppm. Pictures are binary PPM files
of 8 bits a channel.

  --size N      longer side of the small pictures in pixels, 1 to 1024 (default: 64)
  --generate N  make N test pictures too, at most 10000, as test-0 to test-(N-1)
                (default: 32 where no picture is given, else none)
  --workers N   pictures made at once (default: the CPUs that may be used)

Exit status: 0 all were made; 1 some failed; 2 bad usage; 130 interrupted.
)";

struct source {
  std::string name;                             // of the output, without .thumb.ppm
  std::variant<fs::path, std::uint64_t> where;  // a file, or the number of a test picture
};

/// A gradient whose size and colours depend on its number.
void generate(std::uint64_t number, examples::picture& into) {
  into.width = 640 + number % 5 * 160;
  into.height = 480 + number % 3 * 120;
  into.pixels.resize(into.width * into.height * 3);
  std::size_t at = 0;
  for (std::size_t y = 0; y < into.height; ++y) {
    for (std::size_t x = 0; x < into.width; ++x) {
      into.pixels[at++] = static_cast<std::uint8_t>(x * 255 / into.width);
      into.pixels[at++] = static_cast<std::uint8_t>(y * 255 / into.height);
      into.pixels[at++] = static_cast<std::uint8_t>(number * 41);
    }
  }
}

void shrink(const examples::picture& from, std::size_t longer_side, examples::picture& into) {
  const examples::extent size{.width = from.width, .height = from.height};
  const examples::extent to = examples::fitted(size, longer_side);
  into.width = to.width;
  into.height = to.height;
  examples::shrink(from.pixels, size, 3, to, into.pixels);
}

/// Files of the same name from several directories would overwrite each other's output.
std::vector<source> sources_from(const std::vector<std::string>& files, std::uint64_t generated) {
  std::vector<source> sources;
  std::set<std::string> names;
  for (std::uint64_t number = 0; number < generated; ++number) {
    sources.push_back({"test-" + std::to_string(number), number});
    names.insert(sources.back().name);
  }
  for (const fs::path file : files) {
    sources.push_back({file.stem().string(), file});
    if (!names.insert(sources.back().name).second) {
      throw examples::usage_error(file.string() + ": another picture has the same name");
    }
  }
  return sources;
}

int body(examples::arguments& words) {
  const examples::interrupt ctrl_c;
  const std::uint64_t size = words.number("--size", 64, 1, 1024);
  const auto workers = static_cast<unsigned>(words.number("--workers", 0, 0, parwork::max_workers));
  const std::uint64_t unset = ~std::uint64_t{0};
  const std::uint64_t generated = words.number("--generate", unset, 0, 10'000);
  std::vector<std::string> operands = words.operands();
  if (operands.empty()) throw examples::usage_error("no folder given for the output");
  const fs::path output = operands.front();
  if (!fs::is_directory(output)) throw examples::usage_error(output.string() + ": no directory");
  operands.erase(operands.begin());
  const std::uint64_t by_default = operands.empty() ? 32 : 0;
  const std::vector<source> sources =
      sources_from(operands, generated == unset ? by_default : generated);

  // [per_worker]
  struct scratch {
    examples::picture large;
    examples::picture small;
  };
  const auto make_thumbnail = [&](scratch& own, const source& from) {
    if (const auto* file = std::get_if<fs::path>(&from.where)) {
      examples::read_ppm(*file, own.large);
    } else {
      generate(std::get<std::uint64_t>(from.where), own.large);
    }
    shrink(own.large, size, own.small);
    examples::write_ppm(output / (from.name + ".thumb.ppm"), own.small);
  };
  const auto report = [](const parwork::completion<source, void>& made) {
    if (made.result || made.result.error().kind() == parwork::failure_kind::cancelled) return;
    std::cerr << "thumbnails: " << made.item.name << ": " << made.result.error().message() << '\n';
  };
  const parwork::summary summary = parwork::process(
      sources, parwork::per_worker([] { return scratch(); }, make_thumbnail), report,
      {.workers = workers,
       .stop = ctrl_c.token(),
       .on_progress = parwork::progress_bar(stderr, "thumbnails")});
  // [/per_worker]

  return examples::end_with(summary);
}

}  // namespace

int main(int argc, char** argv) { return examples::run_program(argc, argv, usage, body); }

// Writes a file of each sample: nats_corpus_writer FOLDER.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "support/nats_samples.hpp"

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: nats_corpus_writer FOLDER\n");
    return 2;
  }
  const std::filesystem::path folder = arguments[1];
  std::filesystem::create_directories(folder);
  for (const auto& [name, what] : parwork_test::nats_samples::all()) {
    std::ofstream file(folder / name, std::ios::binary);
    file << parwork_test::nats_samples::encoded(what);
    if (!file.flush()) {
      std::fprintf(stderr, "%s cannot be written\n", (folder / name).c_str());
      return 1;
    }
  }
}

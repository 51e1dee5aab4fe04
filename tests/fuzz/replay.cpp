// Runs a fuzz target over files: replay CORPUS_FOLDER.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "fuzz.hpp"

int main(int count, char** arguments) {
  int files = 0;
  for (const auto& each : std::filesystem::directory_iterator(count > 1 ? arguments[1] : ".")) {
    std::printf("%s\n", each.path().c_str());
    std::fflush(stdout);
    std::ifstream file(each.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    ++files;
  }
  return files > 0 ? 0 : 1;
}

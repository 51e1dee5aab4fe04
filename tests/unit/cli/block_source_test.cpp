#include "input/block_source.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "support/error.hpp"
#include "support/sha256.hpp"

namespace {

using texts = std::vector<std::string>;

// Gives its bytes in parts of a few.
class text_stream : public cli::byte_stream {
 public:
  text_stream(std::string text, std::size_t part) : text_(std::move(text)), part_(part) {}

  bool read(std::string& into, cli::waiting /*how*/) override {
    const std::size_t length = std::min(part_, text_.size() - at_);
    into.append(text_, at_, length);
    at_ += length;
    ended_ = length == 0;
    return true;
  }
  bool has_ended() const noexcept override { return ended_; }
  void stop() noexcept override {}
  const std::string& name() const noexcept override { return name_; }

 private:
  const std::string text_;
  std::size_t at_ = 0;
  const std::size_t part_;
  const std::string name_ = "text";
  bool ended_ = false;
};

cli::descriptor file_of(const std::string& text) {
  cli::descriptor file(memfd_create("text", MFD_CLOEXEC));
  EXPECT_EQ(write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  return file;
}

std::string bytes_of(const cli::input_block& block) {
  std::string all = block.head ? *block.head : "";
  if (!block.file) return all + block.bytes;
  const std::size_t before = all.size();
  all.resize(before + block.length);
  EXPECT_EQ(
      pread(block.file->get(), all.data() + before, block.length, static_cast<off_t>(block.begin)),
      static_cast<ssize_t>(block.length));
  return all;
}

texts all_of(cli::block_source& source) {
  texts all;
  while (const auto block = source.take(cli::waiting::for_input)) all.push_back(bytes_of(*block));
  EXPECT_TRUE(source.has_ended());
  return all;
}

// Of a stream in parts of any length, and of a file.
texts blocks(const std::string& text, const cli::block_format& format) {
  const texts of_file = all_of(*cli::blocks_of(file_of(text), "file", 0, format));
  for (const std::size_t part : {1, 2, 3, 7, 100000}) {
    EXPECT_EQ(all_of(*cli::blocks_of(std::make_shared<text_stream>(text, part), format)), of_file)
        << "parts of " << part;
  }
  return of_file;
}

TEST(block_source, a_block_ends_behind_the_last_record_that_it_can_hold) {
  EXPECT_EQ(blocks("a\nb\nc\nd\n", {.size = 4}), (texts{"a\nb\n", "c\nd\n"}));
  EXPECT_EQ(blocks("a\nb\nc\nd\n", {.size = 5}), (texts{"a\nb\n", "c\nd\n"}));
  EXPECT_EQ(blocks("a\nb\nc\nd\n", {.size = 6}), (texts{"a\nb\nc\n", "d\n"}));
  EXPECT_EQ(blocks("a\nb\nc\nd\n", {.size = 8}), texts{"a\nb\nc\nd\n"});
}

TEST(block_source, a_record_that_is_longer_is_a_block) {
  EXPECT_EQ(blocks("long one\na\nlonger one\n", {.size = 3}),
            (texts{"long one\n", "a\n", "longer one\n"}));
  EXPECT_EQ(blocks("a\nb\n", {.size = 1}), (texts{"a\n", "b\n"}));
}

TEST(block_source, a_last_record_needs_no_end) {
  EXPECT_EQ(blocks("a\nb\nc", {.size = 2}), (texts{"a\n", "b\n", "c"}));
  EXPECT_EQ(blocks("no end", {.size = 2}), texts{"no end"});
}

TEST(block_source, nothing_has_no_block) {
  EXPECT_EQ(blocks("", {.size = 4}), texts{});
  EXPECT_EQ(blocks("", {.records = 4}), texts{});
  EXPECT_EQ(blocks("\n", {.size = 4}), texts{"\n"});
}

TEST(block_source, so_many_records) {
  EXPECT_EQ(blocks("1\n2\n3\n4\n5\n", {.records = 2}), (texts{"1\n2\n", "3\n4\n", "5\n"}));
  EXPECT_EQ(blocks("\n\n\n", {.records = 1}), (texts{"\n", "\n", "\n"}));
  EXPECT_EQ(blocks("1\n2", {.records = 2}), texts{"1\n2"});
}

TEST(block_source, delimiters_of_several_bytes) {
  EXPECT_EQ(blocks("a--b--c--", {.delimiter = "--", .size = 7}), (texts{"a--b--", "c--"}));
  EXPECT_EQ(blocks("a--b--c--", {.delimiter = "--", .size = 2}), (texts{"a--", "b--", "c--"}));
  EXPECT_EQ(blocks("a--b--c", {.delimiter = "--", .records = 1}), (texts{"a--", "b--", "c"}));
  EXPECT_EQ(blocks(std::string("a\0b\0", 4), {.delimiter = std::string(1, '\0'), .size = 2}),
            (texts{std::string("a\0", 2), std::string("b\0", 2)}));
}

TEST(block_source, a_header_goes_before_each_block) {
  EXPECT_EQ(blocks("h\na\nb\n", {.size = 2, .header = true}), (texts{"h\na\n", "h\nb\n"}));
  EXPECT_EQ(blocks("h\na\nb\n", {.records = 2, .header = true}), texts{"h\na\nb\n"});
  EXPECT_EQ(blocks("h\n", {.size = 2, .header = true}), texts{});
  EXPECT_EQ(blocks("h", {.size = 2, .header = true}), texts{});
  EXPECT_EQ(blocks("", {.size = 2, .header = true}), texts{});
}

TEST(block_source, of_an_input_that_was_cut_off_whole_blocks_alone) {
  const auto cut = cli::last_item::is_cut;
  EXPECT_EQ(blocks("a\nb\nc\nd", {.size = 4, .last = cut}), texts{"a\nb\n"});
  EXPECT_EQ(blocks("a\nb\nc\nd\n", {.size = 4, .last = cut}), texts{"a\nb\n"});
  EXPECT_EQ(blocks("a\nb\nc\nd", {.records = 2, .last = cut}), texts{"a\nb\n"});
  EXPECT_EQ(blocks("long one", {.size = 2, .last = cut}), texts{});
}

TEST(block_source, blocks_larger_than_what_is_read_at_once) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += std::to_string(i) + (i % 1000 == 0 ? "\n" : " ");
  for (const std::uint64_t size : {1U, 65'535U, 65'536U, 65'537U, 200'000U}) {
    std::string joined;
    for (const std::string& each : blocks(text, {.size = size})) {
      EXPECT_TRUE(each.ends_with('\n') || text.ends_with(each));
      joined += each;
    }
    EXPECT_EQ(joined, text);
  }
}

TEST(block_source, a_file_is_read_from_where_it_is_said) {
  EXPECT_EQ(all_of(*cli::blocks_of(file_of("skip\na\nb\n"), "file", 5, {.size = 2})),
            (texts{"a\n", "b\n"}));
}

TEST(block_source, a_hash_is_that_of_the_bytes) {
  const cli::block_format format{.size = 2, .header = true};
  const auto of_file = cli::blocks_of(file_of("h\na\n"), "file", 0, format);
  const auto of_stream = cli::blocks_of(std::make_shared<text_stream>("h\na\n", 3), format);
  cli::sha256 expected;
  expected.add("h\na\n");
  const std::string hash = expected.finish();
  EXPECT_EQ(of_file->take(cli::waiting::for_input)->hash(), hash);
  EXPECT_EQ(of_stream->take(cli::waiting::for_input)->hash(), hash);
}

TEST(block_source, a_file_that_became_shorter_is_an_error) {
  cli::descriptor file = file_of("a\nb\nc\n");
  const int number = dup(file.get());
  const auto source = cli::blocks_of(std::move(file), "file", 0, {.records = 1});
  EXPECT_TRUE(source->take(cli::waiting::for_input));
  EXPECT_EQ(ftruncate(number, 1), 0);
  close(number);
  EXPECT_THROW(static_cast<void>(source->take(cli::waiting::for_input)), cli::error);
}

// From FIPS 180-4's examples, and by sha256sum(1).
TEST(sha256, known_sums) {
  const auto sum = [](const std::string& text) {
    cli::sha256 all;
    all.add(text);
    return all.finish();
  };
  EXPECT_EQ(sum(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sum("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sum("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sum(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(sha256, parts_are_one_text) {
  for (std::size_t length : {0U, 1U, 55U, 56U, 63U, 64U, 65U, 128U, 200U}) {
    const std::string text(length, 'x');
    cli::sha256 whole, parts;
    whole.add(text);
    for (const char c : text) parts.add({&c, 1});
    EXPECT_EQ(whole.finish(), parts.finish()) << length;
  }
}

}  // namespace

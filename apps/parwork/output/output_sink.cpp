#include "output/output_sink.hpp"

#include <utility>

namespace cli {

namespace {

line_tag tag_of(const job& which, bool tags) {
  return {.text = tags ? which.name() + '\t' : std::string()};
}

}  // namespace

void plain_sink::show(const job& which, outcome&& ended, origin /*from*/) {
  line_tag tag = tag_of(which, tags_);
  writer_.show(ended.out, ended.err, tag);
}

void recorded_sink::show(const job& which, outcome&& ended, origin from) {
  line_tag tag = tag_of(which, tags_);
  const bool durable = from == origin::journal;
  const shown_part before = durable ? earlier_.shown_of(ended, tag) : shown_part{};
  if (before.all) return;
  const bool recorded = ended.why != cause::interrupted && ended.why != cause::halted;
  to_.push({std::move(ended), std::move(tag), before, durable, recorded});
}

}  // namespace cli

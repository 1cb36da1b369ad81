// The time of our verifier, of flatbuffers::Verify and of the verifiers that flatc generates, on the same buffers.
//
// ratio <schema number> <one.bfbs> <rounds>; standard input: buffers, each after its size in four bytes.
// Standard output, for each round: the nanoseconds per buffer of the three, measured one after the other.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "creature_generated.h"
#include "features_generated.h"
#include "flatbuffers/reflection.h"
#include "sampling_generated.h"
#include "telemetry_generated.h"
#include "tree_generated.h"

extern "C" {
#include "omni_flatbuffers.h"
}

namespace {

using Buffers = std::vector<std::vector<uint8_t>>;

template <typename Root>
bool generated(const uint8_t *data, size_t size) {
  return flatbuffers::Verifier(data, size).VerifyBuffer<Root>();
}

bool (*const SCHEMAS[])(const uint8_t *, size_t) = {
    generated<judged::features::Everything>, generated<Creature>,         generated<judged::tree::Node>,
    generated<judged::telemetry::Message>,   generated<sampling::Sample>,
};

template <typename Verify>
double nanoseconds(const Buffers &buffers, int times, Verify verify) {
  auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < times; i++)
    for (auto &buffer : buffers)
      if (!verify(buffer.data(), buffer.size())) exit(3);
  std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
  return took.count() / (static_cast<double>(times) * buffers.size());
}

} // namespace

int main(int, char **arguments) {
  auto expected = SCHEMAS[atoi(arguments[1])];
  std::ifstream file(arguments[2], std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const reflection::Schema &schema = *reflection::GetSchema(bytes.data());
  omni_schema *ours;
  char why[200];
  if (omni_schema_load(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size(), &ours, why, sizeof why)) return 1;
  uint32_t root = static_cast<uint32_t>(omni_schema_root(ours)), size;

  Buffers buffers;
  while (fread(&size, sizeof size, 1, stdin) == 1) {
    buffers.emplace_back(size);
    if (fread(buffers.back().data(), 1, size, stdin) != size) return 1;
  }
  auto fast = [&](const uint8_t *data, size_t length) {
    return omni_verify(ours, root, data, length, nullptr, 0, 64, 1000000) == OMNI_VERIFY_TRUE;
  };
  auto generic = [&](const uint8_t *data, size_t length) {
    return flatbuffers::Verify(schema, *schema.root_table(), data, length, 64, 1000000);
  };
  int times = 1;
  while (nanoseconds(buffers, times, generic) * times * buffers.size() < 2e5)
    times *= 2; // short, so that few rounds are interrupted
  for (int round = 0; round < atoi(arguments[3]); round++)
    printf("%f %f %f\n", nanoseconds(buffers, times, fast), nanoseconds(buffers, times, generic),
           nanoseconds(buffers, times, expected));
  omni_schema_free(ours);
  return 0;
}

// The verdicts of C++ on a stream of buffers: of the verifiers that flatc generates from the schemas, and of the
// library's flatbuffers::Verify, which interprets a binary schema.
//
// oracle <one.bfbs>...: the schemas, in the order of SCHEMAS below. Standard input, for each batch: the number of
// buffers, then for each one five numbers (schema, 1 if size-prefixed, max_depth, max_tables, size) and its bytes.
// Standard output, for each buffer: the first verdict and the second, a byte each. 0 is false, 1 true, 2 is a crash.

#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
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

namespace {

using Bytes = std::vector<uint8_t>;
using flatbuffers::uoffset_t;

struct Request {
  uint32_t schema, size_prefixed, max_depth, max_tables, size;
};

template <typename Root>
bool generated(const Request &request, const uint8_t *data) {
  flatbuffers::Verifier verifier(data, request.size, request.max_depth, request.max_tables);
  return request.size_prefixed ? verifier.VerifySizePrefixedBuffer<Root>(nullptr) : verifier.VerifyBuffer<Root>();
}

bool (*const SCHEMAS[])(const Request &, const uint8_t *) = {
    generated<judged::features::Everything>, generated<Creature>,         generated<judged::tree::Node>,
    generated<judged::telemetry::Message>,   generated<sampling::Sample>,
};

bool generic(const Request &request, const uint8_t *data, const reflection::Schema &schema) {
  auto verify = request.size_prefixed ? flatbuffers::VerifySizePrefixed : flatbuffers::Verify;
  return verify(schema, *schema.root_table(), data, request.size, request.max_depth, request.max_tables);
}

sigjmp_buf before;
void crashed(int) { siglongjmp(before, 1); }

// Failed assertions and invalid reads of the library do not end the process.
template <typename Call>
uint8_t guarded(Call call) {
  if (sigsetjmp(before, 1)) return 2;
  return call() ? 1 : 0;
}

bool read(void *to, size_t size) { return fread(to, 1, size, stdin) == size; }

} // namespace

int main(int count, char **arguments) {
  std::vector<std::string> schemas;
  for (int i = 1; i < count; i++) {
    std::ifstream file(arguments[i], std::ios::binary);
    schemas.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    flatbuffers::Verifier verifier(reinterpret_cast<const uint8_t *>(schemas.back().data()), schemas.back().size());
    if (!reflection::VerifySchemaBuffer(verifier)) return 1;
  }
  for (int number : {SIGABRT, SIGSEGV, SIGBUS}) signal(number, crashed);
  // Zeros after the buffer make the verdicts of flatbuffers::Verify, which reads beyond it, reproducible. Alignment is
  // counted from the start of the buffer, which is aligned to more than any field requires.
  const size_t beyond = 1 << 17;
  uint32_t buffers;
  while (read(&buffers, sizeof buffers)) {
    Bytes verdicts;
    for (uint32_t i = 0; i < buffers; i++) {
      Request request;
      if (!read(&request, sizeof request)) return 1;
      static Bytes room(beyond);
      if (room.size() < request.size + beyond) room.resize(request.size + beyond);
      if (!read(room.data(), request.size) || request.schema >= schemas.size()) return 1;
      memset(room.data() + request.size, 0, beyond);
      verdicts.push_back(guarded([&] { return SCHEMAS[request.schema](request, room.data()); }));
      verdicts.push_back(guarded(
          [&] { return generic(request, room.data(), *reflection::GetSchema(schemas[request.schema].data())); }));
    }
    fwrite(verdicts.data(), 1, verdicts.size(), stdout);
    fflush(stdout);
  }
  return 0;
}
